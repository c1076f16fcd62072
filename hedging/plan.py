"""The delay that is worth its price: the least expected time plus the price of the expected attempts."""

from math import exp

from hedging.latency import Hazard

# A race is followed in steps of a quarter of its delay, until it is won but for one in a thousand.
STEPS_A_DELAY = 4
FOLLOWED_UNTIL = 1e-3
MOST_STEPS = 128 * STEPS_A_DELAY

# What it costs to be still without a winner then: about as long as a stage is tried at all.
LOST_RACE_SECONDS = 30.0

# The search looks at a coarse grid of delays first, then between the best one's neighbours.
COARSE, FINE = 1.7, 1.05

# Of delays that cost the same but for so much, the shortest is taken: the tail is the better for it.
INDIFFERENCE = 0.0025


def best_delay(
    hazard: Hazard, *, hedges: int, price_seconds: float, shortest_seconds: float, longest_seconds: float
) -> float:
    """Return the delay, in seconds, that costs least. `price_seconds` is for one launch."""

    def cost(delay: float) -> float:
        return _cost(hazard, delay, hedges, price_seconds)

    about = min(_grid(shortest_seconds, longest_seconds, COARSE), key=cost)
    near = _grid(max(shortest_seconds, about / COARSE), min(longest_seconds, about * COARSE), FINE)
    costs = [cost(delay) for delay in near]
    good_enough = min(costs) * (1 + INDIFFERENCE)
    return next(delay for delay, its in zip(near, costs, strict=True) if its <= good_enough)


def _grid(low: float, high: float, ratio: float) -> list[float]:
    """From low to high, both included, each `ratio` times the one before."""
    points = [low]
    while points[-1] * ratio < high:
        points.append(points[-1] * ratio)
    return [*points, high]


def _cost(hazard: Hazard, delay: float, hedges: int, price_seconds: float) -> float:
    """Expected seconds of one race plus the price of its launches, were its gaps all equal to `delay`.

    `own` is one attempt's hazard by steps of its age; `others` what all later ones add up to, each of them
    retired when `hedges` are running.
    """
    step = delay / STEPS_A_DELAY
    life = STEPS_A_DELAY * (hedges - 1)
    own, others = [0.0], [0.0] * STEPS_A_DELAY
    seconds, launches, undecided = 0.0, 1.0, 1.0
    for n in range(1, MOST_STEPS):
        own.append(hazard.at(n * step))
        if n >= STEPS_A_DELAY:
            others.append(others[n - STEPS_A_DELAY] + own[min(n - STEPS_A_DELAY, life)])
        undecided = exp(-own[n] - others[n])
        if n % 2:
            seconds += undecided * 2 * step
        if n % STEPS_A_DELAY == 0:
            launches += undecided
        if undecided < FOLLOWED_UNTIL:
            return seconds + price_seconds * launches
    return seconds + undecided * LOST_RACE_SECONDS + price_seconds * launches
