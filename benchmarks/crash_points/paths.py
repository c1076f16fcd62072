"""The paths of an order's life: what is said to it when, and the ends that may come of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from benchmarks.chaos.customers import PatientClient
from benchmarks.running_system import ADDRESS, ENDED
from observability.invariants.api import NUMBERS
from observability.invariants.evidence import Answer

LOOK_EVERY_SECONDS = 0.03
OTHER_ADDRESS = {**ADDRESS, "line1": "2 Mill Lane"}


class Talk:
    """What one customer says, and hears; everything is asked again until it is answered."""

    def __init__(self, client: PatientClient) -> None:
        self._client = client
        self._order_id = 0

    async def place(self, **more: Any) -> None:
        answer = await self._ask("start_order", "POST", "/orders", {"address": ADDRESS, **more})
        self._order_id = answer.told["order_id"]

    async def cancel(self) -> None:
        await self._tell("cancel_order", "POST", "cancel")

    async def readdress(self) -> None:
        await self._tell("update_address", "PUT", "address", OTHER_ADDRESS)

    async def review(self, decision: str) -> None:
        await self._tell("review_order", "POST", "review", {"decision": decision, "reviewer": "Rae"})

    async def take_back(self) -> None:
        await self._tell("return_order", "POST", "return")

    async def sees(self, stage: str) -> None:
        """Return once the order has come to `stage`, or to an end."""
        await self._sees(lambda told: NUMBERS[told["stage"]] >= NUMBERS[stage] or told["status"] in ENDED)

    async def sees_the_end(self, *ends: str) -> str:
        """Return the end, one of `ends` where some are named."""
        return await self._sees(lambda told: told["status"] in (ends or ENDED))

    async def _sees(self, enough: Callable[[dict[str, Any]], bool]) -> str:
        while True:
            answer = await self._ask("get_order_stage", "GET", f"/orders/{self._order_id}/stage?live=false")
            if enough(answer.told):
                return str(answer.told["status"])
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _tell(self, operation: str, method: str, what: str, body: dict[str, Any] | None = None) -> None:
        """Twice under the same key: the answer has to be the same."""
        key = uuid4()
        for _ in range(2):
            await self._client.ask(
                operation,
                method,
                f"/orders/{self._order_id}/{what}",
                order_id=self._order_id,
                key=key,
                body=body,
            )

    async def _ask(
        self, operation: str, method: str, path: str, body: dict[str, Any] | None = None
    ) -> Answer:
        order_id = self._order_id or None
        return await self._client.ask(operation, method, path, order_id=order_id, key=uuid4(), body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """`tell` returns the order's end, which is to be one of `ends`; `broken` names a call that fails."""

    name: str
    tell: Callable[[Talk], Awaitable[str]]
    ends: frozenset[str]
    settings: dict[str, str] = field(default_factory=dict)
    broken: str | None = None


BY_A_PERSON = {"REVIEW_MODE": "manual"}

# Slow enough for a customer to come in between.
SLOWLY = {"FLAKY_LATENCY_SECONDS": "0.1"}


async def _completed(talk: Talk) -> str:
    await talk.place()
    return await talk.sees_the_end()


async def _returned(talk: Talk) -> str:
    await _completed(talk)
    await talk.take_back()
    return await talk.sees_the_end("returned")


async def _cancelled_before_the_charge(talk: Talk) -> str:
    await talk.place()
    await talk.sees("order_validated")
    await talk.cancel()
    return await talk.sees_the_end()


async def _cancelled_after_the_charge(talk: Talk) -> str:
    await talk.place()
    await talk.sees("payment_charged")
    await talk.cancel()
    return await talk.sees_the_end()


async def _readdressed_and_approved(talk: Talk) -> str:
    await talk.place()
    await talk.sees("order_validated")
    await talk.readdress()
    await talk.review("approve")
    return await talk.sees_the_end()


async def _rejected(talk: Talk) -> str:
    await talk.place()
    await talk.sees("order_validated")
    await talk.review("reject")
    return await talk.sees_the_end()


async def _invalid(talk: Talk) -> str:
    await talk.place(items=[])
    return await talk.sees_the_end()


PATHS = (
    Path(name="completed", tell=_completed, ends=frozenset({"completed"})),
    Path(name="returned", tell=_returned, ends=frozenset({"returned"})),
    Path(
        name="cancelled before the charge",
        tell=_cancelled_before_the_charge,
        ends=frozenset({"cancelled"}),
        settings=BY_A_PERSON,
    ),
    # A customer who comes too late, because the system was down, is told so.
    Path(
        name="cancelled after the charge",
        tell=_cancelled_after_the_charge,
        ends=frozenset({"cancelled", "completed"}),
        settings=SLOWLY,
    ),
    Path(
        name="readdressed and approved",
        tell=_readdressed_and_approved,
        ends=frozenset({"completed"}),
        settings=BY_A_PERSON,
    ),
    # A verdict whose moment was not met yet may have to be spoken again: an order that waits expires.
    Path(
        name="rejected",
        tell=_rejected,
        ends=frozenset({"rejected", "expired"}),
        settings={**BY_A_PERSON, "REVIEW_DEADLINE_SECONDS": "20"},
    ),
    Path(
        name="expired",
        tell=_completed,
        ends=frozenset({"expired"}),
        settings={**BY_A_PERSON, "REVIEW_DEADLINE_SECONDS": "0.3"},
    ),
    Path(name="invalid", tell=_invalid, ends=frozenset({"rejected"})),
    Path(name="failed", tell=_completed, ends=frozenset({"failed"}), broken="dispatch"),
)
