from typing import Any

import pytest

from tests.integration.api.caller import Caller
from tests.integration.api.dice import SettableDice


def page(api: Caller, **query: Any) -> dict[str, Any]:
    answer = api.http.get("/orders", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids_in(found: dict[str, Any]) -> list[int]:
    return [order["id"] for order in found["orders"]]


@pytest.fixture
def held(api: Caller, dice: SettableDice) -> list[int]:
    """Five orders that stay where they are."""
    dice.hold("receive")
    return [api.place() for _ in range(5)]


def test_the_newest_orders_come_first(api: Caller, held: list[int]) -> None:
    found = page(api, limit=5)

    assert ids_in(found) == held[::-1]
    assert found["orders"][0]["amount_cents"] == 4200


def test_every_order_is_on_one_page_although_others_come_in(api: Caller, held: list[int]) -> None:
    first = page(api, limit=2)
    newer = api.place()
    second = page(api, limit=2, cursor=first["next_cursor"])
    third = page(api, limit=2, cursor=second["next_cursor"])

    assert ids_in(first) + ids_in(second) + ids_in(third)[:1] == held[::-1]
    assert newer in ids_in(page(api, limit=1))


def test_all_pages_together_are_all_orders(api: Caller, held: list[int]) -> None:
    seen, cursor = [], None
    while True:
        found = page(api, limit=7, **({"cursor": cursor} if cursor else {}))
        seen += ids_in(found)
        cursor = found["next_cursor"]
        if cursor is None:
            break

    assert seen == list(range(held[-1], 0, -1))


def test_the_last_page_says_so_even_if_it_is_full(api: Caller, held: list[int]) -> None:
    everything = ids_in(page(api, limit=500))

    assert page(api, limit=len(everything))["next_cursor"] is None
    assert page(api, limit=len(everything) - 1)["next_cursor"] is not None


@pytest.mark.slow
def test_orders_are_found_by_their_status_and_their_stage(
    api: Caller, held: list[int], dice: SettableDice
) -> None:
    dice.let_everything_go()
    cancelled = api.place(items=[])
    api.ends(cancelled, "rejected")
    api.ends(held[0], "completed")

    assert ids_in(page(api, status="rejected", limit=1)) == [cancelled]
    assert ids_in(page(api, status="rejected", stage="order_received", limit=1)) == [cancelled]
    assert cancelled not in ids_in(page(api, status="completed", limit=500))
    assert held[0] in ids_in(page(api, stage="order_delivered", limit=500))
    assert ids_in(page(api, status="completed", stage="order_received")) == []


@pytest.mark.parametrize(
    "query",
    [
        {"status": "lost"},
        {"stage": "order_eaten"},
        {"limit": 0},
        {"limit": 501},
        {"limit": "all"},
        {"cursor": ""},
        {"cursor": "7"},
        {"cursor": "8000000000000000"},
        {"cursor": "000000000000000G"},
        {"cursor": "0000000000000001\n"},
        {"cursor": "-000000000000001"},
        {"cursor": "ÿ" * 10},
        {"cursor": "A" * 5000},
    ],
)
def test_a_page_that_is_none_is_a_mistake_in_the_request(query: dict[str, Any], api: Caller) -> None:
    answer = api.http.get("/orders", params=query)

    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_REQUEST")
    assert answer.json()["errors"][0]["field"] == f"query.{next(iter(query))}"
