"""`python -m benchmarks.overload [--seconds N]`: more orders than can be worked on.

Finds the peak with a closed loop, then sends 1, 2, 5 and 10 times as many in an open loop. No machine is as
fast from one minute to the next: each stretch is held to the mean of the peaks before and after it. What is
accepted has to come to its end, the rest is to be turned away with `Retry-After`; throughput is what *ended*
a second. Returns 0 if it stayed at 90 % of the peak, everything accepted ended in time, and orders were taken
again within 5 s.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.chaos.system import System, until
from benchmarks.open_loop import TICK, Sender, Tally, a_post
from benchmarks.running_system import ADDRESS
from db.database import Database
from db.models import Order
from domain.status import ITS_WORKFLOW_DECIDES

TIMES = (1, 2, 5, 10)

# So many orders open at once keep every part of the system busy, and each still has its time.
OPEN_AT_PEAK = 60

# An order may take as long as this: what ends sooner was begun with fewer beside it than there are later.
WARM_UP = timedelta(seconds=15)

KEPT_OF_PEAK = 0.9
RECOVERS_WITHIN = timedelta(seconds=5)
ENDS_WITHIN = timedelta(seconds=60)

# Nobody is waited for: a reviewer's pause would only add to the orders that are open.
SETTINGS = {"REVIEW_SECONDS": "0", "LOG_LEVEL": "WARNING"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One stretch of it: what was sent, what ended a second, and what the system held at most."""

    times: int
    peak_before: float
    peak_after: float
    tally: Tally
    ended_a_second: float
    late: int
    open_at_most: int
    held_at_most: dict[str, float]
    taken_again_seconds: float
    all_ended_seconds: float

    @property
    def kept(self) -> float:
        """The share of the peak that ended all the same."""
        return 2 * self.ended_a_second / (self.peak_before + self.peak_after)


class Trial:
    """One system under load."""

    def __init__(self, system: System, lasts: timedelta) -> None:
        self._system = system
        self._lasts = lasts
        self._db = Database(f"sqlite:///{system.data_dir / 'orders.db'}")
        port = int(system.environment["API_PORT"])
        body = json.dumps({"address": ADDRESS}).encode()
        self._sender = Sender(port, a_post("/orders", body, port))
        self._open_at_most = 0
        self._held_at_most: dict[str, float] = {}

    async def peak(self) -> float:
        """Orders that end a second when as many are open as can be worked on."""
        tally, before = Tally(), await self._ended()
        measuring = asyncio.create_task(self._peak_a_second(before))
        while not measuring.done():
            wanted = OPEN_AT_PEAK - await self._open() - self._sender.under_way
            self._sender.send_some(max(0, wanted), tally)
            await asyncio.sleep(5 * TICK.total_seconds())
        await self._all_ended()
        return await measuring

    async def load(self, times: int, peak_before: float) -> Load:
        self._open_at_most, self._held_at_most = 0, {}
        late_before = await self._late()
        measuring = asyncio.create_task(self._ended_a_second(WARM_UP, self._lasts))
        watching = asyncio.create_task(self._watch())
        tally = await self._sender.send(rate=times * peak_before, lasts=WARM_UP + self._lasts)
        taken_again_seconds = await self._taken_again()
        all_ended_seconds = await self._all_ended()
        late = await self._late() - late_before
        watching.cancel()
        return Load(
            times=times,
            peak_before=peak_before,
            peak_after=await self.peak(),
            tally=tally,
            ended_a_second=await measuring,
            late=late,
            open_at_most=self._open_at_most,
            held_at_most=self._held_at_most,
            taken_again_seconds=taken_again_seconds,
            all_ended_seconds=all_ended_seconds,
        )

    async def close(self) -> None:
        await self._sender.close()
        self._db.close()

    async def _peak_a_second(self, before: int) -> float:
        """The first ones are ordered together and end together, so the count begins when they are gone."""

        async def first_are_gone() -> bool:
            return await self._ended() >= before + OPEN_AT_PEAK

        await until(first_are_gone, ENDS_WITHIN, "the end of the first orders")
        return await self._ended_a_second(timedelta(), self._lasts)

    async def _ended_a_second(self, after: timedelta, lasts: timedelta) -> float:
        await asyncio.sleep(after.total_seconds())
        before, began = await self._ended(), time.monotonic()
        await asyncio.sleep(lasts.total_seconds())
        return (await self._ended() - before) / (time.monotonic() - began)

    async def _watch(self) -> None:
        while True:
            self._open_at_most = max(self._open_at_most, await self._open())
            for name, held in self._held().items():
                self._held_at_most[name] = max(held, self._held_at_most.get(name, 0.0))
            await asyncio.sleep(0.5)

    def _held(self) -> dict[str, float]:
        levels = self._system.levels().values()
        wal = self._system.data_dir / "orders.db-wal"
        return {
            "megabytes": sum(level["megabytes"] for level in levels),
            "threads": sum(level["threads"] for level in levels),
            "file_descriptors": sum(level["file_descriptors"] for level in levels),
            "wal_megabytes": wal.stat().st_size / 2**20 if wal.exists() else 0.0,
        }

    async def _taken_again(self) -> float:
        """Seconds until an order is taken again."""
        began = time.monotonic()
        while time.monotonic() - began < ENDS_WITHIN.total_seconds():
            tally = Tally()
            self._sender.send_some(1, tally)
            await self._sender.all_answered()
            if tally.statuses[HTTPStatus.CREATED]:
                break
            await asyncio.sleep(TICK.total_seconds())
        return time.monotonic() - began

    async def _all_ended(self) -> float:
        began = time.monotonic()

        async def none_is_open() -> bool:
            return not await self._open()

        with suppress(TimeoutError):
            await until(none_is_open, ENDS_WITHIN, "the end of every order")
        return time.monotonic() - began

    async def _open(self) -> int:
        return await self._count(Order.status.in_(ITS_WORKFLOW_DECIDES))

    async def _ended(self) -> int:
        return await self._count(Order.status.not_in(ITS_WORKFLOW_DECIDES))

    async def _late(self) -> int:
        return await self._count(Order.sla_breached)

    async def _count(self, which: object) -> int:
        wanted = select(func.count()).select_from(Order).where(which)  # type: ignore[arg-type]
        return await self._db.read(lambda session: session.execute(wanted).scalar_one())


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=20.0, help="of each stretch that is measured")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(Path(folder), timedelta(seconds=given.seconds)))


