"""The system from outside: orders end, whatever is killed, and nothing is left behind."""

import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks.running_system import RunningSystem, eventually, family, started
from domain.stages import Stage
from supervisor.ports import find_stranger

STAGES = [stage.value for stage in Stage]
WORKERS = ("order-worker", "shipping-worker", "returns-worker")


def stages_of(order: dict[str, Any]) -> list[str]:
    return [event["stage"] for event in order["events"] if event["type"] == "stage_reached"]


def seconds_taken(order: dict[str, Any]) -> float:
    begun, ended = (datetime.fromisoformat(order[name]) for name in ("created_at", "ended_at"))
    return (ended - begun).total_seconds()


def assert_books_are_sound(dump: dict[str, list[dict[str, Any]]]) -> None:
    """Every completed order has its eight stages, one charge, and events without a gap."""
    charges = Counter(payment["order_id"] for payment in dump["payments"] if payment["kind"] == "charge")
    for order in dump["orders"]:
        events = [event for event in dump["events"] if event["order_id"] == order["id"]]
        assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
        if order["status"] == "completed":
            assert stages_of({"events": events}) == STAGES
            assert charges[order["id"]] == 1
    assert not [payment for payment in dump["payments"] if payment["kind"] == "refund"]


@pytest.mark.timeout(300)
def test_an_order_with_only_an_address_passes_all_stages_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    with started(tmp_path / "var", REVIEW_SECONDS="0.1") as system:
        order = system.ended(system.place())

        exit_code = system.interrupt()

        assert order["status"] == "completed"
        assert stages_of(order) == STAGES
        assert [payment["kind"] for payment in order["payments"]] == ["charge"]
        flaky = [event for event in order["events"] if event["type"] == "stage_reached" and event["launched"]]
        assert len(flaky) == len(STAGES) - 1
        for event in flaky:
            assert event["launched"] == event["failed"] + event["hung"] + event["cancelled"] + 1
        assert exit_code == 0
        assert family(tmp_path / "var") == []
        assert [find_stranger("127.0.0.1", port) for port in system.ports] == [None, None, None]


def under_way(system: RunningSystem) -> int:
    """Return an order that has begun."""
    order_id = system.place()
    eventually(lambda: stages_of(system.order(order_id)), f"order {order_id} to be under way")
    return order_id


def kill_and_see_it_back(system: RunningSystem, component: str) -> None:
    pid = system.components()[component]["pid"]
    psutil.Process(pid).send_signal(signal.SIGKILL)
    eventually(lambda: system.components()[component]["pid"] not in (None, pid), f"a new {component}")


@pytest.mark.timeout(300)
def test_every_order_ends_though_each_worker_is_killed_in_turn(tmp_path: Path) -> None:
    with started(tmp_path / "var", REVIEW_SECONDS="0.1") as system:
        orders = []
        for victim in WORKERS:
            orders += [under_way(system) for _ in range(3)]
            kill_and_see_it_back(system, victim)

        for order_id in orders:
            assert system.ended(order_id)["status"] == "completed"
        assert_books_are_sound(system.dump())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_without_hedging_the_retries_are_temporals(tmp_path: Path) -> None:
    settings = {
        "HEDGES": "1",
        "FLAKY_FAIL": "0.4",
        "FLAKY_HANG": "0",
        "FLAKY_SEED": "7",
        "REVIEW_SECONDS": "0",
    }
    with started(tmp_path / "var", **settings) as system:
        order = system.ended(system.place())

        reached = [event for event in order["events"] if event["launched"]]
        assert order["status"] == "completed"
        assert all(event["attempts"] == event["launched"] for event in reached)
        assert sum(event["attempts"] for event in reached) > len(reached)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_hundred_orders_complete_within_their_budget(tmp_path: Path) -> None:
    with started(tmp_path / "var", REVIEW_SECONDS="1") as system:
        with ThreadPoolExecutor(20) as customers:
            orders = list(customers.map(lambda _: system.ended(system.place()), range(200)))

        assert {order["status"] for order in orders} == {"completed"}
        assert max(seconds_taken(order) for order in orders) < 15
        assert_books_are_sound(system.dump())
