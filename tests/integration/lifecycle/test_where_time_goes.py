"""The benchmarks' account of an order's time leaves no moment out and counts none twice."""

from datetime import UTC, datetime

import pytest

from benchmarks.spans import Span, mean_spans
from tests.shop.orders import an_order
from tests.shop.shop import Shop
from tests.shop.waiting import eventually


async def test_every_moment_of_an_order_is_counted_once(shop: Shop) -> None:
    began = datetime.now(UTC)
    order = await shop.start(an_order())
    await order.ends()
    seen = await order.handle.describe()
    assert seen.close_time is not None

    async def is_listed() -> bool:
        return bool(
            [one async for one in shop.client.list_workflows(f"WorkflowId = '{seen.id}'") if one.close_time]
        )

    await eventually(is_listed, wanted="the order's end")
    spans = await mean_spans(shop.client, began)

    assert set(spans) == set(Span)
    assert sum(spans.values()) == pytest.approx(
        (seen.close_time - seen.start_time).total_seconds(), abs=0.005
    )