async def _run(folder: Path, lasts: timedelta) -> int:
    system = System(folder / "var", **SETTINGS)
    try:
        await system.start()
        trial = Trial(system, lasts)
        print(HEADING, flush=True)
        mistakes: list[str] = []
        peak = await trial.peak()
        for times in TIMES:
            load = await trial.load(times, peak)
            peak = load.peak_after
            print(_row(load), flush=True)
            mistakes += _mistakes(load)
        await trial.close()
    finally:
        await system.end()
    print(*mistakes, f"{len(mistakes)} mistakes", sep="\n")
    return 1 if mistakes else 0


HEADING = (
    "times   peaks  accepted   shed other unsent unanswered ended/s kept  late  p99 ms  open again s"
    " ended s     MB threads    fds  WAL MB"
)


def _row(load: Load) -> str:
    statuses, held = load.tally.statuses, load.held_at_most
    accepted, shed = statuses[HTTPStatus.CREATED], statuses[HTTPStatus.SERVICE_UNAVAILABLE]
    slow = sorted(load.tally.seconds)[int(len(load.tally.seconds) * 0.99)]
    return (
        f"{load.times:>5} {load.peak_before:>3.1f} {load.peak_after:>3.1f} {accepted:>9} {shed:>6} "
        f"{statuses.total() - accepted - shed:>5} {load.tally.unsent:>6} "
        f"{load.tally.unanswered:>10} {load.ended_a_second:>7.1f} {load.kept:>4.0%} {load.late:>5} "
        f"{1000 * slow:>7.0f} {load.open_at_most:>5} {load.taken_again_seconds:>7.1f} "
        f"{load.all_ended_seconds:>7.1f} {held['megabytes']:>6.0f} {held['threads']:>7.0f} "
        f"{held['file_descriptors']:>6.0f} {held['wal_megabytes']:>7.1f}"
    )


def _mistakes(load: Load) -> list[str]:
    found = {
        f"{load.kept:.0%} of the peak": load.kept < KEPT_OF_PEAK,
        "not taken again in time": load.taken_again_seconds > RECOVERS_WITHIN.total_seconds(),
        f"{load.late} were late": load.late > 0,
        f"{load.tally.unanswered} were not answered": load.tally.unanswered > 0,
        "not all ended": load.all_ended_seconds > ENDS_WITHIN.total_seconds(),
        "turned away without Retry-After": load.tally.without_retry_after > 0,
        "answered otherwise": bool(
            set(load.tally.statuses) - {HTTPStatus.CREATED, HTTPStatus.SERVICE_UNAVAILABLE}
        ),
    }
    return [f"{load.times} times: {what}" for what, is_so in found.items() if is_so]


if __name__ == "__main__":
    sys.exit(main())
