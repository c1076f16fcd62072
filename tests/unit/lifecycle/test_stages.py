"""The eight stages, and how progress through them adds up."""

from itertools import pairwise, product

import pytest

from domain.stages import Progress, Stage
from domain.status import ON_THE_WAY_TO, OPEN, OrderStatus


def test_there_are_eight_stages_each_after_the_one_before() -> None:
    assert [stage.number for stage in Stage] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert Stage.ORDER_RECEIVED.predecessor is None
    assert all(later.predecessor is earlier for earlier, later in pairwise(Stage))


def test_stages_compare_by_their_place_and_not_by_their_name() -> None:
    for one, other in product(Stage, Stage):
        numbers = (one.number, other.number)
        assert (one < other, one <= other) == (numbers[0] < numbers[1], numbers[0] <= numbers[1])
        assert (one > other, one >= other) == (numbers[0] > numbers[1], numbers[0] >= numbers[1])


def test_nothing_has_begun_at_first() -> None:
    assert not any(Progress().has_begun(stage) or Progress().has_reached(stage) for stage in Stage)


def test_a_stage_is_in_flight_between_its_beginning_and_its_end() -> None:
    begun = Progress().beginning(Stage.PAYMENT_CHARGED)

    assert begun.is_in_flight(Stage.PAYMENT_CHARGED)
    assert not begun.reaching(Stage.PAYMENT_CHARGED).is_in_flight(Stage.PAYMENT_CHARGED)


@pytest.mark.parametrize("stage", Stage)
def test_progress_never_goes_back(stage: Stage) -> None:
    at_the_end = Progress(begun=Stage.ORDER_DELIVERED, reached=Stage.ORDER_DELIVERED)

    assert at_the_end.beginning(stage) == at_the_end
    assert at_the_end.reaching(stage) == at_the_end


@pytest.mark.parametrize("stage", Stage)
def test_what_is_reached_has_begun_with_all_before_it(stage: Stage) -> None:
    progress = Progress().reaching(stage)

    assert progress == Progress(begun=stage, reached=stage)
    assert all(progress.has_begun(other) is (other <= stage) for other in Stage)


def test_two_views_of_an_order_join_to_what_either_knows() -> None:
    parent = Progress(begun=Stage.PACKAGE_PREPARED, reached=Stage.PAYMENT_CHARGED)
    child = Progress(begun=Stage.CARRIER_DISPATCHED, reached=Stage.PACKAGE_PREPARED)

    assert parent.joined_with(child) == child.joined_with(parent) == child
    assert parent.joined_with(Progress()) == Progress().joined_with(parent) == parent


def test_an_order_on_its_way_to_an_end_has_not_ended() -> None:
    assert {status for status in OrderStatus if not status.is_ended} == OPEN
    assert all(end.is_ended and not on_the_way.is_ended for end, on_the_way in ON_THE_WAY_TO.items())
