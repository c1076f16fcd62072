from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from api.prospects import Prospect, Turn, When, prospects_of
from db.reads import OrderSnapshot
from domain.orders import DEMO_ITEMS, Address, OrderId
from domain.refusals import Refusal
from domain.stages import Progress, Stage
from domain.status import OrderStatus
from signals import (
    CancellationEffect,
    decide_address_change,
    decide_cancellation,
    decide_return,
    decide_review,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = timedelta(seconds=300)

# Everything an order may have begun and reached: it begins the stage after the last one it reached.
PROGRESSES = [
    Progress(begun=begun, reached=reached)
    for begun, reached in product([None, *Stage], repeat=2)
    if begun is reached or (begun is not None and begun.predecessor is reached)
]


def an_order(status: OrderStatus, *, shipped_at: datetime | None = None) -> OrderSnapshot:
    return OrderSnapshot(
        order_id=OrderId(1),
        workflow_id="order-1",
        status=status,
        stage=None,
        address=Address(line1="1", city="2", postal_code="3", country="DE"),
        items=DEMO_ITEMS,
        amount_cents=4200,
        created_at=AT,
        shipped_at=shipped_at,
        sla_breached=False,
    )


def prospects(
    progress: Progress,
    *,
    status: OrderStatus = OrderStatus.IN_PROGRESS,
    shipped_at: datetime | None = None,
    at: datetime = AT,
) -> dict[str, Prospect]:
    found = prospects_of(an_order(status, shipped_at=shipped_at), progress, at=at, window=WINDOW)
    return {prospect.operation: prospect for prospect in found}


def code_of(rule: object, *args: object, **more: object) -> str | None:
    try:
        rule(*args, **more)  # type: ignore[operator]
    except Refusal as refusal:
        return refusal.code
    return None


def codes_of(found: dict[str, Prospect]) -> dict[str, str | None]:
    return {name: prospect.refusal.code if prospect.refusal else None for name, prospect in found.items()}


def turn(when: When, stage: Stage) -> Turn:
    return Turn(stage=stage, when=when)


def test_there_are_as_many_progresses_as_an_order_goes_through() -> None:
    assert len(PROGRESSES) == 17


@pytest.mark.parametrize("status", OrderStatus)
@pytest.mark.parametrize("progress", PROGRESSES)
def test_what_is_allowed_is_what_the_rules_allow(status: OrderStatus, progress: Progress) -> None:
    assert codes_of(prospects(progress, status=status, shipped_at=AT)) == {
        "cancel_order": code_of(decide_cancellation, status, progress),
        "update_address": code_of(decide_address_change, status, progress),
        "review_order": code_of(decide_review, status, progress, reviewed=False),
        "return_order": code_of(
            decide_return, status, progress, shipped_at=AT, requested_at=AT, window=WINDOW
        ),
    }


def test_the_doors_of_a_new_order_open_and_close_in_their_turn() -> None:
    found = prospects(Progress())

    assert {name: (prospect.opens, prospect.closes) for name, prospect in found.items()} == {
        "cancel_order": (None, turn(When.BEGINS, Stage.ORDER_SHIPPED)),
        "update_address": (None, turn(When.BEGINS, Stage.CARRIER_DISPATCHED)),
        "review_order": (turn(When.BEGINS, Stage.ORDER_REVIEWED), turn(When.REACHED, Stage.ORDER_REVIEWED)),
        "return_order": (turn(When.REACHED, Stage.ORDER_DELIVERED), None),
    }


def test_a_door_that_has_closed_does_not_open_again() -> None:
    shipping = prospects(Progress(begun=Stage.ORDER_SHIPPED, reached=Stage.CARRIER_DISPATCHED))

    for name in ("cancel_order", "update_address", "review_order"):
        assert (shipping[name].opens, shipping[name].closes) == (None, None)


@pytest.mark.parametrize("status", list(OrderStatus)[1:])
def test_an_order_that_does_not_go_on_as_planned_has_no_turns(status: OrderStatus) -> None:
    for prospect in prospects(Progress(), status=status).values():
        assert (prospect.opens, prospect.closes) == (None, None)


@pytest.mark.parametrize(
    ("progress", "effect", "cents"),
    [
        (Progress(), CancellationEffect.CANCELLED, 0),
        (
            Progress(begun=Stage.ORDER_REVIEWED, reached=Stage.ORDER_VALIDATED),
            CancellationEffect.CANCELLED,
            0,
        ),
        (Progress(begun=Stage.PAYMENT_CHARGED, reached=Stage.ORDER_REVIEWED), None, None),
        (
            Progress(begun=Stage.PAYMENT_CHARGED, reached=Stage.PAYMENT_CHARGED),
            CancellationEffect.CANCELLED_AND_REFUNDED,
            4200,
        ),
        (
            Progress(begun=Stage.CARRIER_DISPATCHED, reached=Stage.PACKAGE_PREPARED),
            CancellationEffect.CANCELLED_AND_REFUNDED,
            4200,
        ),
        (Progress(begun=Stage.ORDER_SHIPPED, reached=Stage.CARRIER_DISPATCHED), None, None),
    ],
)
def test_a_cancellation_pays_back_what_was_charged(
    progress: Progress, effect: CancellationEffect | None, cents: int | None
) -> None:
    cancelling = prospects(progress)["cancel_order"]

    assert (cancelling.effect, cancelling.refund_cents) == (effect, cents)


@pytest.mark.parametrize(
    ("asked_after", "cents"), [(timedelta(), 4200), (WINDOW, 4200), (WINDOW + timedelta.resolution, None)]
)
def test_a_completed_order_may_be_returned_until_its_window_closes(
    asked_after: timedelta, cents: int | None
) -> None:
    delivered = Progress(begun=Stage.ORDER_DELIVERED, reached=Stage.ORDER_DELIVERED)

    found = prospects(delivered, status=OrderStatus.COMPLETED, shipped_at=AT, at=AT + asked_after)

    returning = found["return_order"]
    assert returning.refund_cents == cents
    assert returning.closes_at == (AT + WINDOW if cents else None)
