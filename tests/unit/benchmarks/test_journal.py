"""The journal of a client holds every question, also one whose answer nobody was there to hear."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from benchmarks.journal import JournallingClient
from observability.invariants.evidence import read_journal

KEY = UUID(int=7)


async def test_a_question_that_is_given_up_is_journalled_without_an_answer(tmp_path: Path) -> None:
    asked, hung_up, journal = asyncio.Event(), asyncio.Event(), tmp_path / "journal.jsonl"

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        hung_up.set()

    async with await asyncio.start_server(hear, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        client = JournallingClient(f"http://{host}:{port}", journal)
        asking = asyncio.create_task(client.ask("start_order", "POST", "/orders", key=KEY, body={}))
        await asked.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await client.close()
        await hung_up.wait()

    (answer,) = read_journal(journal)
    assert (answer.operation, answer.key, answer.status, answer.told) == ("start_order", str(KEY), None, {})
