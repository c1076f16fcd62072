"""Temporal's own word: one run a workflow, none that failed, and histories that say what the books say."""

from collections import Counter
from collections.abc import Iterator

from domain.events import EventType, PaymentKind
from domain.status import OrderStatus
from observability.invariants.evidence import Evidence, OrderHistory
from observability.invariants.invariant import Invariant, OrderInvariant, Violation
from observability.invariants.runs import RunStatus, WorkflowKind, WorkflowRun

# What an order may write into its history when nobody speaks to it.
SHORT_HISTORY_EVENTS = 200


class OneRunAnId(Invariant):
    """A workflow id has one run, and it ended by itself."""

    name = "T1"

    def violations(self, evidence: Evidence) -> Iterator[Violation]:
        runs = Counter(run.workflow_id for run in evidence.runs)
        for run in evidence.runs:
            if runs[run.workflow_id] > 1:
                what = f"{run.workflow_id} has {runs[run.workflow_id]} runs"
                yield Violation(invariant=self.name, what=what, order_id=run.order_id)
            if run.status not in (RunStatus.COMPLETED, RunStatus.RUNNING):
                what = f"{run.workflow_id} is {run.status}"
                yield Violation(invariant=self.name, what=what, order_id=run.order_id)


class HistoriesReplay(Invariant):
    """Today's code tells every history again."""

    name = "T2"

    def violations(self, evidence: Evidence) -> Iterator[Violation]:
        for run in evidence.runs:
            if run.replay_failure is not None:
                what = f"{run.workflow_id} does not replay: {run.replay_failure}"
                yield Violation(invariant=self.name, what=what, order_id=run.order_id)


class AcceptedUpdatesComplete(Invariant):
    """No workflow closes over an update that it accepted and did not answer."""

    name = "T3"

    def violations(self, evidence: Evidence) -> Iterator[Violation]:
        for run in evidence.runs:
            if run.unanswered_updates and (evidence.is_final or run.status is not RunStatus.RUNNING):
                what = f"{run.workflow_id} left {run.unanswered_updates} updates unanswered"
                yield Violation(invariant=self.name, what=what, order_id=run.order_id)


class OutcomesAreInTheBooks(OrderInvariant):
    """What a workflow returned is what the database holds."""

    name = "T4"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:  # noqa: ARG002
        for run in history.runs:
            if run.outcome is None:
                continue
            if run.kind is WorkflowKind.ORDER:
                yield from _order_contradictions(history, run)
            elif run.kind is WorkflowKind.RETURN:
                yield from _return_contradictions(history, run)


class ShortHistories(OrderInvariant):
    """An order that nobody spoke to has a short history."""

    name = "T5"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:  # noqa: ARG002
        if any(event["command"] for event in history.events):
            return
        for run in history.runs:
            if run.history_events >= SHORT_HISTORY_EVENTS:
                yield f"{run.workflow_id} has {run.history_events} events"


def _order_contradictions(history: OrderHistory, run: WorkflowRun) -> Iterator[str]:
    outcome = run.outcome or {}
    first_end = next((event["status"] for event in history.of(EventType.ENDED)), None)
    if outcome["status"] != first_end:
        yield f"the workflow ended as {outcome['status']}, the books say {first_end}"
    if outcome["stage"] != history.order["stage"]:
        yield f"the workflow came to {outcome['stage']}, the books say {history.order['stage']}"


def _return_contradictions(history: OrderHistory, run: WorkflowRun) -> Iterator[str]:
    promised = (run.outcome or {}).get("refund_cents")
    if promised is None:
        return
    paid = [payment["amount_cents"] for payment in history.paid(PaymentKind.REFUND)]
    if history.status is not OrderStatus.RETURNED or paid != [promised]:
        yield f"a return paid {promised} back, the books say {history.status} and {paid}"


TEMPORAL = (OneRunAnId, HistoriesReplay, AcceptedUpdatesComplete, OutcomesAreInTheBooks, ShortHistories)
