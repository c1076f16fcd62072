"""What every hedged activity shares: race the stub, tell Temporal while it runs, write the outcome once."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection
from temporalio import activity

from activities.journal import tell
from config.budget import paused_between
from db.books import Effort, now
from db.database import Database
from db.reads import OrderSnapshot, Source, read_order
from domain.faults import Fault, StageGivenUp
from domain.hedging import HedgeFigures
from domain.stages import Stage
from domain.tasks import StageTask
from function_stubs.flaky import Dice
from function_stubs.race_result import RaceResult
from hedge_state import run_with_hedges
from hedging.records import AttemptSink
from hedging.scope import HedgeScope, hedge_scope
from hedging.state import HedgeState
from hedging.watch import RaceWatch

T = TypeVar("T")

# Most calls have ended by then, and a heartbeat costs a round trip.
HEARTBEAT_EVERY = timedelta(seconds=0.4)


def _as_written() -> None:
    """The number of hedges is left to hedge_state.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What activities work with; `hedges` tells the number for the next race, None: hedge_state.py's."""

    db: Database
    dice: Dice
    hedging: HedgeState
    hedges: Callable[[], int | None] = _as_written
    sinks: tuple[AttemptSink, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What the attempts before this one came to: their calls, and how many races they `lost`."""

    figures: HedgeFigures = field(default_factory=HedgeFigures)
    lost: int = 0


class Activities(ABC):
    """The base of every room's activities."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._db = tools.db
        self._dice = tools.dice

    @abstractmethod
    def all(self) -> list[Callable[..., Any]]:
        """What a worker registers."""


class HedgedActivities(Activities):
    """The base of the rooms that race a stub."""

    async def reach(
        self,
        task: StageTask,
        stage: Stage,
        call: Callable[[], Awaitable[T]],
        record: Callable[[Connection, RaceResult[T]], None],
        *,
        check: Callable[[Source], None] | None = None,
    ) -> None:
        """Race `call` and write `record`, unless an attempt before this one wrote it.

        The first attempt need not look: nothing but the guards of the books makes a stage be reached once.
        """
        if activity.info().attempt == 1 or not (await self.read(task)).progress.has_reached(stage):
            await self.race_and_record(task, call, record, check=check)

    async def race_and_record(
        self,
        task: StageTask,
        call: Callable[[], Awaitable[T]],
        record: Callable[[Connection, RaceResult[T]], None],
        *,
        check: Callable[[Source], None] | None = None,
    ) -> T:
        """Race `call`, then commit what it brought home, in one transaction after the race.

        What the `check` of the books raises is raised before anybody is called.

        Temporal hears heartbeats until the commit is done: a busy database is not a dead worker.
        """
        info = activity.info()
        earlier = _earlier_attempts(info)
        scope = HedgeScope(
            stage=info.activity_type, deadline=task.race, state=self._tools.hedging, sinks=self._tools.sinks
        )
        with hedge_scope(scope) as watch:
            async with _heartbeats(watch, earlier):
                if check:
                    await self._db.read(check)
                won = await self._race(task, call, watch, earlier)
                figures, late = watch.figures().after(earlier.figures), now() > task.due_at
                effort = Effort(attempts=info.attempt, figures=figures)
                result = RaceResult(order_id=task.order_id, won=won, effort=effort, at=task.at, late=late)
                await self._db.write(lambda connection: record(connection, result))
        tell(late=late, race=asdict(figures))
        return won

    async def read(self, task: StageTask) -> OrderSnapshot:
        return await self._db.read(partial(read_order, order_id=task.order_id))

    async def _race(
        self, task: StageTask, call: Callable[[], Awaitable[T]], watch: RaceWatch, earlier: Earlier
    ) -> T:
        hedges = self._tools.hedges()
        try:
            return await run_with_hedges(call, **({} if hedges is None else {"hedges": hedges}))
        except Fault as fault:
            _give_up_when_out_of_patience(task, watch.figures().after(earlier.figures), earlier.lost, fault)
            raise


def _give_up_when_out_of_patience(task: StageTask, figures: HedgeFigures, lost: int, fault: Fault) -> None:
    """Time spent racing counts, and the pauses after the races `lost`: one call that fails takes no time.

    No other does: a stage whose worker was away has not been tried.
    """
    if task.patience is None:
        return
    if timedelta(milliseconds=figures.milliseconds) + paused_between(lost) >= task.patience:
        raise StageGivenUp(f"given up after {figures.launched} calls") from fault


def _earlier_attempts(info: activity.Info) -> Earlier:
    """What the last heartbeat of the attempt before this one told: Temporal hands it on to the next.

    Calls that were still running at that heartbeat ended with their worker.
    """
    if not info.heartbeat_details:
        return Earlier()
    told = info.heartbeat_details[0]
    figures = HedgeFigures(**told["figures"])
    ended = replace(figures, won_by=None, cancelled=figures.launched - figures.failed - figures.hung)
    return Earlier(figures=ended, lost=told.get("lost", 0))


@asynccontextmanager
async def _heartbeats(watch: RaceWatch, earlier: Earlier) -> AsyncIterator[None]:
    """Tell Temporal what the race is doing, while it runs and once more if it is lost."""
    loop = asyncio.get_running_loop()
    # A timer, not a task: most races are over before it.
    timer: asyncio.TimerHandle

    def beat(lost: int = earlier.lost) -> None:
        figures = watch.figures().after(earlier.figures)
        activity.heartbeat({"figures": asdict(figures), "live": watch.live(), "lost": lost})

    def tick() -> None:
        nonlocal timer
        timer = loop.call_later(HEARTBEAT_EVERY.total_seconds(), tick)
        beat()

    timer = loop.call_later(HEARTBEAT_EVERY.total_seconds(), tick)
    try:
        yield
    except Fault:
        beat(lost=earlier.lost + 1)
        raise
    except BaseException:
        beat()
        raise
    finally:
        timer.cancel()
