"""Nothing stands still and nothing is left behind: orders end, keys are answered, processes do not grow."""

from collections.abc import Iterator
from datetime import timedelta

from domain.events import EventType
from observability.invariants.evidence import Evidence, OrderHistory
from observability.invariants.invariant import Invariant, OrderInvariant, Violation
from observability.invariants.runs import RunStatus

ENDS_WITHIN = timedelta(seconds=60)

# What a process may hold more than just after its start, when it has neither warmed up nor opened its pools.
WARMING_UP = {"megabytes": 150.0, "file_descriptors": 60.0, "threads": 30.0}

# Temporal's server lets what it has thrown away lie until it is three times what it lives on.
SERVER = "temporal"
SERVER_WARMING_UP = {**WARMING_UP, "megabytes": 400.0}


class OrdersEnd(OrderInvariant):
    """Every order ends within a minute of its placing or of the last fault, whichever is later."""

    name = "L1"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:
        if evidence.last_fault_at is None:
            return
        counted_from = max(evidence.last_fault_at, history.order["created_at"])
        ended = next((event["at"] for event in history.of(EventType.ENDED)), None)
        if ended is None and evidence.is_final:
            yield f"not ended, {history.status}"
        elif ended is not None and ended - counted_from > ENDS_WITHIN:
            yield f"ended {(ended - counted_from).total_seconds():.0f} s after the last fault"


class NothingIsLeftBehind(Invariant):
    """Afterwards no workflow runs, no lock is held, no key waits for its answer."""

    name = "L2"

    def violations(self, evidence: Evidence) -> Iterator[Violation]:
        if not evidence.is_final:
            return
        for run in evidence.runs:
            if run.status is RunStatus.RUNNING:
                what = f"{run.workflow_id} is still running"
                yield Violation(invariant=self.name, what=what, order_id=run.order_id)
        for what in evidence.left_behind:
            yield Violation(invariant=self.name, what=what)


class BackToTheLevelBefore(Invariant):
    """Afterwards each process holds about as much memory, as many files and threads as before."""

    name = "L3"

    def violations(self, evidence: Evidence) -> Iterator[Violation]:
        for process, before in evidence.levels_before.items():
            after = evidence.levels_after.get(process, {})
            allowances = SERVER_WARMING_UP if process == SERVER else WARMING_UP
            for name, allowance in allowances.items():
                if after.get(name, 0.0) > before[name] + allowance:
                    what = f"{process}: {name} went from {before[name]:g} to {after[name]:g}"
                    yield Violation(invariant=self.name, what=what)


LIVENESS = (OrdersEnd, NothingIsLeftBehind, BackToTheLevelBefore)
