"""Temporal hears of a race while it runs, and of nothing afterwards."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities import racing
from activities.racing import Earlier, _heartbeats
from hedging.watch import RaceWatch

EVERY = timedelta(milliseconds=1)


class Listener:
    """Temporal's end: counts what it hears."""

    def __init__(self) -> None:
        self.environment = ActivityEnvironment()
        self.environment.on_heartbeat = self._hear
        self.heard = 0
        self.third = asyncio.Event()

    def _hear(self, *_: object) -> None:
        self.heard += 1
        if self.heard == 3:
            self.third.set()


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(racing, "HEARTBEAT_EVERY", EVERY)


@pytest.mark.usefixtures("often")
async def test_a_race_is_told_of_again_and_again_until_it_is_over() -> None:
    temporal = Listener()

    async def race() -> None:
        async with _heartbeats(RaceWatch(), Earlier()):
            await temporal.third.wait()

    await asyncio.wait_for(temporal.environment.run(race), 10)

    heard = temporal.heard
    await asyncio.sleep(20 * EVERY.total_seconds())
    assert temporal.heard == heard


async def test_a_race_that_is_won_soon_costs_no_heartbeat_and_a_lost_one_costs_one() -> None:
    temporal = Listener()

    async def race(error: Exception | None) -> None:
        async with _heartbeats(RaceWatch(), Earlier()):
            if error:
                raise error

    await temporal.environment.run(race, None)
    assert temporal.heard == 0

    with pytest.raises(KeyError):
        await temporal.environment.run(race, KeyError())
    assert temporal.heard == 1
