"""A customer of the benchmarks who is turned away asks again; any other error ends the run."""

from typing import Any, cast

import httpx
import pytest

from benchmarks.whole_systems import ShopSystem


class Temporal:
    """Where every order has ended well."""

    def get_workflow_handle(self, _: str) -> "Temporal":
        return self

    async def result(self) -> dict[str, str]:
        return {"status": "completed"}


def a_shop_that_answers(*answers: httpx.Response) -> ShopSystem:
    left = list(answers)
    http = httpx.AsyncClient(base_url="http://shop", transport=httpx.MockTransport(lambda _: left.pop(0)))
    nothing = cast("Any", None)
    return ShopSystem(
        settings=nothing,
        supervisor=nothing,
        temporal=cast("Any", Temporal()),
        api=nothing,
        http=http,
        calls_of_an_event="",
    )


async def test_whoever_is_turned_away_asks_again() -> None:
    turned_away = httpx.Response(503, headers={"Retry-After": "0"})
    shop = a_shop_that_answers(turned_away, turned_away, httpx.Response(201, json={"workflow_id": "order"}))

    assert await shop.order()


async def test_whoever_is_refused_does_not() -> None:
    with pytest.raises(httpx.HTTPStatusError):
        await a_shop_that_answers(httpx.Response(422)).order()
