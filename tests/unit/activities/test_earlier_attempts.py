"""The figures of an activity add up though a worker was killed in the middle of a race."""

from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import pytest

from activities.racing import Earlier, _earlier_attempts
from domain.hedging import HedgeFigures


def info(*heartbeat_details: Any) -> Any:
    return SimpleNamespace(heartbeat_details=heartbeat_details)


def test_without_an_earlier_attempt_nothing_has_been_launched() -> None:
    assert _earlier_attempts(info()) == Earlier()


@pytest.mark.parametrize("running", [0, 1, 3])
def test_calls_that_were_running_when_the_worker_died_count_as_cancelled(running: int) -> None:
    told = HedgeFigures(launched=2 + running, failed=1, hung=1, milliseconds=400)

    earlier = _earlier_attempts(info({"figures": asdict(told), "live": []})).figures
    in_all = HedgeFigures(launched=1, won_by=1).after(earlier)

    assert earlier.cancelled == running
    assert in_all.launched == in_all.failed + in_all.hung + in_all.cancelled + 1
    assert in_all.won_by == in_all.launched
