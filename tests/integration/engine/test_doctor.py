"""What is wrong with Temporal, its workers and the orders is named; what was lost is taken up again."""

import asyncio
import base64
import gc
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection
from temporalio.client import Client

from activities.books import BookActivities
from activities.payment import PaymentActivities
from activities.shipping import ShippingActivities
from bootstrap.findings import Finding, Verdict
from config.queues import TaskQueue
from config.settings import Settings
from db.books import Effort, add_order, change_status, end_order, now
from db.database import Database
from db.reads import read_order
from diagnosis import orders, temporal
from diagnosis.__main__ import examine
from domain.orders import DEMO_ITEMS, OrderId, order_workflow_id, return_workflow_id
from domain.status import OrderStatus
from domain.tasks import OrderStart
from engine.connection import connect
from engine.payloads import ENCODING
from function_stubs import payment, payment_provider
from function_stubs.intake import record_reviewed
from function_stubs.race_result import RaceResult
from supervisor.ports import free_port
from tests.shop.doors import Deed
from tests.shop.facts import charged, refunded
from tests.shop.namespaces import register
from tests.shop.orders import BY_A_PERSON, HOME, PlacedOrder, a_cancellation, an_order, refused
from tests.shop.shelves import POSTGRESQL, SQLITE
from tests.shop.shop import Shop, open_shop
from tests.shop.waiting import eventually
from workflows.order_workflow import OrderWorkflow
from workflows.return_workflow import ReturnWorkflow


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "shelf" in metafunc.fixturenames:
        metafunc.parametrize(
            "shelf", [SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.slow)], indirect=True
        )


@pytest.fixture(autouse=True, scope="module")
def no_client_left_behind() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture
async def settings(temporal_address: str, books: str, tmp_path: Path) -> Settings:
    """A namespace and books of the test's own."""
    namespace = f"doctor-{uuid4().hex[:8]}"
    await register(await Client.connect(temporal_address), namespace)
    return Settings(
        api_port=free_port(),
        data_dir=tmp_path,
        database_url=books,
        review_seconds=0,
        temporal_environment={"TEMPORAL_ADDRESS": temporal_address, "TEMPORAL_NAMESPACE": namespace},
    )


@pytest.fixture
async def ward(settings: Settings, books: str) -> AsyncIterator[Shop]:
    async with open_shop(await connect(settings), books) as shop:
        yield shop


async def faults(settings: Settings, *, fix: bool = False) -> dict[str, Finding]:
    found = [finding async for finding in examine(settings, fix=fix)]
    return {finding.subject: finding for finding in found if finding.verdict is Verdict.FAULT}


async def placed_long_ago(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "LONG_ENOUGH", timedelta(seconds=-1))


async def test_a_server_elsewhere_that_is_not_there_is_named(tmp_path: Path) -> None:
    nowhere = {"TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}"}

    found = await faults(Settings(data_dir=tmp_path, api_port=free_port(), temporal_environment=nowhere))

    assert list(found) == ["server"]
    assert "TEMPORAL_*" in found["server"].fix


async def test_queues_that_nobody_polls_and_a_namespace_that_is_not_there_are_named(
    settings: Settings,
) -> None:
    elsewhere = {**settings.temporal_environment, "TEMPORAL_NAMESPACE": "not-there"}

    unpolled = await faults(settings)
    homeless = await faults(settings.model_copy(update={"temporal_environment": elsewhere}))

    assert set(unpolled) == {f"{queue}-worker" for queue in TaskQueue}
    assert "python -m workers.shipping_worker" in unpolled["shipping-worker"].fix
    assert "namespace create --namespace not-there" in homeless["server"].what


@pytest.mark.parametrize("apart", [timedelta(hours=1), timedelta(hours=-1)])
async def test_a_server_with_another_time_is_named(settings: Settings, apart: timedelta) -> None:
    client = await connect(settings)

    found = {f.subject: f async for f in temporal.examine(client, settings, lambda: now() + apart)}

    assert found["server's clock"].verdict is Verdict.FAULT
    assert "NTP" in found["server's clock"].fix


async def test_where_all_is_well_nothing_is_wrong(ward: Shop, settings: Settings) -> None:
    order = await ward.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()

    assert await faults(settings) == {}


