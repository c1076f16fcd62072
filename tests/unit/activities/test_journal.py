"""A deed has one line in the log, and what is told while it is under way is on it."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from activities.journal import Journal, tell
from domain.faults import FlakyFault


class Deed(ActivityInboundInterceptor):
    """An activity that does `work`."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        return self._work()


async def do(work: Callable[[], Any]) -> Any:
    """Have it done by an activity of order 7."""
    about_order_7 = ExecuteActivityInput(fn=work, args=[7], executor=None, headers={})
    noted = Journal().intercept_activity(Deed(work))
    return await ActivityEnvironment().run(noted.execute_activity, about_order_7)


@pytest.fixture(autouse=True)
def heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "activities.journal")


async def test_what_a_deed_tells_is_on_its_line(caplog: pytest.LogCaptureFixture) -> None:
    def work() -> str:
        tell(late=False, race={"launched": 3})
        return "done"

    assert await do(work) == "done"

    [line] = caplog.records
    told = vars(line)
    assert line.getMessage() == "deed.done"
    assert (told["order_id"], told["attempt"]) == (7, 1)
    assert (told["late"], told["race"]) == (False, {"launched": 3})


async def test_what_one_deed_told_is_not_on_the_line_of_the_next(caplog: pytest.LogCaptureFixture) -> None:
    await do(lambda: tell(late=True))
    await do(lambda: None)

    assert [hasattr(line, "late") for line in caplog.records] == [True, False]


@pytest.mark.parametrize(("error", "level"), [(FlakyFault, "INFO"), (KeyError, "WARNING")])
async def test_a_deed_that_failed_has_one_line_too(
    error: type[Exception], level: str, caplog: pytest.LogCaptureFixture
) -> None:
    def work() -> None:
        raise error

    with pytest.raises(error):
        await do(work)

    assert [(line.getMessage(), vars(line)["why"], line.levelname) for line in caplog.records] == [
        ("deed.failed", error.__name__, level)
    ]
