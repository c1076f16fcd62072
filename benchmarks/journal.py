"""A client that writes down everything it asked and was told."""

import json
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from benchmarks.lines import LeanTransport
from observability.invariants.evidence import Answer


class JournallingClient:
    """Asks over HTTP and journals every answer, and every one that did not come."""

    def __init__(self, base_url: str, journal: Path) -> None:
        url = httpx.URL(base_url)
        assert url.host == "127.0.0.1", base_url
        assert url.port, base_url
        self._http = httpx.AsyncClient(base_url=url, timeout=30, transport=LeanTransport(url.port))
        self._journal = journal.open("a", buffering=1)
        self.answers: list[Answer] = []

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
        """Return the answer as journalled; a lost connection is an answer without a status."""
        asked_at = datetime.now(UTC)
        status, told = None, dict[str, Any]()
        try:
            status, told = await self._send(method, path, key, body)
        finally:
            # Whoever is sent away while it asks did ask.
            answer = Answer(
                operation=operation,
                asked_at=asked_at,
                answered_at=datetime.now(UTC),
                status=status,
                told=told,
                order_id=told.get("order_id", order_id),
                key=str(key) if key else None,
                body=json.dumps(body, sort_keys=True) if body is not None else None,
            )
            self.keep(answer)
        return answer

    def keep(self, answer: Answer) -> None:
        """Journal it."""
        self.answers.append(answer)
        self._journal.write(json.dumps(_as_row(answer), default=datetime.isoformat) + "\n")

    async def close(self) -> None:
        self._journal.close()
        await self._http.aclose()

    async def _send(
        self, method: str, path: str, key: UUID | None, body: dict[str, Any] | None
    ) -> tuple[int | None, dict[str, Any]]:
        headers = {"Idempotency-Key": str(key)} if key else {}
        try:
            answer = await self._http.request(method, path, json=body, headers=headers)
            return answer.status_code, answer.json()
        except (httpx.TransportError, json.JSONDecodeError):
            return None, {}


def _as_row(answer: Answer) -> dict[str, Any]:
    """Without the copies of `asdict`: nobody changes what was told."""
    return {each.name: getattr(answer, each.name) for each in fields(answer)}
