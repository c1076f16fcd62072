"""What happens under fire is decided by the seed alone."""

import pytest

from benchmarks.chaos.schedule import Family, schedule

SIZES = [(100, 12), (2000, 100), (30, 7)]


@pytest.mark.parametrize(("orders", "faults"), SIZES)
def test_every_order_is_placed_once_and_every_round_has_its_fault(orders: int, faults: int) -> None:
    rounds = schedule(seed=1, orders=orders, faults=faults)

    assert [visit.number for each in rounds for visit in each.visits] == list(range(orders))
    assert [each.number for each in rounds] == list(range(1, faults + 1))


def test_the_same_seed_is_the_same_schedule_and_another_seed_another() -> None:
    first, again, other = (schedule(seed=seed, orders=100, faults=12) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_every_dozen_has_every_kind_of_fault() -> None:
    rounds = schedule(seed=3, orders=240, faults=24)

    for dozen in (rounds[:12], rounds[12:]):
        assert {each.strike.family for each in dozen} == set(Family)


def test_what_customers_are_up_to_is_spread_evenly() -> None:
    plans = sorted(visit.plan for each in schedule(seed=4, orders=100, faults=12) for visit in each.visits)

    assert all(abs(plan - number / 100) <= 0.01 for number, plan in enumerate(plans))
