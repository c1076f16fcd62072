"""`python -m observability.invariants` judges a database, with Temporal's histories, and a dump."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import workflow

from benchmarks.running_system import ROOT
from domain.tasks import OrderStart
from observability.invariants import histories
from observability.invariants.runs import WorkflowKind, WorkflowRun
from tests.shop.orders import an_order
from tests.shop.shop import Shop
from tests.shop.waiting import eventually
from workflows.shipping_workflow import ShippingWorkflow

# Ended, and nothing ever happened to it.
ORDER = {
    "id": 1,
    "status": "completed",
    "stage": None,
    "items": [],
    "amount_cents": 0,
    "address": {},
    "created_at": "2026-01-01T12:00:00.000Z",
    "charged_at": None,
    "shipped_at": None,
    "ended_at": None,
}


async def judged(*options: str, address: str = "", **settings: str) -> "subprocess.CompletedProcess[str]":
    command = (sys.executable, "-m", "observability.invariants", *options)
    environment = {**os.environ, "TEMPORAL_ADDRESS": address, **settings}
    return await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def set_stage(shop: Shop, stage: str) -> None:
    with closing(sqlite3.connect(shop.db.url.removeprefix("sqlite:///"))) as books, books:
        books.execute("UPDATE orders SET stage = ?", [stage])


async def test_a_sound_order_and_its_histories_break_nothing_and_another_stage_is_named(
    shop: Shop, temporal_address: str
) -> None:
    order = await shop.start(an_order(costing_cents=4200))
    await order.handle.result()
    options = ("--database-url", shop.db.url, "--temporal")

    sound = await judged(*options, address=temporal_address)
    set_stage(shop, "order_shipped")
    broken = await judged(*options, address=temporal_address)
    without_temporal = await judged(*options[:2])
    set_stage(shop, "order_delivered")

    assert (sound.returncode, sound.stdout.count("\n")) == (0, 1), sound.stdout + sound.stderr
    assert broken.returncode == 1
    assert "T4" in broken.stdout
    assert "T4" not in without_temporal.stdout


@workflow.defn(name="OrderWorkflow")
class AnotherStory:
    @workflow.run
    async def run(self, _: OrderStart) -> None:
        await workflow.sleep(1)


async def test_the_histories_that_do_not_replay_are_those_that_are_named(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "REPLAYERS", 1)
    monkeypatch.setattr(histories, "OURS", [AnotherStory, ShippingWorkflow])
    for _ in range(2):
        order = await shop.start(an_order())
        await order.handle.result()

    async def runs() -> list[WorkflowRun]:
        found = await histories.read_runs(shop.client, shop.tag)
        return found if len(found) == 4 else []

    told = Counter(
        (run.kind, run.replay_failure is None) for run in await eventually(runs, wanted="four runs")
    )
    assert told == {(WorkflowKind.ORDER, False): 2, (WorkflowKind.SHIPPING, True): 2}


async def test_a_server_that_does_not_answer_is_no_verdict(shop: Shop) -> None:
    said = await judged("--database-url", shop.db.url, "--temporal", address="127.0.0.1:9")

    assert said.returncode == 2
    assert said.stderr.startswith("Temporal does not answer: ")
    assert said.stdout == ""


@pytest.mark.parametrize(("window", "is_broken"), [("5", False), ("300", True)])
async def test_a_return_is_judged_by_the_window_of_the_settings(
    shop: Shop, tmp_path: Path, window: str, is_broken: bool
) -> None:
    order = await shop.start(an_order())
    await order.handle.result()
    after_its_shipping = str(await order.shipped_at() + timedelta(seconds=10))
    refused = {
        "operation": "return_order",
        "asked_at": after_its_shipping,
        "answered_at": after_its_shipping,
        "status": 409,
        "told": {"code": "RETURN_WINDOW_CLOSED"},
        "order_id": order.id,
    }
    journal = tmp_path / "journal.jsonl"
    journal.write_text(json.dumps(refused) + "\n")

    said = await judged(
        "--database-url", shop.db.url, "--journal", str(journal), RETURN_WINDOW_SECONDS=window
    )

    assert ("C4" in said.stdout) is is_broken, said.stdout + said.stderr
    assert "C2" in said.stdout, "the refusal was not written down"


async def test_settings_that_make_no_sense_are_told_in_a_line() -> None:
    said = await judged(HEDGES="many")

    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith("HEDGES: ")
    assert said.stderr.count("\n") == 1


async def test_a_dump_is_judged_alone(tmp_path: Path) -> None:
    dump = tmp_path / "dump.json"
    dump.write_text(json.dumps({"orders": [ORDER], "payments": [], "events": []}))

    said = await judged("--dump", str(dump))

    assert said.returncode == 1
    assert "order=1" in said.stdout
    assert (await judged("--dump", str(dump), "--temporal")).returncode == 2
