"""What a strike was to the orders it met is told by their own steps."""

from datetime import UTC, datetime, timedelta

from benchmarks.chaos.books import Walk, blow_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def walk(*seconds: float) -> Walk:
    return Walk([at(each) for each in seconds])


def test_the_longest_pause_counts_until_the_last_order_that_was_met_has_ended() -> None:
    blow = blow_of([walk(0, 1, 5, 6), walk(2, 3, 7, 8)], struck_at=at(2), healed_at=at(3))

    assert (blow.stall, blow.ended) == (4, 5)


def test_orders_that_had_ended_or_came_when_all_was_over_do_not_count() -> None:
    before, met, later = walk(-100, -1), walk(0, 3), walk(3.5, 90)

    blow = blow_of([before, met, later], struck_at=at(1), healed_at=at(2))

    assert (blow.stall, blow.ended) == (3, 1)


def test_an_order_that_came_while_those_that_were_met_went_on_counts_by_its_pauses() -> None:
    blow = blow_of([walk(0, 4), walk(3, 10)], struck_at=at(1), healed_at=at(2))

    assert (blow.stall, blow.ended) == (7, 2)


def test_a_strike_that_met_nobody_was_no_blow() -> None:
    blow = blow_of([], struck_at=at(1), healed_at=at(2))

    assert (blow.stall, blow.ended) == (0, 0)
