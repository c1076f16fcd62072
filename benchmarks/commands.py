"""`python -m benchmarks.commands [--orders N] [--seed N]`: commands at random moments, invariants checked.

Starts a system of its own on free ports, drives a seeded crowd of customers at it, and reads the database,
the providers' logs and the customers' own journal afterwards. The crowd's choices are repeatable; what they
meet is up to the weather.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from random import Random
from uuid import UUID

from benchmarks.chaos.customers import PatientClient
from benchmarks.pauses import growing
from benchmarks.running_system import ADDRESS, ENDED, started
from domain.events import EventType
from observability.invariants.api import NUMBERS
from observability.invariants.checker import ALL, check
from observability.invariants.evidence import Answer, Evidence, OrderHistory, from_database

OTHER_ADDRESS = {"line1": "2 Mill Lane", "city": "Leiden", "postal_code": "2311", "country": "NL"}

AT_ONCE = 20

# Short, so that the moments fall into the stages rather than into the wait for the reviewer.
REVIEW_SECONDS = 0.3

# Some returns come too late: the window is short and a part of the customers is slow.
RETURN_WINDOW = timedelta(seconds=3)

# After which stage a customer speaks up, and how long after it at the most. Most of it happens between the
# charge and shipping, so that is where most of them do.
MOMENTS = (None, "order_received", "order_reviewed", "payment_charged", "package_prepared", "order_shipped")
A_MOMENT_SECONDS = 0.15
THE_END = "the end"

# Who waits for a moment looks often at first; who only waits for the end has time.
FIRST_LOOK_AFTER_SECONDS, FIRST_LOOK_FOR_THE_END_AFTER_SECONDS = 0.1, 0.5
LONGEST_PAUSE_SECONDS = 1.0

# What the run must have met, each at least this often per 2,000 orders, to have shown anything.
EACH_OUTCOME = 50

ESSENTIAL_OUTCOMES = (
    "completed",
    "cancelled before the charge",
    "cancelled after the charge",
    "cancel refused",
    "address accepted",
    "address refused",
    "returned",
    "return refused",
)
OUTCOMES = (
    *ESSENTIAL_OUTCOMES,
    "return too late",
    "reviewed by a person",
    "rejected by a person",
    "review refused",
)


class Customer:
    """Places one order and says to it what the dice tell; asks some things twice, under the same key.

    Who is told 503 asks again: a key without an answer would be the customer's fault. Who was sent away in
    the middle comes again with the same dice: the same customer, who asks the same under the same keys.
    """

    def __init__(self, client: PatientClient, random: Random) -> None:
        self._client = client
        self._random = random

    async def shop(self, plan: float) -> None:
        """`plan`, from 0 to 1, says what the customer is up to."""
        placed = await self._client.ask(
            "start_order", "POST", "/orders", key=self._key(), body={"address": ADDRESS}
        )
        if placed.status != HTTPStatus.CREATED or placed.order_id is None:
            return
        order_id = placed.order_id
        if plan < 0.33:
            await self._after_a_while(order_id, "cancel_order", "POST", "cancel")
        elif plan < 0.55:
            await self._after_a_while(order_id, "update_address", "PUT", "address", OTHER_ADDRESS)
        elif plan < 0.78:
            await self._review(order_id)
        elif plan < 0.87:
            await asyncio.gather(
                self._after_a_while(order_id, "cancel_order", "POST", "cancel"),
                self._after_a_while(order_id, "update_address", "PUT", "address", OTHER_ADDRESS),
            )
        await self._watch(order_id)
        if plan >= 0.55:
            await self._return(order_id)

    async def _review(self, order_id: int) -> None:
        """Most reviewers wait for their turn, some come too early or too late."""
        decision = "approve" if self._random.random() < 0.5 else "reject"
        body = {"decision": decision, "reviewer": "Rae"}
        if self._random.random() < 0.9:
            await self._stage_seen(order_id, "order_validated")
            await self._ask(order_id, "review_order", "POST", "review", body, self._drawn())
        else:
            await self._after_a_while(order_id, "review_order", "POST", "review", body)

    async def _return(self, order_id: int) -> None:
        slow = self._random.random() < 0.3
        if slow:
            await asyncio.sleep(RETURN_WINDOW.total_seconds())
        await self._ask(order_id, "return_order", "POST", "return", None, self._drawn())

    async def _after_a_while(
        self, order_id: int, operation: str, method: str, what: str, body: dict[str, str] | None = None
    ) -> None:
        """Wait for some stage, and then a moment, so that every stage is met however fast the machine is.

        The dice are thrown before it waits: what another command does meanwhile does not change them.
        """
        moment, pause = self._random.choice(MOMENTS), self._random.uniform(0, A_MOMENT_SECONDS)
        drawn = self._drawn()
        await self._stage_seen(order_id, moment)
        await asyncio.sleep(pause)
        await self._ask(order_id, operation, method, what, body, drawn)

    async def _stage_seen(self, order_id: int, stage: str | None) -> None:
        """Return once the order has come to `stage`, or has ended before."""
        first = FIRST_LOOK_FOR_THE_END_AFTER_SECONDS if stage == THE_END else FIRST_LOOK_AFTER_SECONDS
        for pause in growing(first, LONGEST_PAUSE_SECONDS):
            seen = await self._look(order_id)
            if seen.told.get("status") in ENDED:
                return
            if stage != THE_END and NUMBERS[seen.told.get("stage")] >= NUMBERS[stage]:
                return
            await asyncio.sleep(pause)

    async def _ask(
        self,
        order_id: int,
        operation: str,
        method: str,
        what: str,
        body: dict[str, str] | None,
        drawn: tuple[UUID, int],
    ) -> None:
        """Ask under the key that was drawn, once or twice: the answer must be the same."""
        key, times = drawn
        path = f"/orders/{order_id}/{what}"
        for _ in range(times):
            await self._client.ask(operation, method, path, order_id=order_id, key=key, body=body)

    def _drawn(self) -> tuple[UUID, int]:
        """A key, and how often to ask with it: one time in four twice."""
        return self._key(), 2 if self._random.random() < 0.25 else 1

    async def _watch(self, order_id: int) -> None:
        """Look at the stage until the order has ended."""
        await self._stage_seen(order_id, THE_END)

    async def _look(self, order_id: int) -> Answer:
        path = f"/orders/{order_id}/stage?live=false"
        return await self._client.ask("get_order_stage", "GET", path, order_id=order_id)

    def _key(self) -> UUID:
        return UUID(int=self._random.getrandbits(128))


async def drive(base_url: str, journal: Path, orders: int, seed: int) -> PatientClient:
    """Let the crowd shop, so many at once; return the client with its journal."""
    client = PatientClient(base_url, journal)
    waiting = [Random(f"{seed}-{number}") for number in range(orders)]
    begun = time.monotonic()

    async def serve() -> None:
        while waiting:
            random = waiting.pop()
            done = orders - len(waiting)
            if done % 100 == 0:
                print(
                    f"{done}/{orders} orders, {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True
                )
            await Customer(client, random).shop(random.random())

    await asyncio.gather(*(serve() for _ in range(AT_ONCE)))
    await client.close()
    return client


def outcomes_of(evidence: Evidence) -> Counter[str]:
    """Count what the orders met."""
    return Counter(outcome for history in evidence.orders for outcome in _met(history))


def _met(history: OrderHistory) -> Iterator[str]:
    charged = bool(history.payments)
    if history.status == "cancelled":
        yield "cancelled after the charge" if charged else "cancelled before the charge"
    if history.status in ("completed", "returned"):
        yield str(history.status)
    for event in history.of(EventType.COMMAND_REFUSED):
        yield {
            "cancel": "cancel refused",
            "change_address": "address refused",
            "review": "review refused",
            "return": "return too late" if event["decision"] == "RETURN_WINDOW_CLOSED" else "return refused",
        }[event["command"]]
    for event in history.of(EventType.COMMAND_ACCEPTED):
        if event["command"] == "change_address":
            yield "address accepted"
        if event["command"] == "review":
            yield f"{'rejected' if event['decision'] == 'reject' else 'reviewed'} by a person"


def main() -> int:
    """Return 0 if every invariant holds and every outcome was met often enough."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--orders", type=int, default=2000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--folder", type=Path, help="keep the run's database and journal there")
    given = options.parse_args()
    if given.folder:
        return _run(given.folder, given.orders, given.seed)
    with tempfile.TemporaryDirectory() as folder:
        return _run(Path(folder), given.orders, given.seed)