async def test_an_order_that_temporal_does_not_know_is_named_and_taken_up(
    ward: Shop, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await placed_long_ago(ward, monkeypatch)
    placed = await ward.db.write(partial(add_order, tag=ward.tag, address=HOME, items=DEMO_ITEMS))

    named = await faults(settings)
    after = await faults(settings, fix=True)

    assert f"{placed.order_id} (unknown to Temporal)" in named["orders"].what
    assert "./doctor --fix" in named["orders"].fix
    assert after == {}
    await ends(ward.db, placed.order_id, OrderStatus.COMPLETED)


async def test_an_order_whose_workflow_was_ended_from_outside_is_named_and_taken_up(
    ward: Shop, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await placed_long_ago(ward, monkeypatch)
    ward.dice.holds("ship")
    order = await ward.start(an_order(costing_cents=4200))
    await ward.dice.is_asked_for("ship")
    await order.handle.terminate("by mistake")

    named = await faults(settings)
    after = await faults(settings, fix=True)
    ward.dice.lets_go("ship")

    assert f"{order.id} (terminated)" in named["orders"].what
    assert after == {}
    await ends(ward.db, order.id, OrderStatus.COMPLETED)
    assert await order.payments() == [charged(4200)]


async def test_what_temporal_cannot_read_is_taken_up_and_still_cannot_be_read(
    settings: Settings, books: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings.model_copy(update={"payload_key": base64.b64encode(bytes(range(32))).decode()})
    async with open_shop(await connect(settings), books) as ward:
        await placed_long_ago(ward, monkeypatch)
        order = await ward.start(an_order(reviewed=BY_A_PERSON))
        await order.awaits_its_review()
        await order.handle.terminate("by mistake")

        after = await faults(settings, fix=True)

        assert after == {}
        await ends(ward.db, order.id, OrderStatus.COMPLETED)
        begun, *_ = (await ward.client.get_workflow_handle(order.handle.id).fetch_history()).events
        kept = begun.workflow_execution_started_event_attributes.input.payloads
        assert [payload.metadata["encoding"] for payload in kept] == [ENCODING]


async def test_a_return_whose_workflow_was_ended_from_outside_is_paid_back(
    ward: Shop, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await placed_long_ago(ward, monkeypatch)
    order = await ward.start(an_order(costing_cents=4200))
    await order.ends()
    ward.dice.holds("refund")
    ward.meanwhile(ward.take_back(order, requested_at=now(), command_id="back"))
    await ward.dice.is_asked_for("refund")
    returning = return_workflow_id(ward.tag, order.id, "back")
    await ward.client.get_workflow_handle_for(ReturnWorkflow.run, returning).terminate("by mistake")

    named = await faults(settings)
    after = await faults(settings, fix=True)
    ward.dice.lets_go("refund")

    assert f"{order.id} (terminated)" in named["orders"].what
    assert after == {}
    await ends(ward.db, order.id, OrderStatus.RETURNED)
    assert await order.payments() == [charged(4200), refunded(4200)]


@pytest.mark.parametrize("tag", ["another", None], ids=["other books", "ours"])
async def test_a_workflow_without_its_order_is_named(ward: Shop, settings: Settings, tag: str | None) -> None:
    stray = order_workflow_id(tag or ward.tag, OrderId(4711))
    start = OrderStart(order_id=OrderId(4711), address=HOME, budget=timedelta(seconds=15), review=BY_A_PERSON)
    handle = await ward.client.start_workflow(OrderWorkflow.run, start, id=stray, task_queue="nobody-polls")

    async def is_named() -> Finding | None:
        return (await faults(settings)).get("workflows")

    named = await eventually(is_named, wanted="the stray")

    assert named is not None
    assert stray in named.what
    assert "temporal workflow terminate" in named.fix
    await handle.terminate("the test is over")


@pytest.mark.parametrize(
    ("status", "end"),
    [
        (OrderStatus.CANCELLING, OrderStatus.CANCELLED),
        (OrderStatus.FAILING, OrderStatus.FAILED),
    ],
)
async def test_a_workflow_rolled_back_to_before_its_order_was_undone_is_named_and_the_order_ends(
    ward: Shop, settings: Settings, monkeypatch: pytest.MonkeyPatch, status: OrderStatus, end: OrderStatus
) -> None:
    await placed_long_ago(ward, monkeypatch)
    order = await ward.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()
    await ward.db.write(partial(change_status, order_id=order.id, to=status, when=[OrderStatus.IN_PROGRESS]))

    named = await rolled_back_in(settings)
    after = await faults(settings, fix=True)

    assert f"{order.id} ({status})" in named.what
    assert "./doctor --fix" in named.fix
    assert after == {}
    await ends(ward.db, order.id, end)


async def test_a_workflow_rolled_back_to_before_its_orders_end_is_named_and_ended(
    ward: Shop, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await placed_long_ago(ward, monkeypatch)
    order = await ward.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()
    expire = partial(
        end_order, order_id=order.id, status=OrderStatus.EXPIRED, when=[OrderStatus.IN_PROGRESS], late=False
    )
    await ward.db.write(expire)

    named = await rolled_back_in(settings)
    after = await faults(settings, fix=True)

    assert f"{order.id} (expired)" in named.what
    assert after == {}
    *_, last = (await order.handle.fetch_history()).events
    assert last.workflow_execution_terminated_event_attributes.reason.startswith("rolled back")


async def test_a_workflow_that_was_rolled_back_and_cancels_once_more_in_vain_is_named(
    ward: Shop, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await placed_long_ago(ward, monkeypatch)
    order = await ward.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()
    await ward.db.write(
        partial(change_status, order_id=order.id, to=OrderStatus.CANCELLING, when=[OrderStatus.IN_PROGRESS])
    )
    await order.handle.signal("cancel", a_cancellation())
    await order.has_tried(BookActivities.record_cancellation, times=1)

    named = await rolled_back_in(settings)
    after = await faults(settings, fix=True)

    assert f"{order.id} (cancelling)" in named.what
    assert after == {}
    await ends(ward.db, order.id, OrderStatus.CANCELLED)


def charge_unheard(connection: Connection, order_id: OrderId) -> None:
    """The order was approved and charged, in steps that Temporal has lost."""
    record_reviewed(connection, order_id, "Rae", late=False)
    receipt = payment_provider.charge(connection, order_id=order_id, amount_cents=4200)
    assert receipt
    result = RaceResult(order_id=order_id, won=receipt, effort=Effort(), at=now(), late=False)
    payment.record_charge(connection, result)


async def rolled_back_to_its_review(ward: Shop) -> PlacedOrder:
    order = await ward.start(an_order(costing_cents=4200, reviewed=BY_A_PERSON))
    await order.awaits_its_review()
    await ward.db.write(partial(charge_unheard, order_id=order.id))
    return order


async def test_a_workflow_rolled_back_to_before_the_charge_ends_no_order_without_its_refund(
    ward: Shop, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await placed_long_ago(ward, monkeypatch)
    order = await rolled_back_to_its_review(ward)
    await order.tell(a_cancellation())

    named = await rolled_back_in(settings)
    after = await faults(settings, fix=True)

    assert f"{order.id} (cancelling)" in named.what
    assert after == {}
    await ends(ward.db, order.id, OrderStatus.CANCELLED)
    assert await order.payments() == [charged(4200), refunded(4200)]


async def test_a_workflow_that_rejects_what_the_books_have_approved_is_named_and_the_order_goes_on(
    ward: Shop, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await placed_long_ago(ward, monkeypatch)
    order = await rolled_back_to_its_review(ward)
    rejecting = asyncio.create_task(order.reject())
    await order.has_tried(BookActivities.record_review, times=1)

    named = await rolled_back_in(settings)
    after = await faults(settings, fix=True)

    assert f"{order.id} (in_progress)" in named.what
    assert after == {}
    with refused("AcceptedUpdateCompletedWorkflow"):
        await rejecting
    await ends(ward.db, order.id, OrderStatus.COMPLETED)
    assert await order.payments() == [charged(4200)]


async def test_a_workflow_that_is_told_the_same_again_catches_up_with_the_books(ward: Shop) -> None:
    order = await rolled_back_to_its_review(ward)

    await order.approve()

    assert await order.ends() is OrderStatus.COMPLETED
    assert await order.payments() == [charged(4200)]


@pytest.mark.parametrize("deed", [ShippingActivities.unpack_package, PaymentActivities.refund_payment])
async def test_a_workflow_that_undoes_its_order_is_let_be(
    ward: Shop, settings: Settings, monkeypatch: pytest.MonkeyPatch, deed: Deed
) -> None:
    """While it is at it, and when only the books know that it is done."""
    await placed_long_ago(ward, monkeypatch)
    door = ward.doors.shut_after(deed)
    ward.dice.holds("prepare")
    order = await ward.start(an_order(costing_cents=4200))
    await ward.dice.is_asked_for("prepare")
    await order.tell(a_cancellation())
    ward.dice.lets_go("prepare")
    await door.has_stopped_one()

    found = [await faults(settings), await faults(settings, fix=True)]
    door.open()

    assert found == [{}, {}]
    assert await order.ends() is OrderStatus.CANCELLED


async def rolled_back_in(settings: Settings) -> Finding:
    """Return the finding, once there is one: Temporal's list of workflows is a moment behind."""

    async def is_named() -> Finding | None:
        return (await faults(settings)).get("rolled back")

    named = await eventually(is_named, wanted="a finding that names it")
    assert named is not None
    return named


async def ends(db: Database, order_id: OrderId, status: OrderStatus) -> None:
    async def has_ended() -> bool:
        return (await db.read(partial(read_order, order_id=order_id))).status is status

    await eventually(has_ended, wanted=status)
