"""The stages: in order, without gaps, and nothing after the end but what may follow it."""

from collections.abc import Iterator

from domain.events import ACCEPTED, Command, EventType
from domain.stages import Stage
from domain.status import OrderStatus
from observability.invariants.evidence import Evidence, OrderHistory, Row
from observability.invariants.invariant import Invariant, OrderInvariant, Violation

IN_ORDER = [stage.value for stage in Stage]


class StagesInOrder(OrderInvariant):
    """The stages reached are a prefix of the eight; then comes at most one end, the order's own."""

    name = "S1"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:
        stages = history.stages()
        if stages != IN_ORDER[: len(stages)]:
            yield f"stages {stages}"
        ends = [event["status"] for event in history.of(EventType.ENDED)]
        if ends not in _legal_ends(history.status):
            yield f"{history.status} with the ends {ends}"
        if ends[:1] == [OrderStatus.COMPLETED] and stages != IN_ORDER:
            yield "completed without all stages"
        if evidence.is_final and not history.status.is_ended:
            yield f"still {history.status}"


class NothingAfterTheEnd(OrderInvariant):
    """After an end there are only refusals, and after a completed order's end a return."""

    name = "S2"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:  # noqa: ARG002
        ended: Row | None = None
        for event in history.events:
            if ended is not None and not _may_follow(event, ended):
                yield f"{event['type']} after {ended['status']}"
            if event["type"] == EventType.ENDED:
                ended = event


class SequenceWithoutGap(OrderInvariant):
    """An order's events are numbered from 1 without a gap."""

    name = "S3"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:  # noqa: ARG002
        numbers = [event["sequence"] for event in history.events]
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"sequence {numbers}"


class StageIsTheLastReached(OrderInvariant):
    """`orders.stage` is the stage of the last stage event."""

    name = "S4"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:  # noqa: ARG002
        last = history.stages()[-1] if history.stages() else None
        if history.order["stage"] != last:
            yield f"stage {history.order['stage']}, last event {last}"


class MomentsWrittenOnce(OrderInvariant):
    """`charged_at` and `shipped_at` stand if and only if their stage was reached, and never change."""

    name = "S5"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:
        for column, stage in (("charged_at", Stage.PAYMENT_CHARGED), ("shipped_at", Stage.ORDER_SHIPPED)):
            reached = stage.value in history.stages()
            if (history.order[column] is not None) != reached:
                yield f"{column} is {history.order[column]}, {stage.value} reached: {reached}"
            before = _earlier(evidence, history.order["id"])
            if before is not None and before[column] not in (None, history.order[column]):
                yield f"{column} changed"


class DatabaseIsSound(Invariant):
    """The database finds no damage and no dangling key in itself."""

    name = "S6"

    def violations(self, evidence: Evidence) -> Iterator[Violation]:
        for found in evidence.damage:
            yield Violation(invariant=self.name, what=found)


class PackagesComeBack(OrderInvariant):
    """What was packed or dispatched for an order that ended cancelled or failed is undone in the books."""

    name = "S7"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:  # noqa: ARG002
        if history.status not in (OrderStatus.CANCELLED, OrderStatus.FAILED):
            return
        undone = {event["stage"] for event in history.of(EventType.COMPENSATED)}
        for stage in (Stage.PACKAGE_PREPARED.value, Stage.CARRIER_DISPATCHED.value):
            if stage in history.stages() and stage not in undone:
                yield f"{history.status}, and {stage} was not undone"


def _legal_ends(status: OrderStatus) -> list[list[str]]:
    if status is OrderStatus.RETURNED:
        return [[OrderStatus.COMPLETED, OrderStatus.RETURNED]]
    if status is OrderStatus.RETURNING:
        return [[OrderStatus.COMPLETED]]
    return [[status]] if status.is_ended else [[]]


def _may_follow(event: Row, ended: Row) -> bool:
    if event["type"] == EventType.COMMAND_REFUSED:
        return True
    if ended["status"] != OrderStatus.COMPLETED:
        return False
    return bool(
        (event["command"] == Command.RETURN and event["decision"] == ACCEPTED)
        or (event["type"] == EventType.COMPENSATED and event["stage"] == Stage.PAYMENT_CHARGED.value)
        or (event["type"] == EventType.ENDED and event["status"] == OrderStatus.RETURNED)
    )


def _earlier(evidence: Evidence, order_id: int) -> Row | None:
    if evidence.earlier is None:
        return None
    return next((h.order for h in evidence.earlier.orders if h.order["id"] == order_id), None)


STAGES = (
    StagesInOrder,
    NothingAfterTheEnd,
    SequenceWithoutGap,
    StageIsTheLastReached,
    MomentsWrittenOnce,
    DatabaseIsSound,
    PackagesComeBack,
)
