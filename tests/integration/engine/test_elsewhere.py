"""Temporal may be anybody's: another address, a namespace of our own, TLS both ways, a key."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client

from activities.racing import Tools
from config.queues import TaskQueue
from config.settings import Settings
from db.database import Database
from domain.status import OrderStatus
from engine.connection import connect, connect_with_patience
from engine.link import TemporalLink
from hedge_state import HedgeState
from supervisor.elsewhere import Elsewhere
from supervisor.readiness import Lookout
from supervisor.status import Component, ComponentState
from supervisor.supervisor import Supervisor
from tests.shop.dice import ScriptedDice
from tests.shop.namespaces import register
from tests.shop.orders import an_order
from tests.shop.shop import open_shop
from tests.shop.tls import Authority, Pair, tls_in_front_of
from tests.shop.waiting import PATIENCE, eventually
from workers.order_worker import ORDER
from workers.spec import build_worker

NAMESPACE = "orders-elsewhere"


@pytest.fixture(autouse=True, scope="module")
def no_client_left_behind() -> Iterator[None]:
    yield
    gc.collect()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def address(temporal_address: str) -> str:
    """Of a server that has a namespace for us."""
    await register(await Client.connect(temporal_address), NAMESPACE)
    return temporal_address


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def door(address: str, authority: Authority) -> AsyncIterator[str]:
    """Where the same server is reached by TLS only."""
    async with tls_in_front_of(address, authority) as guarded:
        yield guarded


def settings_for(address: str, **more: str) -> Settings:
    named = {"TEMPORAL_ADDRESS": address, "TEMPORAL_NAMESPACE": NAMESPACE, **more}
    return Settings(temporal_environment=named)


def at_home_in(folder: Path, settings: Settings) -> Settings:
    return settings.model_copy(update={"data_dir": folder})


def by_tls(authority: Authority, ours: Pair | None) -> dict[str, str]:
    trust = {"TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(authority.pair.certificate)}
    if ours is None:
        return trust
    us = {
        "TEMPORAL_TLS_CLIENT_CERT_PATH": str(ours.certificate),
        "TEMPORAL_TLS_CLIENT_KEY_PATH": str(ours.key),
    }
    return trust | us


async def test_an_order_goes_its_way_on_a_server_elsewhere_over_tls(
    door: str, authority: Authority, books: str
) -> None:
    settings = settings_for(
        door, TEMPORAL_API_KEY="a key of ours", **by_tls(authority, authority.issue("client"))
    )
    client = await connect_with_patience(settings)

    async with open_shop(client, books) as shop:
        order = await shop.start(an_order())
        assert await order.ends() is OrderStatus.COMPLETED

    assert client.namespace == NAMESPACE
    assert client.service_client.config.api_key == "a key of ours"


async def test_nobody_gets_in_without_a_certificate_of_their_own(door: str, authority: Authority) -> None:
    with pytest.raises(RuntimeError):
        await connect(settings_for(door, **by_tls(authority, None)))


async def test_a_server_that_shows_a_stranger_s_certificate_is_not_believed(
    door: str, authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path)

    with pytest.raises(RuntimeError):
        await connect(settings_for(door, **by_tls(stranger, authority.issue("client"))))


async def test_a_profile_names_the_server_too(address: str, tmp_path: Path) -> None:
    file = tmp_path / "temporal.toml"
    file.write_text(f'[profile.far]\naddress = "{address}"\nnamespace = "{NAMESPACE}"\n')
    named = {"TEMPORAL_CONFIG_FILE": str(file), "TEMPORAL_PROFILE": "far"}

    client = await connect_with_patience(Settings(temporal_environment=named))

    assert client.namespace == NAMESPACE


async def test_a_namespace_that_is_not_there_is_named_with_the_command_that_makes_it(
    address: str, tmp_path: Path
) -> None:
    settings = settings_for(address, TEMPORAL_NAMESPACE="not-there")
    supervisor = Supervisor(at_home_in(tmp_path, settings))

    temporal = (await supervisor.status()).component("temporal")

    assert temporal.state is ComponentState.UNREACHABLE
    assert temporal.detail is not None
    assert temporal.detail.endswith("temporal operator namespace create --namespace not-there")


async def test_whoever_waits_for_a_namespace_goes_on_when_it_is_made(address: str) -> None:
    settings = settings_for(address, TEMPORAL_NAMESPACE="made-late")
    link = TemporalLink(settings)
    link.open()
    waiting = asyncio.create_task(connect_with_patience(settings))

    assert not link.is_up
    await register(await Client.connect(address), "made-late")

    client = await asyncio.wait_for(waiting, PATIENCE.total_seconds())
    assert client.namespace == "made-late"

    async def is_up() -> bool:
        return link.is_up

    await eventually(is_up, wanted="a link that is up")
    await link.close()


async def test_however_many_ask_how_it_fares_the_server_is_asked_once(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Lookout] = []

    def counted(settings: Settings) -> Lookout:
        looks.append(Lookout(settings))
        return looks[-1]

    monkeypatch.setattr("supervisor.elsewhere.Lookout", counted)
    supervisor = Supervisor(at_home_in(tmp_path, settings_for(address)))

    told = await asyncio.gather(*(supervisor.status() for _ in range(20)))

    assert len(looks) == 1
    assert {status.component("temporal").state for status in told} == {ComponentState.READY}


async def test_what_was_seen_before_a_stop_is_not_told_after_it(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supervisor.elsewhere.LOOK_EVERY", timedelta(days=1))
    seen = iter([["before"], ["after"]])

    async def look(_: Elsewhere) -> list[Component]:
        return [Component(name=name, state=ComponentState.STOPPED) for name in next(seen)]

    monkeypatch.setattr(Elsewhere, "_look", look)
    supervisor = Supervisor(at_home_in(tmp_path, settings_for(address)))
    await supervisor.status()

    assert (await supervisor.stop()).components[-1].name == "after"


async def test_workers_that_run_elsewhere_count_as_ready(address: str, books: str, tmp_path: Path) -> None:
    await register(await Client.connect(address), "quiet")
    settings = settings_for(address, TEMPORAL_NAMESPACE="quiet")
    supervisor = Supervisor(at_home_in(tmp_path, settings))
    before = await supervisor.status()
    client = await connect(settings, identity="order-worker/1@elsewhere")

    async with open_shop(client, books):

        async def all_ready() -> bool:
            status = await supervisor.status()
            return all(part.state is ComponentState.READY for part in status.components)

        await eventually(all_ready, wanted="three workers that poll")
        after = await supervisor.status()

    names = [f"{queue}-worker" for queue in TaskQueue]
    assert [before.component(name).detail for name in names] == ["nobody polls its queue"] * 3
    assert after.component("order-worker").detail == "polled by order-worker/1@elsewhere"
    assert after.component("order-worker").pid is None
    assert not (tmp_path / "logs").exists()


async def test_a_worker_works_on_as_many_activities_at_once_as_it_is_told(address: str, books: str) -> None:
    client = await connect(settings_for(address))
    db = Database(books)
    tools = Tools(db=db, dice=ScriptedDice(), hedging=HedgeState())

    worker = build_worker(ORDER, client, tools, activities=7)

    assert worker.config()["max_concurrent_activities"] == 7
    db.close()
