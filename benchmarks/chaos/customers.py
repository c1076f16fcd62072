"""A client that asks until it is told: no answer, a 503 and IN_PROGRESS all say *not known yet*."""

import asyncio
import time
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.journal import JournallingClient
from benchmarks.pauses import growing
from observability.invariants.evidence import Answer

ASK_AGAIN_AFTER_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 2.0

# Longer than anything is ever down; who is not told by then tells the checker.
PATIENCE = timedelta(seconds=90)


class PatientClient(JournallingClient):
    """Knows how many requests are under way."""

    def __init__(self, base_url: str, journal: Path) -> None:
        super().__init__(base_url, journal)
        self.in_flight = 0

    async def ask(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        order_id: int | None = None,
        key: UUID | None = None,
        body: dict[str, Any] | None = None,
    ) -> Answer:
        """Return the first answer that says something; after PATIENCE the last one, whatever it says."""
        until = time.monotonic() + PATIENCE.total_seconds()
        pauses = growing(ASK_AGAIN_AFTER_SECONDS, LONGEST_PAUSE_SECONDS)
        while True:
            self.in_flight += 1
            try:
                answer = await super().ask(operation, method, path, order_id=order_id, key=key, body=body)
            finally:
                self.in_flight -= 1
            if not _says_ask_again(answer) or time.monotonic() > until:
                return answer
            await asyncio.sleep(next(pauses))


def _says_ask_again(answer: Answer) -> bool:
    unknown = answer.status is None or answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    return unknown or answer.told.get("code") == "IN_PROGRESS"
