"""What is to happen: who orders when, and which fault strikes when; a pure function of the seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from config.queues import TaskQueue

WORKERS = tuple(queue.worker for queue in TaskQueue)


class Family(StrEnum):
    """The kinds of faults; each dozen of strikes has one of each."""

    KILL_WORKER = "kill a worker"
    KILL_API = "kill the API"
    KILL_TEMPORAL = "kill the Temporal server"
    KILL_EVERYTHING = "kill everything"
    FREEZE_WORKER = "freeze a worker"
    FREEZE_API = "freeze the API"
    FREEZE_TEMPORAL = "freeze the Temporal server"
    LOCK_DATABASE = "lock the database"
    COMMITS = "commits go wrong"
    FLOOD = "flood one order"
    STRANGE_REQUESTS = "poison and repeat"
    NO_WORKER = "no worker"


# Orders of a round come within this, and its fault strikes among them.
ROUND_SECONDS = 1.0
STRIKES_FROM_SECONDS, STRIKES_UNTIL_SECONDS = 0.4, 1.2

FREEZES_SECONDS = (1.0, 15.0)
SHARES = (0.01, 0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One fault: `variant` is its target or its kind, `offset_seconds` counts from the round's beginning."""

    family: Family
    variant: str
    offset_seconds: float
    lasts_seconds: float

    def __str__(self) -> str:
        lasts = f" for {self.lasts_seconds:.1f} s" if self.lasts_seconds else ""
        return f"{self.family} ({self.variant}){lasts}" if self.variant else f"{self.family}{lasts}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One customer; `plan` says what they are up to."""

    number: int
    offset_seconds: float
    plan: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Some orders, and the fault that strikes while they are open."""

    number: int
    strike: Strike
    visits: tuple[Visit, ...]

    def __str__(self) -> str:
        return f"{self.number:>4} {self.strike.offset_seconds:.2f} s {self.strike}, {len(self.visits)} orders"


def schedule(*, seed: int, orders: int, faults: int) -> list[Round]:
    """Return the rounds, one a fault; the orders are spread over them, what they are up to evenly too."""
    random = Random(f"chaos-{seed}-{orders}-{faults}")
    plans = [(number + random.random()) / orders for number in range(orders)]
    random.shuffle(plans)
    strikes = _strikes(random)
    shares = [orders * number // faults for number in range(faults + 1)]
    return [
        Round(
            number=number + 1,
            strike=next(strikes),
            visits=tuple(
                Visit(number=visit, offset_seconds=random.uniform(0, ROUND_SECONDS), plan=plans[visit])
                for visit in range(shares[number], shares[number + 1])
            ),
        )
        for number in range(faults)
    ]


def _strikes(random: Random) -> Iterator[Strike]:
    """Dozen after dozen, each shuffled."""
    while True:
        dozen = list(Family)
        random.shuffle(dozen)
        for family in dozen:
            yield Strike(
                family=family,
                variant=_variant(family, random),
                offset_seconds=random.uniform(STRIKES_FROM_SECONDS, STRIKES_UNTIL_SECONDS),
                lasts_seconds=_lasts_seconds(family, random),
            )


def _variant(family: Family, random: Random) -> str:
    match family:
        case Family.KILL_WORKER | Family.FREEZE_WORKER:
            return random.choice(WORKERS)
        case Family.COMMITS:
            return f"{random.choice(('fail', 'lose'))} {random.choice(SHARES):.0%}"
        case _:
            return ""


def _lasts_seconds(family: Family, random: Random) -> float:
    """Short freezes are more frequent than long ones."""
    shortest, longest = FREEZES_SECONDS
    match family:
        case (
            Family.FREEZE_WORKER
            | Family.FREEZE_API
            | Family.FREEZE_TEMPORAL
            | Family.LOCK_DATABASE
            | Family.NO_WORKER
        ):
            return shortest + (longest - shortest) * random.random() ** 4
        case Family.COMMITS:
            return 3.0
        case _:
            return 0.0
