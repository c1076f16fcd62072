"""`python -m observability.invariants` judges a database, with Temporal's histories, and a dump."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from benchmarks.running_system import ROOT
from tests.shop.orders import an_order
from tests.shop.shop import Shop

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


async def judged(*options: str, address: str = "") -> "subprocess.CompletedProcess[str]":
    command = (sys.executable, "-m", "observability.invariants", *options)
    environment = {**os.environ, "TEMPORAL_ADDRESS": address}
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


async def test_a_server_that_does_not_answer_is_no_verdict(shop: Shop) -> None:
    said = await judged("--database-url", shop.db.url, "--temporal", address="127.0.0.1:9")

    assert said.returncode == 2
    assert said.stderr.startswith("Temporal does not answer: ")
    assert said.stdout == ""


async def test_a_dump_is_judged_alone(tmp_path: Path) -> None:
    dump = tmp_path / "dump.json"
    dump.write_text(json.dumps({"orders": [ORDER], "payments": [], "events": []}))

    said = await judged("--dump", str(dump))

    assert said.returncode == 1
    assert "order=1" in said.stdout
    assert (await judged("--dump", str(dump), "--temporal")).returncode == 2
