"""Every rule of signals.py at every status and at every step of the way, as one table."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from domain.events import ACCEPTED
from domain.refusals import Refusal, TooLateToCancel
from domain.stages import Progress, Stage
from domain.status import OrderStatus
from signals import (
    ADDRESS_CHANGES_TAKEN_UP,
    CancellationEffect,
    decide_address_change,
    decide_cancellation,
    decide_return,
    decide_review,
    effect_of_cancelling,
)

WINDOW = timedelta(seconds=300)
SHIPPED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
JUST_AFTER = SHIPPED_AT + timedelta(seconds=1)

# While an order is in progress: what has begun, what is reached, and what becomes of each command.
EARLY, REVIEWED, LOCKED, LATE = "NOT_AWAITING_REVIEW", "ALREADY_REVIEWED", "ADDRESS_LOCKED", "TOO_LATE"
NOT_SHIPPED, UNDER_WAY = "NOT_SHIPPED", "NOT_DELIVERED_YET"
# begun, reached           cancel    address   review    return
IN_PROGRESS = [
    (0, 0,                 ACCEPTED, ACCEPTED, EARLY,    NOT_SHIPPED),
    (1, 0,                 ACCEPTED, ACCEPTED, EARLY,    NOT_SHIPPED),
    (1, 1,                 ACCEPTED, ACCEPTED, EARLY,    NOT_SHIPPED),
    (2, 1,                 ACCEPTED, ACCEPTED, EARLY,    NOT_SHIPPED),
    (2, 2,                 ACCEPTED, ACCEPTED, EARLY,    NOT_SHIPPED),
    (3, 2,                 ACCEPTED, ACCEPTED, ACCEPTED, NOT_SHIPPED),
    (3, 3,                 ACCEPTED, ACCEPTED, REVIEWED, NOT_SHIPPED),
    (4, 3,                 ACCEPTED, ACCEPTED, REVIEWED, NOT_SHIPPED),
    (4, 4,                 ACCEPTED, ACCEPTED, REVIEWED, NOT_SHIPPED),
    (5, 4,                 ACCEPTED, ACCEPTED, REVIEWED, NOT_SHIPPED),
    (5, 5,                 ACCEPTED, ACCEPTED, REVIEWED, NOT_SHIPPED),
    (6, 5,                 ACCEPTED, LOCKED,   REVIEWED, NOT_SHIPPED),
    (6, 6,                 ACCEPTED, LOCKED,   REVIEWED, NOT_SHIPPED),
    (7, 6,                 LATE,     LOCKED,   REVIEWED, NOT_SHIPPED),
    (7, 7,                 LATE,     LOCKED,   REVIEWED, UNDER_WAY),
    (8, 7,                 LATE,     LOCKED,   REVIEWED, UNDER_WAY),
    (8, 8,                 LATE,     LOCKED,   REVIEWED, UNDER_WAY),
]  # fmt: skip

EVERY_OTHER_STATUS = [status for status in OrderStatus if status is not OrderStatus.IN_PROGRESS]
EVERY_PROGRESS = [(begun, reached) for begun, reached, *_ in IN_PROGRESS]


def at(begun: int, reached: int) -> Progress:
    """By the numbers of the stages; 0 for none."""
    stages = [None, *Stage]
    return Progress(begun=stages[begun], reached=stages[reached])


def decision(rule: Callable[[], None]) -> str:
    try:
        rule()
    except Refusal as refusal:
        return refusal.code
    return ACCEPTED


def all_decisions(status: OrderStatus, progress: Progress) -> list[str]:
    """On a cancellation, an address change, a first review and a return in time."""
    return [
        decision(lambda: decide_cancellation(status, progress)),
        decision(lambda: decide_address_change(status, progress)),
        decision(lambda: decide_review(status, progress, reviewed=False)),
        decision(
            lambda: decide_return(
                status, progress, shipped_at=SHIPPED_AT, requested_at=JUST_AFTER, window=WINDOW
            )
        ),
    ]


@pytest.mark.parametrize(("begun", "reached", "cancel", "address", "review", "take_back"), IN_PROGRESS)
def test_an_order_in_progress_is_told_what_its_progress_allows(
    begun: int, reached: int, cancel: str, address: str, review: str, take_back: str
) -> None:
    decisions = all_decisions(OrderStatus.IN_PROGRESS, at(begun, reached))

    assert decisions == [cancel, address, review, take_back]


@pytest.mark.parametrize("status", EVERY_OTHER_STATUS)
def test_an_order_that_is_not_in_progress_says_what_it_already_is(status: OrderStatus) -> None:
    already = f"ALREADY_{status.upper()}"
    take_back = ACCEPTED if status is OrderStatus.COMPLETED else already

    for begun, reached in EVERY_PROGRESS:
        assert all_decisions(status, at(begun, reached)) == [already, already, already, take_back]


def test_a_second_review_is_refused_even_before_the_first_has_had_its_effect() -> None:
    waiting = at(3, 2)

    again = decision(lambda: decide_review(OrderStatus.IN_PROGRESS, waiting, reviewed=True))

    assert again == REVIEWED


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(), ACCEPTED),
        (WINDOW - timedelta(microseconds=1), ACCEPTED),
        (WINDOW, ACCEPTED),
        (WINDOW + timedelta(microseconds=1), "RETURN_WINDOW_CLOSED"),
    ],
)
def test_the_return_window_includes_its_last_moment(after: timedelta, expected: str) -> None:
    def take_back() -> None:
        decide_return(
            OrderStatus.COMPLETED,
            at(8, 8),
            shipped_at=SHIPPED_AT,
            requested_at=SHIPPED_AT + after,
            window=WINDOW,
        )

    assert decision(take_back) == expected


def test_money_goes_back_if_and_only_if_it_was_taken() -> None:
    effects = {
        (begun, reached): effect_of_cancelling(at(begun, reached)) for begun, reached in EVERY_PROGRESS
    }

    for (_, reached), effect in effects.items():
        taken = reached >= Stage.PAYMENT_CHARGED.number
        assert effect is (
            CancellationEffect.CANCELLED_AND_REFUNDED if taken else CancellationEffect.CANCELLED
        )


@pytest.mark.parametrize(("begun", "reached"), [(7, 6), (8, 7)])
def test_a_cancellation_that_comes_too_late_says_what_has_begun_and_points_to_the_return(
    begun: int, reached: int
) -> None:
    progress = at(begun, reached)

    with pytest.raises(TooLateToCancel, match="return the order") as late:
        decide_cancellation(OrderStatus.IN_PROGRESS, progress)

    assert progress.begun is not None
    assert late.value.message.startswith(progress.begun.value)


def test_an_order_whose_shipping_was_never_written_down_is_not_taken_back() -> None:
    def take_back() -> None:
        decide_return(
            OrderStatus.COMPLETED, at(8, 8), shipped_at=None, requested_at=JUST_AFTER, window=WINDOW
        )

    assert decision(take_back) == "ALREADY_COMPLETED"


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [(ADDRESS_CHANGES_TAKEN_UP - 1, ACCEPTED), (ADDRESS_CHANGES_TAKEN_UP, "TOO_MANY_ADDRESS_CHANGES")],
)
def test_an_address_changes_only_so_often(earlier: int, expected: str) -> None:
    again = decision(lambda: decide_address_change(OrderStatus.IN_PROGRESS, at(3, 2), earlier=earlier))

    assert again == expected


def test_an_address_that_is_locked_says_so_first() -> None:
    locked = decision(lambda: decide_address_change(OrderStatus.IN_PROGRESS, at(6, 5), earlier=100))

    assert locked == LOCKED
