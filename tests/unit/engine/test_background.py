"""What runs in the background goes on after a mistake that nobody foresaw."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

import api.feed
import api.sweep
import engine.link
import workers.weather
from api.feed import Feed
from api.sweep import sweep_for_ever
from config.settings import Settings
from domain.weather import Forecast
from engine.background import outliving_mistakes
from engine.link import TemporalLink
from supervisor.household import _kept_up
from tests.shop.waiting import eventually
from workers.weather import WeatherVane

SOON = timedelta(milliseconds=1)


@pytest.fixture(autouse=True)
def _short_of_breath(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.background.BREATHER", SOON)


def wrong_at_first(then: Callable[[], Any]) -> Callable[..., Awaitable[Any]]:
    """Fails the first time as only a mistake of ours would."""
    calls = 0

    async def call(*_: Any, **__: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ZeroDivisionError
        return then()

    return call


def crashed(caplog: pytest.LogCaptureFixture) -> list[str]:
    told = [record for record in caplog.records if record.getMessage() == "chore.crashed"]
    assert all(record.exc_info for record in told)
    return [vars(record)["chore"] for record in told]


@contextmanager
def running(chore: Any) -> Iterator[None]:
    task = asyncio.create_task(chore)
    try:
        yield
    finally:
        task.cancel()


async def test_a_mistake_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async with outliving_mistakes("sums"):
        _ = 1 / 0

    assert crashed(caplog) == ["sums"]


async def test_a_cancellation_is_no_mistake() -> None:
    with pytest.raises(asyncio.CancelledError):
        async with outliving_mistakes("sums"):
            raise asyncio.CancelledError


async def test_the_link_finds_its_server_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(engine.link, "LOOK_EVERY", SOON)
    monkeypatch.setattr(engine.link, "connect_with_patience", wrong_at_first(object))
    monkeypatch.setattr(engine.link, "what_is_missing", wrong_at_first(lambda: None))
    link = TemporalLink(Settings())

    async def is_up() -> bool:
        return link.is_up

    link.open()
    await eventually(is_up, wanted="a link that is up")
    await link.close()

    assert crashed(caplog) == ["temporal link"] * 2


async def test_the_vane_turns_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(workers.weather, "LOOK_EVERY", SOON)
    books: Any = SimpleNamespace(read=wrong_at_first(lambda: Forecast(fail=0.25)))
    vane = WeatherVane(Settings())

    async def has_turned() -> bool:
        return vane.now.fail == 0.25

    with running(vane.follow(books)):
        await eventually(has_turned, wanted="the weather that was asked for")

    assert crashed(caplog) == ["weather vane"]


async def test_the_feed_tells_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(api.feed, "LOOK_EVERY", SOON)
    monkeypatch.setattr(api.feed, "last_event_id", lambda _: 0)
    monkeypatch.setattr(api.feed, "find_events", lambda _, **__: [])
    looks = iter([ZeroDivisionError])

    async def read(query: Callable[[Any], Any]) -> Any:
        for mistake in looks:
            raise mistake
        return query(None)

    books: Any = SimpleNamespace(read=read)
    feed = Feed(books)
    with feed.reader(None):
        assert await feed.head(within=timedelta(seconds=30)) == 0
    await feed.close()

    assert crashed(caplog) == ["feed"]


async def test_the_sweep_goes_on_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    swept = asyncio.Event()
    monkeypatch.setattr(api.sweep, "SWEEP_EVERY", SOON)
    monkeypatch.setattr(api.sweep, "sweep", wrong_at_first(swept.set))
    desk: Any = None

    with running(sweep_for_ever(desk)):
        await asyncio.wait_for(swept.wait(), 30)

    assert crashed(caplog) == ["sweep"]


async def test_a_watch_over_a_process_goes_on_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    watched = asyncio.Event()

    begin = wrong_at_first(watched.set)

    async def look_after() -> None:
        await begin()
        await asyncio.Event().wait()

    watch = _kept_up("order-worker", look_after)
    await asyncio.wait_for(watched.wait(), 30)
    watch.cancel()

    assert crashed(caplog) == ["order-worker"]
