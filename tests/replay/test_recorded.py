"""A change that open orders could not live with is seen before it runs: earlier histories replay."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.workflow import NondeterminismError

from tests.replay.recorded import FILES
from tests.replay.test_replay import replay
from workflows.order_workflow import OrderWorkflow


def recorded(file: Path) -> WorkflowHistory:
    """A child's id is made of its parent's, so the order's own id is part of its story."""
    text = file.read_text(encoding="utf-8")
    first = WorkflowHistory.from_json("", text).events[0]
    return WorkflowHistory.from_json(first.workflow_execution_started_event_attributes.workflow_id, text)


def test_every_workflow_has_been_recorded() -> None:
    kinds = {file.stem.rpartition("-")[2] for file in FILES}

    assert kinds == {"OrderWorkflow", "ShippingWorkflow", "ReturnWorkflow"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_what_earlier_code_did_is_what_todays_would_do(file: Path) -> None:
    await replay(recorded(file))


async def test_code_that_would_do_otherwise_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    (file,) = [file for file in FILES if file.stem == "a_rejected_order_replays-1-OrderWorkflow"]

    async def nothing(_: OrderWorkflow) -> None: ...

    monkeypatch.setattr(OrderWorkflow, "_validate", nothing)

    with pytest.raises(NondeterminismError):
        await replay(recorded(file))
