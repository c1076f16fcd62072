"""What is learned of a success's latency, and the delay that is worth its price."""

import math
from random import Random

import pytest

from hedging.latency import LatencyHistogram
from hedging.plan import best_delay

MEDIAN, SIGMA = 0.050, 0.5


def share_still_running(seconds: float) -> float:
    """Of a lognormal latency."""
    return 0.5 * math.erfc(math.log(seconds / MEDIAN) / SIGMA / math.sqrt(2))


def survival(histogram: LatencyHistogram, seconds: float) -> float:
    return math.exp(-histogram.hazard().at(seconds))


def observed(attempts: int, *, given_up_after: float, hang: float = 0.0, seed: int = 1) -> LatencyHistogram:
    """Attempts with a lognormal latency, or none; nine in ten are given up then, the rest after 2 s."""
    rng, histogram = Random(seed), LatencyHistogram()
    for _ in range(attempts):
        latency = math.inf if rng.random() < hang else rng.lognormvariate(math.log(MEDIAN), SIGMA)
        patience = 2.0 if rng.random() < 0.1 else given_up_after
        if latency <= patience:
            histogram.add_success(latency)
        else:
            histogram.add_unfinished(patience)
    return histogram


def planned(histogram: LatencyHistogram, *, hedges: int = 7, price_seconds: float = 0.050) -> float:
    return best_delay(
        histogram.hazard(),
        hedges=hedges,
        price_seconds=price_seconds,
        shortest_seconds=0.010,
        longest_seconds=0.400,
    )


def test_survival_is_the_product_of_those_who_passed_each_age() -> None:
    histogram = LatencyHistogram()
    for age in (0.010, 0.020, 0.040):
        histogram.add_success(age)
    for age in (0.015, 0.030, 0.080):
        histogram.add_unfinished(age)

    assert survival(histogram, 0.005) == 1
    assert survival(histogram, 0.013) == pytest.approx(5 / 6)
    assert survival(histogram, 0.025) == pytest.approx(5 / 6 * 3 / 4)
    assert survival(histogram, 0.060) == pytest.approx(5 / 6 * 3 / 4 * 1 / 2)


@pytest.mark.parametrize("seconds", [0.03, 0.05, 0.07, 0.1, 0.15])
def test_attempts_given_up_early_do_not_make_the_others_look_fast(seconds: float) -> None:
    histogram = observed(20_000, given_up_after=0.060)

    assert survival(histogram, seconds) == pytest.approx(share_still_running(seconds), abs=0.03)


def test_hangs_show_as_survivors_however_early_they_are_given_up() -> None:
    histogram = observed(20_000, given_up_after=0.060, hang=0.5)

    assert survival(histogram, 0.5) == pytest.approx(0.5, abs=0.03)


def test_what_has_faded_counts_less_than_what_is_new() -> None:
    histogram = observed(1000, given_up_after=0.060)

    for _ in range(20):
        histogram.fade(0.75)
    for _ in range(100):
        histogram.add_success(1.0)

    assert survival(histogram, 0.5) > 0.9


def test_a_delay_leaves_attempts_the_time_to_succeed_before_they_are_retired() -> None:
    histogram = LatencyHistogram()
    for _ in range(50):
        histogram.add_success(0.100)
        histogram.add_unfinished(2.0)

    assert planned(histogram, hedges=2, price_seconds=0.005) > 0.095
    assert planned(histogram, hedges=7, price_seconds=0.005) < 0.050


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 1e9])
def test_no_age_is_off_the_scale(seconds: float) -> None:
    histogram = LatencyHistogram()

    histogram.add_success(seconds)
    histogram.add_unfinished(seconds)

    assert 0 < survival(histogram, 1e9) < 1


def test_where_successes_come_at_once_the_shortest_delay_is_best() -> None:
    histogram = LatencyHistogram()
    for _ in range(100):
        histogram.add_success(0.0)
        histogram.add_unfinished(0.060)

    assert planned(histogram) == 0.010


def test_where_nothing_hangs_a_delay_waits_for_nearly_all_successes() -> None:
    assert share_still_running(planned(observed(20_000, given_up_after=0.400))) < 0.05


def test_the_more_hang_the_sooner_another_joins() -> None:
    some, many = (planned(observed(20_000, given_up_after=0.400, hang=hang)) for hang in (0.3, 0.7))

    assert many < some


def test_the_dearer_a_call_the_later_another_joins() -> None:
    histogram = observed(20_000, given_up_after=0.400, hang=0.5)

    delays = [planned(histogram, price_seconds=price) for price in (0.005, 0.050, 0.500)]

    assert delays == sorted(delays)
    assert len(set(delays)) == 3


def test_a_delay_stays_within_its_bounds_even_where_nothing_ever_succeeds() -> None:
    histogram = LatencyHistogram()
    histogram.add_unfinished(1.0)

    assert 0.010 <= planned(histogram) <= 0.400


def raced_cost(delay: float, *, hang: float, price_seconds: float, races: int = 20_000) -> float:
    """The mean time and price of races of two hedges and more, thrown with dice instead of computed."""
    rng, total = Random(7), 0.0
    for _ in range(races):
        ends, launches = math.inf, 0
        while launches * delay < ends:
            life = math.inf if launches == 0 else 6 * delay
            latency = math.inf if rng.random() < hang else rng.lognormvariate(math.log(MEDIAN), SIGMA)
            if latency <= life:
                ends = min(ends, launches * delay + latency)
            launches += 1
        total += ends + price_seconds * launches
    return total / races


def test_the_planned_delay_costs_no_more_than_any_other_by_the_dice() -> None:
    delay = planned(observed(20_000, given_up_after=0.060, hang=0.5))

    costs = [raced_cost(other, hang=0.5, price_seconds=0.050) for other in (0.015, 0.03, 0.06, 0.12, 0.24)]

    assert raced_cost(delay, hang=0.5, price_seconds=0.050) <= min(costs) * 1.02
