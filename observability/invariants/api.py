"""The API: what a client was told stays true, and is told again to whoever asks with the same key."""

from collections import defaultdict
from collections.abc import Iterator
from http import HTTPStatus

from domain.stages import Stage
from observability.invariants.evidence import Answer, Evidence, OrderHistory
from observability.invariants.invariant import Invariant, OrderInvariant, Violation

DELIBERATE = frozenset(
    {
        "DECISION_PENDING",
        "TEMPORAL_UNAVAILABLE",
        "DATABASE_UNAVAILABLE",
        "NOT_READY",
        "DUMPS_BUSY",
        "OVERLOADED",
    }
)

# Stage numbers as the stage operation tells them; 0 before the first.
NUMBERS: dict[str | None, int] = {None: 0, **{stage.value: stage.number for stage in Stage}}


class SameKeySameAnswer(Invariant):
    """The same key with the same request is told the same, however often and whenever it asks."""

    name = "A1"

    def violations(self, evidence: Evidence) -> Iterator[Violation]:
        told: dict[tuple[str, str, int | None, str | None], list[Answer]] = defaultdict(list)
        for answer in evidence.answers:
            if answer.key is not None and _is_known(answer):
                target = None if answer.operation == "start_order" else answer.order_id
                told[answer.key, answer.operation, target, answer.body].append(answer)
        for (key, operation, *_), answers in told.items():
            if any((a.status, a.told) != (answers[0].status, answers[0].told) for a in answers):
                what = f"{operation} with key {key} was told different things"
                yield Violation(invariant=self.name, what=what, order_id=answers[0].order_id)


class AcknowledgedOrdersExist(Invariant):
    """Every order that was acknowledged exists, and none that nobody asked for."""

    name = "A2"

    def violations(self, evidence: Evidence) -> Iterator[Violation]:
        started = [answer for answer in evidence.answers if answer.operation == "start_order"]
        found = {history.order["id"] for history in evidence.orders}
        for answer in started:
            if answer.status == HTTPStatus.CREATED and answer.order_id not in found:
                yield Violation(invariant=self.name, what="acknowledged and lost", order_id=answer.order_id)
        asked_for = len({answer.key or id(answer) for answer in started})
        if started and len(found) > asked_for:
            yield Violation(invariant=self.name, what=f"{len(found)} orders of {asked_for} asked for")


class StageNeverGoesBack(OrderInvariant):
    """A client that asks again is never told an earlier stage.

    What a key is told may have been decided at any moment since that key was first sent.
    """

    name = "A3"

    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:  # noqa: ARG002
        seen = [a for a in history.answers if a.status == HTTPStatus.OK and "stage" in a.told]
        for after in seen:
            asked_at = history.first_asked_at(after)
            earlier = [before.told["stage"] for before in seen if before.answered_at <= asked_at]
            furthest = max(earlier, key=NUMBERS.__getitem__, default=None)
            if NUMBERS[after.told["stage"]] < NUMBERS[furthest]:
                yield f"{furthest} and later {after.told['stage']}"


class NoErrorsOfOurs(Invariant):
    """No answer is a 5xx but a 503 that says what is away."""

    name = "A5"

    def violations(self, evidence: Evidence) -> Iterator[Violation]:
        for answer in evidence.answers:
            status = answer.status
            if status is None or status < HTTPStatus.INTERNAL_SERVER_ERROR:
                continue
            if status != HTTPStatus.SERVICE_UNAVAILABLE or answer.told.get("code") not in DELIBERATE:
                what = f"{answer.operation} was answered {status} {answer.told.get('code')}"
                yield Violation(invariant=self.name, what=what, order_id=answer.order_id)


def _is_known(answer: Answer) -> bool:
    """A 503 or a lost connection says nothing; a key that is still at work will say it later."""
    if answer.status is None or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return False
    return answer.told.get("code") != "IN_PROGRESS"


API = (SameKeySameAnswer, AcknowledgedOrdersExist, StageNeverGoesBack, NoErrorsOfOurs)
