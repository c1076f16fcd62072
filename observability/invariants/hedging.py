"""The races: one event a stage, whose figures add up."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from domain.events import EventType
from domain.stages import Stage
from observability.invariants.evidence import Evidence, OrderHistory
from observability.invariants.invariant import OrderInvariant


class OneEventAStage(OrderInvariant):
    """However many attempts a stage took, it has one event; the losers leave none."""

    name = "H1"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:  # noqa: ARG002
        for stage, times in Counter(history.stages()).items():
            if times > 1:
                yield f"{stage} has {times} events"


class NothingOutlivesTheRace(OrderInvariant):
    """What a provider did for an order stands in its log before the order's books tell how it came out."""

    name = "H2"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:  # noqa: ARG002
        told_at = {
            "charge": _reached_at(history, Stage.PAYMENT_CHARGED),
            "dispatch": _reached_at(history, Stage.CARRIER_DISPATCHED),
        }
        ended_at = max((event["at"] for event in history.of(EventType.ENDED)), default=None)
        for entry in [*(history.provider or ()), *(history.carrier or ())]:
            known_at = told_at.get(entry["kind"]) or ended_at
            if known_at is not None and entry["at"] > known_at:
                yield f"a {entry['kind']} came after it was told of"


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


def _reached_at(history: OrderHistory, stage: Stage) -> datetime | None:
    reached = history.of(EventType.STAGE_REACHED)
    return next((event["at"] for event in reached if event["stage"] == stage.value), None)


HEDGING = (OneEventAStage, NothingOutlivesTheRace, FiguresAddUp)
