"""The system from outside: orders end, whatever is killed, and nothing is left behind."""

import asyncio
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from temporalio.client import Client, WorkflowUpdateStage

from benchmarks.running_system import RunningSystem, eventually, family, started
from domain.events import CUSTOMER
from domain.stages import Stage
from signals import Cancellation
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


@contextmanager
def nobody_can_write(data_dir: Path) -> Iterator[None]:
    """A stranger holds the database; what was decided cannot be written down."""
    with closing(sqlite3.connect(data_dir / "orders.db", isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        yield
        stranger.execute("ROLLBACK")


async def decided(system: RunningSystem, workflow_id: str, command: Cancellation) -> None:
    """Send the cancellation as an Update; return once the workflow has accepted it."""
    client = await Client.connect(f"127.0.0.1:{system.environment['TEMPORAL_PORT']}")
    await client.get_workflow_handle(workflow_id).start_update(
        "cancel",
        asdict(command),
        id=command.command_id,
        wait_for_stage=WorkflowUpdateStage.ACCEPTED,
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_was_decided_is_written_once_though_its_worker_is_killed_in_between(tmp_path: Path) -> None:
    with started(tmp_path / "var", REVIEW_MODE="manual") as system:
        order_id = system.place()
        eventually(lambda: len(stages_of(system.order(order_id))) == 2, "the review to be awaited")
        workflow_id = system.order(order_id)["workflow_id"]
        command = Cancellation(command_id="the-same", actor=CUSTOMER)
        with nobody_can_write(tmp_path / "var"):
            asyncio.run(decided(system, workflow_id, command))
            assert system.order(order_id)["status"] == "in_progress"

            kill_and_see_it_back(system, "order-worker")

        order = system.ended(order_id)
        assert order["status"] == "cancelled"
        assert [event["command_id"] for event in order["events"] if event["command"]] == ["the-same"]
        assert order["payments"] == []


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
        with ThreadPoolExecutor(10) as customers:
            orders = list(customers.map(lambda _: system.ended(system.place()), range(200)))

        assert {order["status"] for order in orders} == {"completed"}
        assert max(seconds_taken(order) for order in orders) < 15
        assert_books_are_sound(system.dump())
