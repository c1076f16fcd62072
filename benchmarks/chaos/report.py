"""What a run showed: by fault, by outcome, and whether it showed anything at all."""

from collections import Counter
from collections.abc import Iterator, Sequence

from benchmarks.chaos.books import blow_of, walk_of
from benchmarks.chaos.record import Record, Struck
from benchmarks.commands import ESSENTIAL_OUTCOMES, outcomes_of
from observability.invariants.checker import ALL
from observability.invariants.evidence import Evidence

# In seconds, the worst of each family.
COLUMNS = ("stall", "beyond", "ready", "ended")


def report(record: Record, evidence: Evidence, violations: Sequence[str]) -> tuple[list[str], bool]:
    """Return the lines to print, and whether the run is a success."""
    met = outcomes_of(evidence)
    met["return refused"] += met.pop("return too late", 0)
    missing = [outcome for outcome in ESSENTIAL_OUTCOMES if not met[outcome]]
    missed = [f"{one.round} ({one.what})" for one in record.struck if not one.hit]
    lines = [
        *_faults(record.struck, evidence),
        "",
        *(f"{outcome:<30} {times:>6}" for outcome, times in sorted(met.items())),
        "",
        *violations,
        _summary(record, evidence, violations),
        *_vacuous("never met", missing),
        *_vacuous("struck nothing", missed),
    ]
    return lines, not (violations or missing or missed)


def _summary(record: Record, evidence: Evidence, violations: Sequence[str]) -> str:
    return (
        f"{record.orders} orders, {record.faults} faults, seed {record.seed}, "
        f"{record.still_open} still open, {record.seconds:.0f} s: "
        f"{len(evidence.orders)} orders in the books, {len(evidence.answers)} answers, "
        f"{len(evidence.runs)} histories, {len(ALL)} invariants, {len(violations)} violations"
    )


def _vacuous(what: str, found: Sequence[str]) -> Iterator[str]:
    if found:
        yield f"VACUOUS: {what}: {', '.join(found)}"


def _faults(struck: Sequence[Struck], evidence: Evidence) -> Iterator[str]:
    """A line a family; `beyond` is what is left of a stall without the time the fault itself took."""
    yield f"{'fault':<26} {'times':>5} {'open':>5}" + "".join(f"{name:>9}" for name in COLUMNS)
    walks = [walk_of(order) for order in evidence.orders]
    for family, times in Counter(one.family for one in struck).items():
        ours = [one for one in struck if one.family == family]
        blows = [blow_of(walks, one.at, one.healed_at) for one in ours]
        beyond = [
            max(0.0, blow.stall - (one.healed_at - one.at).total_seconds())
            for blow, one in zip(blows, ours, strict=True)
        ]
        worst = (
            max(blow.stall for blow in blows),
            max(beyond),
            max(one.ready_seconds for one in ours),
            max(blow.ended for blow in blows),
        )
        open_orders = sum(one.open_orders for one in ours) / times
        yield f"{family:<26} {times:>5} {open_orders:>5.0f}" + "".join(f"{each:>9.1f}" for each in worst)
