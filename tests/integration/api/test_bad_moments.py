"""A command that comes before its workflow is known, while nobody hears it, or just as its order ends."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from api import deciding
from api.deciding import CANCELLING, READDRESSING
from api.desk import Desk
from db.books import Effort, add_order, change_status, reach_stage
from db.reads import OrderSnapshot
from domain.events import ACCEPTED
from domain.orders import DEMO_ITEMS
from domain.stages import Stage
from domain.status import OrderStatus
from signals import CancellationEffect
from tests.integration.api.caller import ANOTHER_ADDRESS, Caller
from tests.integration.api.conftest import an_api, ready
from tests.integration.api.processes import MadeUpProcesses
from tests.shop.desk import a_desk_of, let_temporal_forget, lost, taken_up
from tests.shop.histories import kinds_in_history
from tests.shop.orders import ELSEWHERE, HOME, a_cancellation, an_address_change, an_order
from tests.shop.shop import Shop
from workers.order_worker import ORDER
from workers.shipping_worker import SHIPPING

LINES = {"cancel": f"cancel: {ACCEPTED}", "readdress": f"change_address: {ACCEPTED}"}
ENDS = {"cancel": OrderStatus.CANCELLED, "readdress": OrderStatus.COMPLETED}


@pytest.fixture
def api(shop: Shop, books: str, temporal_address: str, tmp_path: Path) -> Iterator[Caller]:
    """An API over the books of the shop, whose workers the test can send home."""
    over = {
        "database_url": books,
        "temporal_environment": {"TEMPORAL_ADDRESS": temporal_address},
    }
    with an_api(tmp_path / "api", MadeUpProcesses(), **over) as caller:
        yield ready(caller)


@pytest.mark.parametrize("command", ["cancel", "readdress"])
async def test_what_no_worker_heard_is_decided_once_when_it_is_asked_for_again(
    command: str, api: Caller, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.deciding.DECIDED_WITHIN", timedelta(seconds=0.5))
    shop.dice.holds("prepare")
    order = await shop.start(an_order())
    await shop.dice.is_asked_for("prepare")
    ask = partial(asyncio.to_thread, getattr(api, command), order.id, key="the-same")

    await shop.stop_work(ORDER)
    unheard = [await ask(), await ask()]
    await shop.begin_work(ORDER)
    monkeypatch.undo()
    heard = [await ask(), await ask()]
    shop.dice.lets_go("prepare")

    assert {answer.json()["code"] for answer in unheard} == {"DECISION_PENDING"}
    assert {answer.status_code for answer in unheard} == {503}
    assert {answer.status_code for answer in heard} == {200}
    assert await order.ends() is ENDS[command]
    assert (await order.story()).count(LINES[command]) == 1


async def test_a_command_that_is_still_being_decided_is_not_refused_by_the_row_in_between(
    api: Caller, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shipping takes the new address later; until then nobody may say that it was refused."""
    monkeypatch.setattr("api.deciding.DECIDED_WITHIN", timedelta(seconds=0.5))
    await shop.stop_work(SHIPPING)
    order = await shop.start(an_order())
    await order.has_begun_shipping()
    ask = partial(asyncio.to_thread, api.readdress, order.id, key="the-same")

    unheard = await ask()
    monkeypatch.undo()
    cancelled = await asyncio.to_thread(api.cancel, order.id)
    monkeypatch.setattr("api.deciding.DECIDED_WITHIN", timedelta(seconds=0.5))
    still_unheard = await ask()
    monkeypatch.undo()
    await shop.begin_work(SHIPPING)
    heard = await ask()

    assert cancelled.status_code == 200
    assert [unheard.json()["code"], still_unheard.json()["code"]] == ["DECISION_PENDING"] * 2
    assert heard.status_code == 200, heard.text
    assert await order.ends() is OrderStatus.CANCELLED
    assert (await order.story()).count(LINES["readdress"]) == 1
    assert (await order.address()).line1 == ANOTHER_ADDRESS["line1"]


@pytest.mark.parametrize("command", ["cancel", "readdress"])
async def test_an_order_whose_workflow_was_never_started_is_started_to_decide(
    command: str, api: Caller, shop: Shop
) -> None:
    placed = await shop.db.write(partial(add_order, tag=shop.tag, address=HOME, items=DEMO_ITEMS))

    answer = await asyncio.to_thread(getattr(api, command), placed.order_id)

    assert answer.status_code == 200, answer.text
    await asyncio.to_thread(api.ends, placed.order_id, ENDS[command].value)


