"""How growth is told from samples."""

import pytest

from benchmarks.soak import Sample, growth_of, slope


def samples(*figures: float) -> list[Sample]:
    """One a minute, sixty orders each."""
    return [
        Sample(seconds=60.0 * number, orders=60 * number, figures={"api files": figure})
        for number, figure in enumerate(figures)
    ]


def test_a_steady_rise_is_told_by_the_order_and_by_the_hour() -> None:
    growth = growth_of("api files", samples(0, 6, 12, 18, 24))

    assert (growth.first, growth.last) == (0, 24)
    assert growth.an_order == pytest.approx(0.1)
    assert growth.an_hour == pytest.approx(360)


def test_what_fills_up_in_the_first_quarter_is_no_growth() -> None:
    growth = growth_of("api files", samples(0, 50, 50, 50, 50))

    assert growth.an_hour == 0


def test_points_above_each_other_have_no_slope() -> None:
    assert slope([1.0, 1.0], [0.0, 5.0]) == 0
