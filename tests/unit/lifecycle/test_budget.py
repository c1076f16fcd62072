"""An order's time is shared among the stages to come, and a race always gets a fair chance."""

from datetime import UTC, datetime, timedelta

import pytest

from config.budget import LONGEST_PAUSE, SHORTEST_RACE, STAGE_PATIENCE, Budget, paused_between

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def test_what_is_left_goes_below_zero_once_it_is_spent() -> None:
    budget = Budget(due_at=NOW + seconds(15))

    assert budget.left(NOW) == seconds(15)
    assert budget.left(NOW + seconds(16)) == seconds(-1)


def test_waiting_for_a_human_moves_the_end_on() -> None:
    budget = Budget(due_at=NOW + seconds(15)).prolonged_by(timedelta(hours=5))

    assert budget.left(NOW + timedelta(hours=5)) == seconds(15)


@pytest.mark.parametrize(
    ("left", "stages_left", "race"),
    [
        (seconds(15), 1, seconds(15)),
        (seconds(15), 5, seconds(3)),
        (seconds(15), 8, SHORTEST_RACE),
        (seconds(0), 1, SHORTEST_RACE),
        (seconds(-60), 3, SHORTEST_RACE),
        (timedelta(hours=1), 1, STAGE_PATIENCE),
    ],
    ids=["all to the last", "shared", "never too short", "spent", "long spent", "never too long"],
)
def test_a_race_may_last_for_its_share(left: timedelta, stages_left: int, race: timedelta) -> None:
    budget = Budget(due_at=NOW + left)

    assert budget.race(NOW, stages_left) == race


def test_the_races_of_a_punctual_order_fit_into_its_budget() -> None:
    budget, now = Budget(due_at=NOW + seconds(30)), NOW

    for stages_left in range(8, 0, -1):
        now += budget.race(now, stages_left)

    assert now == budget.due_at


def test_pauses_grow_up_to_the_longest() -> None:
    assert [paused_between(tries) for tries in (0, 1, 2)] == [
        timedelta(),
        timedelta(milliseconds=50),
        timedelta(milliseconds=125),
    ]
    assert paused_between(2000) - paused_between(1999) == LONGEST_PAUSE
