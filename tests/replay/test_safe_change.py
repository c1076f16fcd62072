"""The worked example of docs/changing-workflows.md: open orders live with it, new ones have it."""

import inspect
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from domain.tasks import OrderOutcome, OrderStart
from tests.replay.recorded import FILES
from tests.replay.test_recorded import recorded
from workers.spec import WORKFLOW_RUNNER
from workflows.order_workflow import OrderWorkflow

PAGE = Path(__file__).parents[2] / "docs" / "changing-workflows.md"
OF_ORDERS = [file for file in FILES if file.stem.endswith("-OrderWorkflow")]


@workflow.defn(name="OrderWorkflow")
class Changed(OrderWorkflow):
    """The change is made for orders that begin with it; those that began without go on without."""

    @workflow.run
    async def run(self, start: OrderStart) -> OrderOutcome:
        if workflow.patched("a-pause-comes-first"):
            await workflow.sleep(timedelta(seconds=1))
        return await super().run(start)


@workflow.defn(name="OrderWorkflow")
class ChangedForAll(OrderWorkflow):
    """The same without the guard."""

    @workflow.run
    async def run(self, start: OrderStart) -> OrderOutcome:
        await workflow.sleep(timedelta(seconds=1))
        return await super().run(start)


async def replay_on(code: type, history: WorkflowHistory) -> None:
    replayer = Replayer(
        workflows=[code], workflow_runner=WORKFLOW_RUNNER(), data_converter=pydantic_data_converter
    )
    await replayer.replay_workflow(history)


@pytest.mark.parametrize("file", OF_ORDERS, ids=lambda file: file.stem)
async def test_open_orders_live_with_a_guarded_change_and_not_with_another(file: Path) -> None:
    await replay_on(Changed, recorded(file))

    with pytest.raises(NondeterminismError):
        await replay_on(ChangedForAll, recorded(file))


def test_the_page_shows_the_code_that_was_tested() -> None:
    assert inspect.getsource(Changed).strip() in PAGE.read_text(encoding="utf-8")
