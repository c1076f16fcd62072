"""`python -m benchmarks.launches [--orders N]`: what hedging costs on the real system, stage by stage.

Starts a system of its own on free ports with the default dice, lets customers order one after the other, and
reads from the books how many calls each stage launched, over all attempts of its activity.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from http import HTTPStatus
from pathlib import Path
from statistics import mean

from benchmarks.journal import JournallingClient
from benchmarks.running_system import ADDRESS, ENDED, started
from domain.events import EventType
from domain.stages import Stage
from observability.invariants.checker import check
from observability.invariants.evidence import Evidence, from_database

AT_ONCE = 20
LOOK_EVERY_SECONDS = 0.5

# With a third of all calls succeeding no policy needs fewer than 3.00; a stage that also calls a provider
# waits for its commit, and now and then hedges that.
MOST_LAUNCHES = 3.1
MOST_LAUNCHES_WITH_A_PROVIDER = 3.5
PROVIDER_STAGES = (Stage.PAYMENT_CHARGED, Stage.CARRIER_DISPATCHED)


async def shop(base_url: str, journal: Path, orders: int) -> JournallingClient:
    """Place so many orders, twenty under way at a time; return the client with its journal."""
    client, left = JournallingClient(base_url, journal), iter(range(orders))

    async def customer() -> None:
        for number in left:
            if number % 100 == 0:
                print(f"{number}/{orders} orders", file=sys.stderr, flush=True)
            placed = await client.ask("start_order", "POST", "/orders", body={"address": ADDRESS})
            if placed.status == HTTPStatus.CREATED and placed.order_id is not None:
                await _see_to_its_end(client, placed.order_id)

    await asyncio.gather(*(customer() for _ in range(AT_ONCE)))
    await client.close()
    return client


async def _see_to_its_end(client: JournallingClient, order_id: int) -> None:
    while True:
        path = f"/orders/{order_id}/stage?live=false"
        seen = await client.ask("get_order_stage", "GET", path, order_id=order_id)
        if seen.told.get("status") in ENDED:
            return
        await asyncio.sleep(LOOK_EVERY_SECONDS)


def launches_of(evidence: Evidence) -> dict[Stage, list[int]]:
    """Return for each flaky stage how many calls each order launched for it."""
    found: dict[Stage, list[int]] = defaultdict(list)
    for history in evidence.orders:
        for event in history.of(EventType.STAGE_REACHED):
            if event["launched"] is not None:
                found[Stage(event["stage"])].append(event["launched"])
    return found


def surplus_rows(evidence: Evidence) -> int:
    """Count what the provider and the carrier wrote beyond one row an order: what a loser left behind."""
    logs = (log or () for history in evidence.orders for log in (history.provider, history.carrier))
    return sum(max(0, len(log) - 1) for log in logs)


def main() -> int:
    """Return 0 if every stage keeps to its figure, every order completed and no loser left a row."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--orders", type=int, default=1000)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        data = Path(folder) / "var"
        with started(data, REVIEW_SECONDS="0") as system:
            client = asyncio.run(
                shop(str(system.http.base_url), Path(folder) / "journal.jsonl", given.orders)
            )
            evidence = from_database(f"sqlite:///{data / 'orders.db'}", answers=client.answers)
    return _report(evidence, time.monotonic() - begun)


def _report(evidence: Evidence, seconds: float) -> int:
    is_good = True
    for stage, launches in launches_of(evidence).items():
        most = MOST_LAUNCHES_WITH_A_PROVIDER if stage in PROVIDER_STAGES else MOST_LAUNCHES
        is_good &= mean(launches) <= most
        print(f"{stage.value:<20} {mean(launches):.3f} launches an order, at most {most}")
    taken = sorted((h.order["ended_at"] - h.order["created_at"]).total_seconds() for h in evidence.orders)
    late = sum(history.order["sla_breached"] for history in evidence.orders)
    completed = sum(history.status == "completed" for history in evidence.orders)
    surplus, violations = surplus_rows(evidence), check(evidence)
    print(f"{completed} of {len(taken)} orders completed in {seconds:.0f} s, {late} of them late")
    print(f"an order took {taken[len(taken) // 2]:.2f} s in the median, {taken[-1]:.2f} s at the most")
    print(f"{surplus} surplus rows, {len(violations)} violations")
    return 0 if is_good and completed == len(taken) and not surplus and not violations else 1


if __name__ == "__main__":
    sys.exit(main())
