"""A run: round after round, customers come and a fault strikes; then everything is let come to its end."""

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta
from random import Random

from benchmarks.chaos.books import Books
from benchmarks.chaos.customers import PatientClient
from benchmarks.chaos.faults import Faults, Missed
from benchmarks.chaos.record import Record, Struck
from benchmarks.chaos.schedule import Round, Visit
from benchmarks.chaos.system import System, until
from benchmarks.commands import Customer
from observability.invariants.checker import check_dump
from observability.invariants.evidence import Evidence, from_dump

# By then every order has to have come to its end.
ENDS_WITHIN = timedelta(seconds=60)

# A fault without an order to strike shows nothing; a machine that is busy may need a while to place one.
OPEN_WITHIN = timedelta(seconds=20)

# A dump in the middle of a run is of the newest orders: they are the ones under way.
DUMPED_ORDERS = 200


class Siege:
    """Whoever is under way when a run is stopped comes again when it goes on.

    A round is over when no more than the record's `still_open` of the orders placed until then are under way.
    """

    def __init__(self, record: Record, system: System, client: PatientClient, books: Books) -> None:
        self._record = record
        self._system = system
        self._client = client
        self._books = books
        self._customers: dict[asyncio.Task[None], Visit] = {}
        self.last_dump: Evidence | None = None

    async def run(self, rounds: list[Round], faults: Faults, limit: timedelta | None) -> None:
        """Hold the rounds that have not been held; no new one once the time is over."""
        stops_at = time.monotonic() + limit.total_seconds() if limit else None
        held = len(self._record.struck)
        if held:
            await self._look_into_a_dump()
            self._come_again(rounds[:held])
        for each in rounds[held:]:
            began = time.monotonic()
            if stops_at and began > stops_at:
                break
            struck = await self._round(each, faults)
            self._record.struck.append(struck)
            self._record.seconds += time.monotonic() - began
            self._keep()
            print(f"{each}: {_told(struck)}", file=sys.stderr, flush=True)
        await self._everybody_goes_home()

    async def _round(self, each: Round, faults: Faults) -> Struck:
        for visit in each.visits:
            self._come(visit)
        await asyncio.sleep(each.strike.offset_seconds)
        hit = await self._somebody_is_open()
        open_orders, at = len(await self._books.open_orders()), datetime.now(UTC)
        try:
            await faults.strike(each.strike)
        except Missed:
            hit = False
        healed_at, healed = datetime.now(UTC), time.monotonic()
        await self._system.is_ready()
        ready_seconds = time.monotonic() - healed
        await self._look_into_a_dump()
        await self._have_ended(but=self._record.still_open)
        await self._system.is_whole()
        return Struck(
            round=each.number,
            family=each.strike.family,
            what=str(each.strike),
            lasts_seconds=each.strike.lasts_seconds,
            at=at,
            healed_at=healed_at,
            hit=hit and open_orders > 0,
            open_orders=open_orders,
            ready_seconds=ready_seconds,
        )

    def _come(self, visit: Visit) -> None:
        async def customer() -> None:
            await asyncio.sleep(visit.offset_seconds)
            random = Random(f"{self._record.seed}-{visit.number}")
            await Customer(self._client, random).shop(visit.plan)

        task = asyncio.create_task(customer())
        self._customers[task] = visit
        task.add_done_callback(self._customers.pop)

    def _come_again(self, held: list[Round]) -> None:
        for each in held:
            for visit in each.visits:
                if visit.number in self._record.visits_under_way:
                    self._come(visit)

    def _keep(self) -> None:
        self._record.visits_under_way = [visit.number for visit in self._customers.values()]
        self._record.keep()

    async def _somebody_is_open(self) -> bool:
        async def is_open() -> bool:
            return bool(await self._books.open_orders())

        try:
            await until(is_open, OPEN_WITHIN, "an open order")
        except TimeoutError:
            return False
        return True

    async def _have_ended(self, *, but: int = 0) -> None:
        """All but so many that were placed until now have ended, or have had their time."""
        newest = await self._books.last_order()

        async def few_are_open() -> bool:
            return len(await self._books.open_orders(up_to=newest)) <= but

        try:
            await until(few_are_open, ENDS_WITHIN, f"the end of the orders up to {newest}")
        except TimeoutError as late:
            print(late, file=sys.stderr, flush=True)

    async def _look_into_a_dump(self) -> None:
        after = max(0, await self._books.last_order() - DUMPED_ORDERS)
        self.last_dump = from_dump(await self._system.dump(after))
        if violations := check_dump(self.last_dump):
            self._record.found += map(str, violations)
            self._record.keep()

    async def _everybody_goes_home(self) -> None:
        if self._customers:
            await asyncio.wait(self._customers, timeout=ENDS_WITHIN.total_seconds())
        self._keep()
        waiting = list(self._customers)
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await self._have_ended()


def _told(struck: Struck) -> str:
    return (
        f"{'hit' if struck.hit else 'MISSED'} with {struck.open_orders} open, "
        f"ready after {struck.ready_seconds:.1f} s"
    )
