"""Customers who ask any API, and another one when it does not answer, under the same key."""

import asyncio
from http import HTTPStatus
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

from benchmarks.journal import JournallingClient
from benchmarks.running_system import ADDRESS, ENDED
from observability.invariants.evidence import Answer

OTHER_ADDRESS = {**ADDRESS, "city": "Leiden"}

# A killed API is noticed at once; an order whose worker was killed takes a few seconds longer.
TIMES_ASKED = 60
ASK_AGAIN_AFTER_SECONDS = 0.5

# Late enough to meet every stage of an order.
LATEST_SECONDS = 3.0


class Crowd:
    """All that its customers were told is in `answers`."""

    def __init__(self, addresses: list[str], journal: Path, seed: int) -> None:
        self._apis = [JournallingClient(each, journal) for each in addresses]
        self._random = Random(seed)
        self.placed: list[int] = []

    @property
    def answers(self) -> list[Answer]:
        return [answer for api in self._apis for answer in api.answers]

    async def close(self) -> None:
        for api in self._apis:
            await api.close()

    async def shop(self) -> None:
        """Place an order, say something to it at some moment or nothing, and wait for its end."""
        placed = await self._ask("start_order", "POST", "/orders", body={"address": ADDRESS})
        assert placed.order_id is not None
        order_id = placed.order_id
        self.placed.append(order_id)
        plan = self._random.random()
        await asyncio.sleep(self._random.uniform(0, LATEST_SECONDS))
        if plan < 0.3:
            await self._ask("cancel_order", "POST", f"/orders/{order_id}/cancel", order_id=order_id)
        elif plan < 0.5:
            path = f"/orders/{order_id}/address"
            await self._ask("update_address", "PUT", path, order_id=order_id, body=OTHER_ADDRESS)
        await self.sees_the_end_of(order_id)
        if plan > 0.8:
            await self._ask("return_order", "POST", f"/orders/{order_id}/return", order_id=order_id)

    async def place_at_once_everywhere(self) -> set[int | None]:
        """The same key at every API at the same moment; return the orders it became."""
        key = uuid4()
        answers = await asyncio.gather(
            *(
                self._ask("start_order", "POST", "/orders", key=key, body={"address": ADDRESS}, first=number)
                for number in range(len(self._apis))
            )
        )
        return {answer.order_id for answer in answers}

    async def sees_the_end_of(self, order_id: int) -> None:
        path = f"/orders/{order_id}/stage?live=false"
        for _ in range(2 * TIMES_ASKED):
            seen = await self._ask("get_order_stage", "GET", path, order_id=order_id)
            if seen.told.get("status") in ENDED:
                return
            await asyncio.sleep(ASK_AGAIN_AFTER_SECONDS)
        raise AssertionError(f"order {order_id} did not end")

    async def _ask(
        self, operation: str, method: str, path: str, *, first: int | None = None, **more: Any
    ) -> Answer:
        """Ask until somebody knows: no answer, a 503 and `IN_PROGRESS` all say *not known yet*."""
        more.setdefault("key", uuid4())
        number = self._random.randrange(len(self._apis)) if first is None else first
        for attempt in range(TIMES_ASKED):
            api = self._apis[(number + attempt) % len(self._apis)]
            answer = await api.ask(operation, method, path, **more)
            if answer.status is not None and not _says_ask_again(answer):
                return answer
            await asyncio.sleep(ASK_AGAIN_AFTER_SECONDS)
        raise AssertionError(f"nobody answered {method} {path}")


def _says_ask_again(answer: Answer) -> bool:
    return answer.status == HTTPStatus.SERVICE_UNAVAILABLE or answer.told.get("code") == "IN_PROGRESS"
