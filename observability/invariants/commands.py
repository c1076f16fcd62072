"""The commands: what was answered is what then happened."""

from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus

from domain.events import ACCEPTED, Command, EventType, PaymentKind
from domain.stages import Stage
from domain.status import ON_THE_WAY_TO, OrderStatus
from observability.invariants.evidence import Evidence, OrderHistory, Row
from observability.invariants.invariant import OrderInvariant

ALREADY = "ALREADY_"


class CancelledIsNeverShipped(OrderInvariant):
    """An accepted cancel ends in `cancelled`, never shipped, with the money as the answer said."""

    name = "C1"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:
        accepted = _accepted(history, Command.CANCEL)
        told = [a for a in history.answers if a.operation == "cancel_order" and a.status == HTTPStatus.OK]
        if told and not accepted:
            yield "a cancel was answered as accepted and never written down"
        if accepted and Stage.ORDER_SHIPPED.value in history.stages():
            yield "cancelled, and shipped all the same"
        if accepted and evidence.is_final and history.status is not OrderStatus.CANCELLED:
            yield f"cancelled, and then {history.status}"
        refunded = sum(payment["amount_cents"] for payment in history.paid(PaymentKind.REFUND))
        if evidence.is_final and any(answer.told["refund_cents"] != refunded for answer in told):
            yield f"a refund other than the {refunded} that was paid had been promised"


class RefusedForAReason(OrderInvariant):
    """A cancel is refused only past its cut-off or after an end; every refusal told is written down."""

    name = "C2"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:
        for event in history.of(EventType.COMMAND_REFUSED):
            if event["command"] == Command.CANCEL and not _was_right_to_refuse(event, history, evidence):
                yield f"a cancel was refused with {event['decision']}"
        written = Counter(event["decision"] for event in history.of(EventType.COMMAND_REFUSED))
        # The same key asked again is told the same refusal, so a key counts once.
        told = Counter(
            code
            for _, code in {
                (answer.key or id(answer), answer.told.get("code"))
                for answer in history.answers
                if answer.status == HTTPStatus.CONFLICT and answer.operation in REFUSABLE
            }
            if code not in NOT_AN_ORDERS_REFUSAL
        )
        if told - written:
            yield f"told but not written down: {dict(told - written)}"


class LabelHasTheLastAddress(OrderInvariant):
    """The carrier's label has the last address that was accepted."""

    name = "C3"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:  # noqa: ARG002
        for entry in history.carrier or ():
            if entry["kind"] == "dispatch" and entry["address"] != history.order["address"]:
                yield "the label has another address than the order"


class ReturnedOnceInTime(OrderInvariant):
    """A return is accepted once, after completion and within its window; refused as late only after it."""

    name = "C4"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:
        accepted = _accepted(history, Command.RETURN)
        answers = [answer for answer in history.answers if answer.operation == "return_order"]
        told = [answer for answer in answers if answer.status == HTTPStatus.OK]
        if len(accepted) > 1:
            yield f"{len(accepted)} returns accepted"
        if told and not accepted:
            yield "a return was answered as accepted and never written down"
        shipped_at = history.order["shipped_at"]
        if shipped_at is None:
            if accepted:
                yield "returned, though never shipped"
            return
        closes_at = shipped_at + evidence.return_window
        if any(history.first_asked_at(answer) > closes_at for answer in told):
            yield "a return was accepted after its window"
        late = [answer for answer in answers if answer.told.get("code") == "RETURN_WINDOW_CLOSED"]
        if any(answer.answered_at <= closes_at for answer in late):
            yield "a return was refused as late within its window"


class CancelOrReturn(OrderInvariant):
    """Cancel and return are never both accepted."""

    name = "C5"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:  # noqa: ARG002
        if _accepted(history, Command.CANCEL) and _accepted(history, Command.RETURN):
            yield "both cancelled and returned"


REFUSABLE = frozenset({"cancel_order", "update_address", "review_order", "return_order"})
NOT_AN_ORDERS_REFUSAL = frozenset({"IN_PROGRESS", "IDEMPOTENCY_KEY_REUSED"})


def _accepted(history: OrderHistory, command: Command) -> list[Row]:
    accepted = history.of(EventType.COMMAND_ACCEPTED)
    return [event for event in accepted if event["command"] == command and event["decision"] == ACCEPTED]


def _was_right_to_refuse(event: Row, history: OrderHistory, evidence: Evidence) -> bool:
    code = event["decision"]
    if code == "TOO_LATE":
        # Shipping had begun: it then was reached, or given up.
        shipped = Stage.ORDER_SHIPPED.value in history.stages()
        return shipped or not evidence.is_final or history.status is OrderStatus.FAILED
    status = OrderStatus(code.removeprefix(ALREADY).lower())
    if status.is_ended:
        # The workflow refuses from when it has decided on the end, a moment before it is written.
        earlier = [e["status"] for e in history.events if e["sequence"] < event["sequence"]]
        return status in earlier or history.status is status or not evidence.is_final
    ends = [end for end, way in ON_THE_WAY_TO.items() if way is status]
    return not evidence.is_final or history.status in ends


COMMANDS = (
    CancelledIsNeverShipped,
    RefusedForAReason,
    LabelHasTheLastAddress,
    ReturnedOnceInTime,
    CancelOrReturn,
)
