"""The checker finds nothing in sound evidence, and names each violation that is planted in it."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.stages import Stage
from observability.invariants.checker import ALL, IN_A_DUMP, check, check_dump
from observability.invariants.evidence import Answer, Evidence, OrderHistory, Row
from observability.invariants.runs import RunStatus, WorkflowKind, WorkflowRun

STAGES = [stage.value for stage in Stage]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HERE = {"line1": "1 Harbour Street"}
THERE = {"line1": "2 Mill Lane"}
LEVELS = {"api": {"megabytes": 100.0, "file_descriptors": 30.0, "threads": 10.0}}
WATCHED: dict[str, Any] = {"last_fault_at": NOON, "levels_before": LEVELS, "levels_after": LEVELS}


def event(number: int, kind: str, **columns: Any) -> Row:
    blank = dict.fromkeys(
        ("stage", "status", "command", "command_id", "decision", "launched", "failed", "hung", "cancelled")
    )
    return {**blank, "id": number, "sequence": number, "type": kind, "at": NOON, **columns}


def reached(number: int, stage: str) -> Row:
    return event(number, "stage_reached", stage=stage, launched=3, failed=1, hung=0, cancelled=1)


def payment(number: int, kind: str) -> Row:
    key, reference = f"{kind}:1", f"pay_{kind}"
    return {"id": number, "kind": kind, "key": key, "amount_cents": 4200, "provider_reference": reference}


def entry(kind: str, **columns: Any) -> Row:
    return {
        "kind": kind,
        "key": f"{kind}:1",
        "amount_cents": 4200,
        "reference": f"pay_{kind}",
        "at": NOON,
        **columns,
    }


def answer(operation: str, status: int | None, second: int = 0, **more: Any) -> Answer:
    asked = NOON + timedelta(seconds=second)
    told = {"order_id": 1, **more.pop("told", {})}
    return Answer(
        operation=operation,
        asked_at=asked,
        answered_at=asked + timedelta(seconds=0.1),
        status=status,
        told=told,
        order_id=1,
        **more,
    )


def run(kind: str, **columns: Any) -> WorkflowRun:
    stands: dict[str, Any] = {"status": RunStatus.COMPLETED, "history_events": 90, **columns}
    return WorkflowRun(workflow_id=f"{kind}-tag-1", order_id=1, kind=WorkflowKind(kind), **stands)


def order_run(status: str, stage: str, **columns: Any) -> WorkflowRun:
    return run("OrderWorkflow", outcome={"status": status, "stage": stage}, **columns)


def completed() -> OrderHistory:
    order = {
        "id": 1, "status": "completed", "stage": STAGES[-1], "amount_cents": 4200, "address": HERE,
        "items": [{"quantity": 1, "unit_price_cents": 4200}], "created_at": NOON,
        "charged_at": NOON, "shipped_at": NOON,
    }  # fmt: skip
    events = [reached(number, stage) for number, stage in enumerate(STAGES, start=1)]
    return OrderHistory(
        order=order,
        events=[*events, event(9, "ended", status="completed")],
        payments=[payment(1, "charge")],
        provider=[entry("charge")],
        carrier=[entry("dispatch", address=HERE)],
        answers=[answer("start_order", 201, key="a", told={"stage": None})],
        runs=[order_run("completed", STAGES[-1]), run("ShippingWorkflow")],
    )


def cancelled() -> OrderHistory:
    """Charged, then cancelled and paid back."""
    sound = completed()
    sound.order.update(status="cancelled", stage=STAGES[3], shipped_at=None)
    return OrderHistory(
        order=sound.order,
        events=[
            *sound.events[:4],
            event(5, "command_accepted", command="cancel", command_id="c", decision="accepted"),
            event(6, "compensated", stage="payment_charged"),
            event(7, "ended", status="cancelled"),
        ],
        payments=[payment(1, "charge"), payment(2, "refund")],
        provider=[entry("charge"), entry("refund")],
        carrier=[],
        answers=[
            answer("start_order", 201, key="a"),
            answer("cancel_order", 200, 1, key="b", told={"refund_cents": 4200}),
        ],
        runs=[order_run("cancelled", STAGES[3])],
    )


def evidence(history: OrderHistory, **more: Any) -> Evidence:
    return Evidence(orders=[history], answers=history.answers, **{"runs": history.runs, **WATCHED, **more})


def names(found: Evidence) -> set[str]:
    return {violation.invariant for violation in check(found)}


@pytest.mark.parametrize("sound", [completed, cancelled])
def test_nothing_is_found_in_a_sound_order(sound: Callable[[], OrderHistory]) -> None:
    assert check(evidence(sound())) == []


LATER = NOON + timedelta(seconds=1)


def refused(code: str, number: int = 10) -> Row:
    return event(number, "command_refused", command="cancel", command_id=code, decision=code)


def returned(number: int, command_id: str, second: int = 0) -> Row:
    told = {"command": "return", "command_id": command_id, "decision": "accepted"}
    return event(number, "command_accepted", at=NOON + timedelta(seconds=second), **told)


PLANTED: list[tuple[str, Callable[[], OrderHistory], Callable[[Any], None]]] = [
    ("M1", completed, lambda h: h.payments.clear()),
    ("M1", completed, lambda h: h.payments.append(payment(2, "charge"))),
    ("M2", cancelled, lambda h: h.payments.append(payment(3, "refund"))),
    ("M2", cancelled, lambda h: h.payments.reverse() or h.payments[0].update(id=0)),
    ("M3", completed, lambda h: h.payments[0].update(amount_cents=4199)),
    ("M3", completed, lambda h: h.order.update(amount_cents=1)),
    ("M4", completed, lambda h: h.payments.append(payment(2, "refund"))),
    ("M4", cancelled, lambda h: h.payments.pop()),
    ("M5", completed, lambda h: h.provider.clear()),
    ("M5", completed, lambda h: h.provider.append(entry("charge", key="charge:2"))),
    ("M5", cancelled, lambda h: h.provider[1].update(reference="pay_other")),
    ("S1", completed, lambda h: h.events.pop(4)),
    ("S1", completed, lambda h: h.events.append(event(10, "ended", status="failed"))),
    ("S1", completed, lambda h: h.events.pop()),
    ("S1", completed, lambda h: h.order.update(status="in_progress")),
    ("S2", completed, lambda h: h.events.append(event(10, "compensated", stage="package_prepared"))),
    ("S2", cancelled, lambda h: h.events.append(reached(8, STAGES[4]))),
    ("S3", completed, lambda h: h.events[3].update(sequence=40)),
    ("S3", completed, lambda h: h.events[3].update(sequence=3)),
    ("S4", completed, lambda h: h.order.update(stage=STAGES[2])),
    ("S5", completed, lambda h: h.order.update(shipped_at=None)),
    ("S5", cancelled, lambda h: h.order.update(shipped_at=NOON)),
    ("S7", cancelled, lambda h: h.events.insert(4, reached(5, STAGES[4]))),
    ("C1", cancelled, lambda h: h.events.insert(6, reached(7, "order_shipped"))),
    ("C1", cancelled, lambda h: h.order.update(status="completed")),
    ("C1", cancelled, lambda h: h.answers[1].told.update(refund_cents=0)),
    ("C1", completed, lambda h: h.answers.append(answer("cancel_order", 200, 1, told={"refund_cents": 0}))),
    ("C2", cancelled, lambda h: h.events.append(refused("TOO_LATE", 8))),
    ("C2", completed, lambda h: h.events.append(refused("ALREADY_CANCELLED"))),
    ("C2", completed, lambda h: h.answers.append(answer("cancel_order", 409, 1, told={"code": "TOO_LATE"}))),
    ("C3", completed, lambda h: h.carrier[0].update(address=THERE)),
    ("C4", completed, lambda h: h.events.extend([returned(10, "r"), returned(11, "s")])),
    ("C4", completed, lambda h: h.answers.append(answer("return_order", 200, 301))),
    ("C4", completed, lambda h: h.answers.extend([
        answer("return_order", None, 301, key="r"), answer("return_order", 200, 302, key="r")
    ])),
    ("C4", completed, lambda h: h.events.append(returned(10, "r", second=302))
        or h.answers.append(answer("return_order", 200, 301))),
    ("C4", completed, lambda h: h.events.append(returned(10, "r", second=299))
        or h.answers.append(answer("return_order", 200, 400, key="s"))),
    ("C4", completed, lambda h: h.events.append(returned(10, "r", second=302))
        or h.claimed_at.update(r=NOON + timedelta(seconds=301))
        or h.answers.append(answer("return_order", 200, 400, key="r"))),
    ("C4", completed, lambda h: h.answers.append(answer("return_order", 200, 1))),
    ("C4", completed, lambda h: h.answers.append(
        answer("return_order", 409, 299, told={"code": "RETURN_WINDOW_CLOSED"})
    )),
    ("C5", cancelled, lambda h: h.events.append(returned(8, "r"))),
    ("A1", completed, lambda h: h.answers.append(
        answer("start_order", 201, 1, key="a", told={"order_id": 2})
    )),
    ("A2", completed, lambda h: h.order.update(id=5)),
    ("A3", completed, lambda h: h.answers.extend([
        answer("get_order_stage", 200, 1, told={"stage": STAGES[4]}),
        answer("get_order_stage", 200, 2, told={"stage": STAGES[3]}),
    ])),
    ("A3", completed, lambda h: h.answers.extend([
        answer("get_order_stage", 200, 1, told={"stage": STAGES[4]}),
        answer("update_address", 200, 2, key="k", told={"stage": STAGES[3]}),
    ])),
    ("A3", completed, lambda h: h.answers.extend([
        answer("get_order_stage", 200, 1, told={"stage": STAGES[4]}),
        answer("get_order_stage", 200, 2, told={"stage": None}),
    ])),
    ("A5", completed, lambda h: h.answers.append(answer("get_order", 500))),
    ("A5", completed, lambda h: h.answers.append(answer("get_order", 503, told={"code": "SURPRISE"}))),
    ("H1", completed, lambda h: h.events.insert(3, reached(4, STAGES[2]))),
    ("H2", completed, lambda h: h.provider[0].update(at=LATER)),
    ("H2", completed, lambda h: h.carrier[0].update(at=LATER)),
    ("H3", completed, lambda h: h.events[0].update(launched=9)),
    ("T1", completed, lambda h: h.runs.append(h.runs[0])),
    ("T1", completed, lambda h: h.runs.append(run("ReturnWorkflow", status=RunStatus.FAILED))),
    ("T2", completed, lambda h: h.runs.append(run("ReturnWorkflow", replay_failure="another story"))),
    ("T3", completed, lambda h: h.runs.append(run("ReturnWorkflow", unanswered_updates=1))),
    ("T4", completed, lambda h: h.runs.append(order_run("failed", STAGES[-1]))),
    ("T4", completed, lambda h: h.runs.append(order_run("completed", STAGES[3]))),
    ("T4", completed, lambda h: h.runs.append(run("ReturnWorkflow", outcome={"refund_cents": 4200}))),
    ("T5", completed, lambda h: h.runs.append(run("ReturnWorkflow", history_events=200))),
    ("L1", completed, lambda h: h.events[-1].update(at=NOON + timedelta(seconds=61))),
    ("L1", completed, lambda h: h.events.pop()),
    ("L2", completed, lambda h: h.runs.append(run("ReturnWorkflow", status=RunStatus.RUNNING))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "sound", "plant"), PLANTED)
def test_a_planted_violation_is_named(
    name: str, sound: Callable[[], OrderHistory], plant: Callable[[OrderHistory], None]
) -> None:
    history = sound()

    plant(history)

    assert name in names(evidence(history))


def test_a_row_that_changed_since_an_earlier_look_is_named() -> None:
    earlier = evidence(completed())
    later = copy.deepcopy(completed())
    later.events[2]["at"] = NOON + timedelta(seconds=1)

    assert names(evidence(later, earlier=earlier)) == {"M6"}


def test_a_moment_that_changed_since_an_earlier_look_is_named() -> None:
    later = completed()
    later.order["charged_at"] = NOON + timedelta(seconds=1)

    assert names(evidence(later, earlier=evidence(completed()))) == {"S5"}


def test_damage_that_the_database_finds_is_named() -> None:
    assert names(evidence(completed(), damage=["row 3 missing from index"])) == {"S6"}


def test_what_is_left_behind_is_named() -> None:
    assert names(evidence(completed(), left_behind=["1 keys without an answer"])) == {"L2"}


@pytest.mark.parametrize("counted", ["megabytes", "file_descriptors", "threads"])
def test_a_process_that_has_grown_is_named(counted: str) -> None:
    after = {"api": {**LEVELS["api"], counted: 1000.0}}

    assert names(evidence(completed(), levels_after=after)) == {"L3"}


@pytest.mark.parametrize(("process", "violated"), [("api", {"L3"}), ("temporal", set())])
def test_the_server_may_grow_by_more_than_the_others(process: str, violated: set[str]) -> None:
    before, after = ({process: {**LEVELS["api"], "megabytes": held}} for held in (100.0, 400.0))

    assert names(evidence(completed(), levels_before=before, levels_after=after)) == violated


def test_a_violation_inside_a_dump_is_named_as_such() -> None:
    history = completed()
    history.order.update(stage=STAGES[2])

    found = check_dump(evidence(history, is_final=False))

    assert {violation.invariant for violation in found} == {IN_A_DUMP}
    assert "S4" in str(found[0])


def test_more_orders_than_were_asked_for_are_named() -> None:
    one, other = completed(), completed()
    other.order["id"] = 2

    found = Evidence(orders=[one, other], answers=one.answers)

    assert names(found) == {"A2"}


def test_a_return_is_in_time_if_it_was_asked_for_in_time_however_late_it_is_asked_for_again() -> None:
    history = completed()
    history.order["status"] = "returned"
    history.events.append(returned(10, "r", second=299))  # type: ignore[attr-defined]
    for second in (299, 400):
        history.answers.append(answer("return_order", 200, second, key="r"))  # type: ignore[attr-defined]

    assert "C4" not in names(evidence(history))


def test_a_return_is_in_time_if_the_books_saw_its_key_in_time_though_the_client_forgot() -> None:
    history = completed()
    history.order["status"] = "returned"
    history.events.append(returned(10, "r", second=302))  # type: ignore[attr-defined]
    history.claimed_at["r"] = NOON + timedelta(seconds=299)  # type: ignore[index]
    history.answers.append(answer("return_order", 200, 400, key="r"))  # type: ignore[attr-defined]

    assert "C4" not in names(evidence(history))


def test_who_asks_again_with_a_key_is_told_the_stage_of_the_decision_however_far_the_order_has_come() -> None:
    history = completed()
    history.answers.extend([  # type: ignore[attr-defined]
        answer("update_address", None, 1, key="k"),
        answer("get_order_stage", 200, 2, told={"stage": STAGES[4]}),
        answer("update_address", 200, 3, key="k", told={"stage": STAGES[3]}),
    ])  # fmt: skip

    assert "A3" not in names(evidence(history))


def test_an_order_under_way_owes_no_end() -> None:
    history = completed()
    history.order.update(status="in_progress")
    history.events.pop()  # type: ignore[attr-defined]
    history.runs[:] = [run("OrderWorkflow", status=RunStatus.RUNNING, unanswered_updates=1)]  # type: ignore[index]

    assert check(evidence(history, is_final=False)) == []


def test_every_invariant_has_a_planted_violation() -> None:
    planted_elsewhere = {"M6", "S6", "L3"}

    assert {kind.name for kind in ALL} == {name for name, _, _ in PLANTED} | planted_elsewhere