def _run(folder: Path, orders: int, seed: int) -> int:
    begun = time.monotonic()
    settings = {
        "REVIEW_SECONDS": str(REVIEW_SECONDS),
        "RETURN_WINDOW_SECONDS": str(RETURN_WINDOW.total_seconds()),
        "FLAKY_SEED": str(seed),
    }
    with started(folder / "var", **settings) as system:
        client = asyncio.run(drive(str(system.http.base_url), folder / "journal.jsonl", orders, seed))
        evidence = from_database(
            f"sqlite:///{folder / 'var' / 'orders.db'}", answers=client.answers, return_window=RETURN_WINDOW
        )
    return _report(evidence, orders, seed, time.monotonic() - begun)


def _report(evidence: Evidence, orders: int, seed: int, seconds: float) -> int:
    met, violations = outcomes_of(evidence), check(evidence)
    for outcome in OUTCOMES:
        print(f"{outcome:<30} {met[outcome]:>6}")
    for violation in violations:
        print(violation)
    print(
        f"{orders} orders, seed {seed}, {seconds:.0f} s: {len(ALL)} invariants, {len(violations)} violations"
    )
    rare = [outcome for outcome in OUTCOMES if met[outcome] < EACH_OUTCOME * orders / 2000]
    if rare:
        print(f"VACUOUS: too rarely met: {', '.join(rare)}")
    return 1 if violations or rare else 0


if __name__ == "__main__":
    sys.exit(main())
