"""One process that is the whole system but for the Temporal server: the API and the three workers."""

import asyncio
import logging
import sys
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import uvicorn

import config.budget
import workflows.deeds
from activities.racing import Tools
from benchmarks.crash_points.seams import Death, Seams
from config.settings import Settings, load_settings
from engine.connection import connect_with_patience
from function_stubs.flaky import Dice, Outcome, Roll
from main import create_app
from supervisor.status import ServerState, ServerStatus
from workers.order_worker import ORDER
from workers.process import build_tools
from workers.returns_worker import RETURNS
from workers.shipping_worker import SHIPPING
from workers.spec import build_worker
from workers.weather import WeatherVane

# A stage that is to fail is given up after three races of a tenth of a second.
SOON = timedelta(seconds=0.1)


class Alone:
    """There is nobody behind this API to start or stop."""

    async def start(self) -> ServerStatus:
        return await self.status()

    async def status(self) -> ServerStatus:
        return ServerStatus(state=ServerState.READY, components=[])

    async def stop(self) -> ServerStatus:
        return await self.status()


class BrokenDice:
    """The calls of that name fail, all others are `sound`."""

    def __init__(self, broken: str, sound: Dice) -> None:
        self._broken = broken
        self._sound = sound

    def roll(self, call: str) -> Roll:
        return Roll(outcome=Outcome.FAIL) if call == self._broken else self._sound.roll(call)


def live(environment: dict[str, str], notes: Path, death: Death | None, broken: str | None) -> None:
    """Run until the death that is foreseen, or until ended from outside; `broken` names a call that fails."""
    log = (notes.parent / "life.log").open("a", buffering=1)
    sys.stdout = sys.stderr = log
    logging.basicConfig(level=logging.WARNING, stream=log, force=True)
    Seams(notes, death).put_on()
    if broken:
        config.budget.SHORTEST_RACE = SOON
        config.budget.STAGE_PATIENCE = SOON
        vars(workflows.deeds).update(STAGE_PATIENCE=3 * SOON)
    settings = load_settings(environment)
    asyncio.run(_live(settings, broken))


async def _live(settings: Settings, broken: str | None) -> None:
    app = create_app(settings, Alone())
    options = uvicorn.Config(app, host=settings.api_host, port=settings.api_port, log_config=None)
    serving = asyncio.create_task(uvicorn.Server(options).serve())
    client = await connect_with_patience(settings)
    tools = _with(build_tools(settings, WeatherVane(settings)), broken)
    async with AsyncExitStack() as at_work:
        for spec in (ORDER, SHIPPING, RETURNS):
            await at_work.enter_async_context(build_worker(spec, client, tools))
        await serving


def _with(tools: Tools, broken: str | None) -> Tools:
    if broken is None:
        return tools
    return Tools(db=tools.db, dice=BrokenDice(broken, tools.dice), hedging=tools.hedging)