async def test_an_order_that_was_being_cancelled_is_not_begun_anew_to_decide(api: Caller, shop: Shop) -> None:
    """Its workflow was lost; taking it up where it stood is the doctor's."""
    placed = await shop.db.write(partial(add_order, tag=shop.tag, address=HOME, items=DEMO_ITEMS))
    to_cancelling = partial(change_status, to=OrderStatus.CANCELLING, when=[OrderStatus.IN_PROGRESS])
    await shop.db.write(partial(to_cancelling, order_id=placed.order_id))

    answer = await asyncio.to_thread(api.readdress, placed.order_id)

    assert (answer.status_code, answer.json()["code"]) == (503, "DECISION_PENDING")
    assert await kinds_in_history(shop.client.get_workflow_handle(placed.workflow_id)) == []


@pytest.mark.parametrize("command", ["cancel", "readdress", "review"])
async def test_an_order_that_had_come_anywhere_is_not_begun_anew_to_decide(
    command: str, api: Caller, shop: Shop
) -> None:
    """A workflow that knows nothing of the order's stages would undo none of them."""
    placed = await shop.db.write(partial(add_order, tag=shop.tag, address=HOME, items=DEMO_ITEMS))
    at_the_first = partial(reach_stage, stage=Stage.ORDER_RECEIVED, effort=Effort(), late=False)
    await shop.db.write(partial(at_the_first, order_id=placed.order_id))

    answer = await asyncio.to_thread(getattr(api, command), placed.order_id)

    assert (answer.status_code, answer.json()["code"]) == (503, "DECISION_PENDING")
    assert await kinds_in_history(shop.client.get_workflow_handle(placed.workflow_id)) == []


async def test_a_cancellation_whose_workflow_is_lost_while_it_waits_for_the_charge_is_told_once_that_is_known(
    api: Caller, shop: Shop
) -> None:
    shop.dice.holds("charge", "settle")
    before = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("charge")
    ask = partial(asyncio.to_thread, api.cancel, before.id, key="the-same")

    asking = asyncio.create_task(ask())
    await before.becomes(OrderStatus.CANCELLING)
    await lost(before)
    cut_short, gone = await asking, await ask()
    order = await taken_up(shop, before)
    await shop.dice.is_asked_for("settle")
    taken_up_again = await ask()
    shop.dice.lets_everything_go()
    assert await order.ends() is OrderStatus.CANCELLED
    told = await ask()

    unknown = [cut_short, gone, taken_up_again]
    assert [(one.status_code, one.json()["code"]) for one in unknown] == [(503, "DECISION_PENDING")] * 3
    assert told.status_code == 200, told.text
    charges = [money.amount_cents for money in await order.payments() if money.kind == "charge"]
    assert told.json()["refund_cents"] == sum(charges)


async def test_a_change_of_address_that_was_accepted_is_told_so_whoever_has_taken_the_order_up(
    api: Caller, shop: Shop
) -> None:
    shop.dice.holds("prepare")
    before = await shop.start(an_order())
    await shop.dice.is_asked_for("prepare")
    command = an_address_change(ELSEWHERE)
    await before.tell(command)
    await lost(before)
    order = await taken_up(shop, before)
    shop.dice.lets_go("prepare")
    assert await order.ends() is OrderStatus.COMPLETED

    desk = a_desk_of(shop)
    assert await deciding.decide(desk, order.id, READDRESSING, command) is None


async def test_a_cancellation_before_the_charge_is_told_by_the_books_once_temporal_has_forgotten_the_order(
    shop: Shop,
) -> None:
    shop.dice.holds("validate")
    order = await shop.start(an_order())
    await shop.dice.is_asked_for("validate")
    await order.tell(command := a_cancellation())
    shop.dice.lets_go("validate")
    assert await order.ends() is OrderStatus.CANCELLED
    await shop.db.write(partial(let_temporal_forget, order_id=order.id))

    effect = await deciding.decide(a_desk_of(shop), order.id, CANCELLING, command)

    assert effect is CancellationEffect.CANCELLED


@pytest.mark.parametrize("command", ["cancel", "readdress", "review"])
async def test_an_order_that_ends_before_it_is_asked_is_judged_by_its_row(
    command: str, api: Caller, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = deciding._ask

    async def once_it_has_ended(desk: Desk, order: OrderSnapshot, *rest: Any) -> Any:
        assert order.status is OrderStatus.IN_PROGRESS
        shop.dice.lets_go("deliver")
        await desk.link.client().get_workflow_handle(order.workflow_id).result()
        return await ask(desk, order, *rest)

    monkeypatch.setattr(deciding, "_ask", once_it_has_ended)
    shop.dice.holds("deliver")
    order = await shop.start(an_order())
    await shop.dice.is_asked_for("deliver")

    answer = await asyncio.to_thread(getattr(api, command), order.id)

    assert (answer.status_code, answer.json()["code"]) == (409, "ALREADY_COMPLETED")
    assert await order.ends() is OrderStatus.COMPLETED
