from concurrent.futures import ThreadPoolExecutor

import pytest

from supervisor.faults import StartFault
from supervisor.ports import PortTaken
from tests.integration.api.caller import Caller
from tests.integration.api.conftest import OpenApi
from tests.integration.api.processes import NAMES, MadeUpProcesses

OPERATIONS = [("POST", "/server/start"), ("GET", "/server"), ("POST", "/server/stop")]


@pytest.fixture
def processes() -> MadeUpProcesses:
    return MadeUpProcesses()


@pytest.fixture
def api(open_api: OpenApi, processes: MadeUpProcesses) -> Caller:
    return open_api(processes)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_the_server_tells_of_every_component(method: str, path: str, api: Caller) -> None:
    answer = api.http.request(method, path)

    told = answer.json()
    assert answer.status_code == 200
    assert told["state"] == "ready"
    assert [part["name"] for part in told["components"]] == list(NAMES)
    assert told["components"][1] | {"state": "ready", "pid": 4711, "address": None} == told["components"][1]


def test_a_port_that_a_stranger_has_is_named(api: Caller, processes: MadeUpProcesses) -> None:
    processes.raises = PortTaken("TEMPORAL_PORT", "port 7233 is taken by nginx (pid 7)")

    answer = api.http.post("/server/start")

    assert (answer.status_code, answer.json()["code"]) == (409, "PORT_TAKEN")
    assert "7233" in answer.json()["detail"]


def test_a_start_that_did_not_work_out_may_be_asked_for_again(
    api: Caller, processes: MadeUpProcesses
) -> None:
    processes.raises = StartFault("not ready: order-worker")

    answer = api.http.post("/server/start")

    assert (answer.status_code, answer.json()["code"]) == (503, "NOT_READY")
    assert answer.json()["detail"] == "not ready: order-worker"


def test_starting_many_times_at_once_gives_everyone_the_same_answer(
    api: Caller, processes: MadeUpProcesses
) -> None:
    with ThreadPoolExecutor(20) as callers:
        answers = list(callers.map(lambda _: api.http.post("/server/start"), range(20)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert processes.starts == 20
