"""The API as a process of its own, killed in the middle of a request."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from domain.stages import Stage
from supervisor.ports import free_port
from tests.integration.api.backroom import Backroom
from tests.integration.api.caller import Caller
from tests.integration.api.conftest import over
from tests.integration.api.dice import SettableDice
from tests.integration.api.test_commands import commands_in, payments_in
from tests.integration.api.test_idempotency import answered
from tests.integration.api.waiting import eventually

PROJECT = Path(__file__).resolve().parents[3]


@contextmanager
def a_process(backroom: Backroom, folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """`python main.py` over this backroom, killed at the latest when the block ends."""
    settings = {
        "API_PORT": str(port),
        "AUTOSTART": "false",
        "DATA_DIR": str(folder),
        "DATABASE_URL": backroom.database_url,
        "REVIEW_SECONDS": "0",
        **over(backroom)["temporal_environment"],
    }
    with subprocess.Popen(
        [sys.executable, "main.py"], cwd=PROJECT, env={**os.environ, **settings}, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def takes_orders(caller: Caller) -> bool:
    try:
        return caller.http.get("/readyz").is_success
    except httpx.TransportError:
        return False


@pytest.mark.slow
def test_a_cancellation_that_a_kill_cut_short_has_one_effect_when_it_is_asked_for_again(
    backroom: Backroom, api: Caller, dice: SettableDice, tmp_path: Path
) -> None:
    port = free_port()
    killed = Caller(f"http://127.0.0.1:{port}")
    dice.hold("charge")
    with ExitStack() as processes, killed.http, ThreadPoolExecutor(1) as callers:
        process = processes.enter_context(a_process(backroom, tmp_path, port))
        eventually(lambda: takes_orders(killed), wanted="an API")
        order_id = killed.place()
        killed.begins(order_id, Stage.PAYMENT_CHARGED)
        asked = callers.submit(killed.cancel, order_id, key="one")
        eventually(lambda: api.stage(order_id)["status"] == "cancelling", wanted="a cancellation")
        process.kill()
        assert isinstance(asked.exception(), httpx.TransportError)

        processes.enter_context(a_process(backroom, tmp_path, port))
        eventually(lambda: takes_orders(killed), wanted="an API that is back")
        dice.let_go("charge")
        answer = answered(lambda: killed.cancel(order_id, key="one"))

    assert answer.json()["effect"] == "cancelled_and_refunded"
    order = api.ends(order_id, "cancelled")
    assert commands_in(order) == [("accepted", "cancel", "accepted")]
    assert payments_in(order) == [("charge", 4200), ("refund", 4200)]
