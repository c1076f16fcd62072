"""What an order may be told now, what that would do, and what opens and closes each door: by the rules."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from db.reads import OrderSnapshot
from domain.refusals import Refusal
from domain.stages import Progress, Stage
from domain.status import OrderStatus
from signals import (
    CancellationEffect,
    decide_address_change,
    decide_cancellation,
    decide_return,
    decide_review,
    effect_of_cancelling,
)

Rule = Callable[[OrderStatus, Progress], None]


class When(StrEnum):
    """Which end of a stage."""

    BEGINS = "begins"
    REACHED = "reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The moment at which a rule turns from no to yes, or from yes to no."""

    stage: Stage
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """One operation: allowed, or why not.

    `effect` and `refund_cents` are what it would do now, None where that is not known before it is done.
    `opens` and `closes` are where the rule turns if the order goes on as planned, None where it does not;
    `closes_at` is a time.
    """

    operation: str
    refusal: Refusal | None
    effect: CancellationEffect | None = None
    refund_cents: int | None = None
    opens: Turn | None = None
    closes: Turn | None = None
    closes_at: datetime | None = None


def prospects_of(
    order: OrderSnapshot, progress: Progress, *, at: datetime, window: timedelta
) -> Sequence[Prospect]:
    """Return every operation on the order; `progress` is the best that is known of it."""
    return (
        _of_cancelling(order, progress),
        _by_rule("update_address", decide_address_change, order, progress),
        _by_rule("review_order", partial(decide_review, reviewed=False), order, progress),
        _of_returning(order, progress, at, window),
    )


def _of_cancelling(order: OrderSnapshot, progress: Progress) -> Prospect:
    found = _by_rule("cancel_order", decide_cancellation, order, progress)
    if found.refusal is not None or progress.is_in_flight(Stage.PAYMENT_CHARGED):
        return found
    effect = effect_of_cancelling(progress)
    owed = order.amount_cents if effect is CancellationEffect.CANCELLED_AND_REFUNDED else 0
    return replace(found, effect=effect, refund_cents=owed)


def _of_returning(order: OrderSnapshot, progress: Progress, at: datetime, window: timedelta) -> Prospect:
    def rule(status: OrderStatus, progress: Progress) -> None:
        # An order that is still to be shipped is asked about as if it were shipped now.
        decide_return(status, progress, shipped_at=order.shipped_at or at, requested_at=at, window=window)

    found = _by_rule("return_order", rule, order, progress)
    if found.refusal is not None or order.shipped_at is None:
        return found
    return replace(found, refund_cents=order.amount_cents, closes_at=order.shipped_at + window)


def _by_rule(operation: str, rule: Rule, order: OrderSnapshot, progress: Progress) -> Prospect:
    refusal = _refusal(rule, order.status, progress)
    turns = _turns(rule, order.status, progress, is_open=refusal is None)
    opens = None if refusal is None else next(turns, None)
    return Prospect(operation=operation, refusal=refusal, opens=opens, closes=next(turns, None))


def _turns(rule: Rule, status: OrderStatus, progress: Progress, *, is_open: bool) -> Iterator[Turn]:
    """Every moment to come at which the rule says something else than the moment before."""
    if status is not OrderStatus.IN_PROGRESS:
        return
    for turn, then, there in _moments_after(progress):
        if (_refusal(rule, then, there) is None) is not is_open:
            is_open = not is_open
            yield turn


def _moments_after(progress: Progress) -> Iterator[tuple[Turn, OrderStatus, Progress]]:
    """How an order goes on when nothing stops it: each stage begins, then it is reached."""
    for stage in Stage:
        if not progress.has_begun(stage):
            begun = Progress(begun=stage, reached=stage.predecessor)
            yield Turn(stage=stage, when=When.BEGINS), OrderStatus.IN_PROGRESS, begun
        if not progress.has_reached(stage):
            reached = Progress(begun=stage, reached=stage)
            yield Turn(stage=stage, when=When.REACHED), _status_at(stage), reached


def _status_at(reached: Stage) -> OrderStatus:
    return OrderStatus.COMPLETED if reached is list(Stage)[-1] else OrderStatus.IN_PROGRESS


def _refusal(rule: Rule, status: OrderStatus, progress: Progress) -> Refusal | None:
    try:
        rule(status, progress)
    except Refusal as refusal:
        return refusal
    return None
