"""The id of a request is in the log of everything that is done on its behalf, wherever that is."""

import gc
import logging
from collections import defaultdict
from collections.abc import Iterator
from functools import partial

import pytest
from asgi_correlation_id import correlation_id
from temporalio import workflow

from activities.books import BookActivities
from config.settings import Settings
from db.books import add_order
from domain.orders import DEMO_ITEMS
from domain.status import OrderStatus
from engine.connection import connect
from tests.shop.desk import a_desk_of
from tests.shop.orders import HOME
from tests.shop.shop import open_shop
from workflows.order_workflow import OrderWorkflow

CANCELLING = (BookActivities.record_cancellation.__name__,)


class Listener(logging.Handler):
    """Notes on whose behalf each deed was done, and each stage begun."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: defaultdict[str | None, list[str]] = defaultdict(list)

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() in {"deed.done", "stage.begun"}:
            about = vars(record)
            self.heard[correlation_id.get()].append(about.get("deed") or about["stage"])


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    # As in a worker's process: an event's name is its name.
    monkeypatch.setattr(workflow.logger, "workflow_info_on_message", False)
    listener, root = Listener(), logging.getLogger()
    level = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    yield listener
    root.removeHandler(listener)
    root.setLevel(level)
    gc.collect()


async def test_each_request_is_followed_through_workflow_and_child_to_the_last_activity(
    temporal_address: str, books: str, listener: Listener
) -> None:
    client = await connect(Settings(temporal_environment={"TEMPORAL_ADDRESS": temporal_address}))
    async with open_shop(client, books) as shop:
        shop.dice.holds("dispatch")
        correlation_id.set("the-placing")
        row = await shop.db.write(partial(add_order, tag=shop.tag, address=HOME, items=DEMO_ITEMS))
        await a_desk_of(shop).start(shop.client, row)
        order = shop.adopt(
            row.order_id, shop.client.get_workflow_handle_for(OrderWorkflow.run, row.workflow_id)
        )
        await shop.dice.is_asked_for("dispatch")

        correlation_id.set("the-cancelling")
        await order.cancel()
        shop.dice.lets_go("dispatch")

        assert await order.ends() is OrderStatus.CANCELLED
    correlation_id.set(None)
    assert set(listener.heard) == {"the-placing", "the-cancelling"}
    assert listener.heard["the-cancelling"] == list(CANCELLING)
    assert {"receive_order", "dispatch_carrier", "carrier_dispatched", "refund_payment"} <= set(
        listener.heard["the-placing"]
    )
