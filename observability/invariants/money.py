"""The money: charged once, refunded at most once, and the provider's own log says the same."""

from collections.abc import Iterator

from domain.events import PaymentKind
from domain.stages import Stage
from domain.status import OrderStatus
from observability.invariants.evidence import Evidence, OrderHistory, Row
from observability.invariants.invariant import Invariant, OrderInvariant, Violation


class OneCharge(OrderInvariant):
    """An order that reached payment_charged has one charge, any other none."""

    name = "M1"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:  # noqa: ARG002
        expected = 1 if Stage.PAYMENT_CHARGED.value in history.stages() else 0
        found = len(history.paid(PaymentKind.CHARGE))
        if found != expected:
            yield f"{found} charges instead of {expected}"


class OneRefundAfterTheCharge(OrderInvariant):
    """There is at most one refund, and it comes after the charge."""

    name = "M2"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:  # noqa: ARG002
        refunds, charges = history.paid(PaymentKind.REFUND), history.paid(PaymentKind.CHARGE)
        if len(refunds) > 1:
            yield f"{len(refunds)} refunds"
        if refunds and (not charges or refunds[0]["id"] < charges[0]["id"]):
            yield "a refund without a charge before it"


class AmountsAgree(OrderInvariant):
    """Charge and refund are the amount at intake, which is the sum of the items."""

    name = "M3"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:  # noqa: ARG002
        amount = history.order["amount_cents"]
        items = sum(item["quantity"] * item["unit_price_cents"] for item in history.order["items"])
        if items != amount:
            yield f"the items are worth {items}, the order says {amount}"
        for payment in history.payments:
            if payment["amount_cents"] != amount:
                yield f"a {payment['kind']} of {payment['amount_cents']} instead of {amount}"


class MoneyFollowsTheEnd(OrderInvariant):
    """Undone or returned after the charge: refunded. Completed, or not charged: no refund. Open: none yet."""

    name = "M4"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:  # noqa: ARG002
        charged = bool(history.paid(PaymentKind.CHARGE))
        owed = charged and history.status in (
            OrderStatus.CANCELLED,
            OrderStatus.FAILED,
            OrderStatus.RETURNED,
        )
        refunded = bool(history.paid(PaymentKind.REFUND))
        if refunded != owed:
            yield f"{history.status} and {'charged' if charged else 'not charged'}, refunded: {refunded}"


class ProviderAgrees(OrderInvariant):
    """Once the order has ended, the provider's log and our payments agree; until then it may be ahead."""

    name = "M5"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:  # noqa: ARG002
        if history.provider is None:
            return
        ours = {_transfer(payment, payment["provider_reference"]) for payment in history.payments}
        theirs = {
            _transfer(entry, entry["reference"]) for entry in history.provider if entry["kind"] != "void"
        }
        if ours - theirs:
            yield f"booked but not moved: {sorted(ours - theirs)}"
        if history.status.is_ended and theirs - ours:
            yield f"moved but not booked: {sorted(theirs - ours)}"


class BooksOnlyGrow(Invariant):
    """What stood in payments and events at an earlier look stands there unchanged."""

    name = "M6"

    def violations(self, evidence: Evidence) -> Iterator[Violation]:
        now = {history.order["id"]: history for history in evidence.orders}
        for before in evidence.earlier.orders if evidence.earlier else ():
            order_id = before.order["id"]
            after = now.get(order_id)
            if after is None or any(row not in after.payments for row in before.payments):
                yield Violation(invariant=self.name, what="a payment changed or went", order_id=order_id)
            if after is None or any(row not in after.events for row in before.events):
                yield Violation(invariant=self.name, what="an event changed or went", order_id=order_id)


def _transfer(row: Row, reference: str) -> tuple[str, str, int, str]:
    return row["key"], row["kind"], row["amount_cents"], reference


MONEY = (OneCharge, OneRefundAfterTheCharge, AmountsAgree, MoneyFollowsTheEnd, ProviderAgrees, BooksOnlyGrow)
