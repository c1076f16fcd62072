"""The races: one event a stage, whose figures add up."""

from collections import Counter
from collections.abc import Iterator

from domain.events import EventType
from observability.invariants.evidence import Evidence, OrderHistory
from observability.invariants.invariant import OrderInvariant


class OneEventAStage(OrderInvariant):
    """However many attempts a stage took, it has one event; the losers leave none."""

    name = "H1"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:  # noqa: ARG002
        for stage, times in Counter(history.stages()).items():
            if times > 1:
                yield f"{stage} has {times} events"


class FiguresAddUp(OrderInvariant):
    """Every attempt launched is told by its end: failed, hung, cancelled, or the one that won."""

    name = "H3"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:  # noqa: ARG002
        for event in history.of(EventType.STAGE_REACHED) + history.of(EventType.COMPENSATED):
            if event["launched"] is None:
                continue
            told = event["failed"] + event["hung"] + event["cancelled"] + 1
            if event["launched"] != told:
                yield f"{event['stage']}: {event['launched']} launched, {told} told of"


HEDGING = (OneEventAStage, FiguresAddUp)
