"""A workflow's run as its history tells it, in words that need no Temporal."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class WorkflowKind(StrEnum):
    """The three workflows, by the names Temporal knows them by."""

    ORDER = "OrderWorkflow"
    SHIPPING = "ShippingWorkflow"
    RETURN = "ReturnWorkflow"


class RunStatus(StrEnum):
    """How a run stands; Temporal's own words."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    TERMINATED = "TERMINATED"
    CONTINUED_AS_NEW = "CONTINUED_AS_NEW"
    TIMED_OUT = "TIMED_OUT"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRun:
    """`outcome` is what it returned, as JSON; `replay_failure` why its history does not replay, if so."""

    workflow_id: str
    order_id: int
    kind: WorkflowKind
    status: RunStatus
    history_events: int
    unanswered_updates: int = 0
    outcome: dict[str, Any] | None = None
    replay_failure: str | None = None
