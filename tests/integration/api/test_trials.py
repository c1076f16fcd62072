import pytest

from tests.integration.api.caller import Caller
from tests.integration.api.conftest import OpenApi

TRIALS = ["cancel-order", "update-address"]


@pytest.mark.parametrize("trial", TRIALS)
def test_a_trial_early_on_is_accepted(trial: str, open_api: OpenApi) -> None:
    api = open_api(review_mode="manual")

    answer = api.http.post(f"/trials/{trial}", params={"within_seconds": 0.001})

    told = answer.json()
    assert answer.status_code == 200
    assert (told["decision"], told["code"]) == ("accepted", None)
    assert 0 <= told["moment_seconds"] <= 0.001


@pytest.mark.parametrize("trial", TRIALS)
def test_the_same_seed_is_the_same_moment(trial: str, api: Caller) -> None:
    asked = {"within_seconds": 0.3, "seed": 7}

    moments = [api.http.post(f"/trials/{trial}", params=asked).json()["moment_seconds"] for _ in range(2)]

    assert moments[0] == moments[1]


@pytest.mark.parametrize("within", ["0", "-1", "61", "nan", "inf", "soon", ""])
@pytest.mark.parametrize("trial", TRIALS)
def test_a_trial_takes_a_time_between_0_and_60_seconds(within: str, trial: str, api: Caller) -> None:
    answer = api.http.post(f"/trials/{trial}", params={"within_seconds": within})

    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_REQUEST")
