"""With keys: nobody comes in without one, and nobody sees, or stirs, what is another's."""

from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial

import httpx
import pytest

from api.app import build_app
from config.settings import Settings
from db.reads import count_at_work
from domain.stages import Stage
from tests.integration.api.backroom import Backroom
from tests.integration.api.caller import ANOTHER_ADDRESS, Caller
from tests.integration.api.conftest import OpenApi, ready
from tests.integration.api.dice import SettableDice
from tests.integration.api.keyring import Keyring, Keys, a_keyed_api, a_keyring
from tests.integration.api.listener import listening_to
from tests.integration.api.waiting import eventually

CONTRACT = build_app(lambda _: nullcontext(), Settings()).openapi()
OPERATIONS = [(method, path) for path, operations in CONTRACT["paths"].items() for method in operations]

# Health says nothing of any order, and whoever watches over us has no key.
OPEN = {("get", "/healthz"), ("get", "/readyz")}

FOR_ADMINS = {
    ("post", "/server/start"),
    ("get", "/server"),
    ("post", "/server/stop"),
    ("get", "/figures"),
    ("get", "/db-dump"),
    ("get", "/weather"),
    ("put", "/weather"),
    ("get", "/metrics"),
}

# Every operation on one order, with a body that is in order.
ON_AN_ORDER = [
    ("get", "", None),
    ("get", "/stage", None),
    ("get", "/timeline", None),
    ("get", "/actions", None),
    ("put", "/address", ANOTHER_ADDRESS),
    ("post", "/cancel", {}),
    ("post", "/review", {"decision": "approve", "reviewer": "Rae"}),
    ("post", "/return", {}),
]


@pytest.fixture(scope="session")
def _shared_ring(backroom: Backroom, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyring]:
    with a_keyed_api(tmp_path_factory.mktemp("keys"), backroom) as ring:
        yield ring


@pytest.fixture
def ring(_shared_ring: Keyring, dice: SettableDice) -> Keyring:
    return _shared_ring


@pytest.fixture
def hasty(open_api: OpenApi) -> Iterator[Keyring]:
    """Of an API that lets each ask three times a minute."""
    keys = Keys()
    opened = ready(open_api(api_keys=keys.holders, api_requests_per_minute=3))
    with a_keyring(opened.url, keys) as ring:
        yield ring


def ask(caller: Caller, method: str, path: str, **headers: str) -> httpx.Response:
    return caller.http.request(method, path.replace("{order_id}", "1"), headers=headers)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_no_operation_but_health_is_open_to_a_stranger(ring: Keyring) -> None:
    for method, path in OPERATIONS:
        answer = ask(ring.stranger, method, path)

        if (method, path) in OPEN:
            assert answer.status_code == 200
        else:
            assert code_of(answer) == (401, "UNAUTHORIZED"), path
            assert answer.headers["www-authenticate"].startswith("Bearer")
    assert code_of(ask(ring.stranger, "get", "/nowhere")) == (401, "UNAUTHORIZED")


def test_a_key_opens_no_more_than_its_scopes(ring: Keyring) -> None:
    """By what is refused: a scope that opens more than it should answers with something else."""
    for method, path in sorted(set(OPERATIONS) - OPEN):
        if (method, path) in FOR_ADMINS:
            assert code_of(ask(ring.ada, method, path)) == (403, "INSUFFICIENT_SCOPE"), path
        elif method != "get":
            assert code_of(ask(ring.adas_reader, method, path)) == (403, "INSUFFICIENT_SCOPE"), path
        elif path != "/events/stream":
            assert ask(ring.adas_reader, method, path).status_code != 403, path


def test_a_key_comes_in_either_header_and_no_other_way(ring: Keyring) -> None:
    key = ring.keys["ada"]

    assert ask(ring.stranger, "get", "/orders", **{"X-API-Key": key}).status_code == 200
    assert ask(ring.stranger, "get", "/orders", Authorization=f"Bearer {key}").status_code == 200
    assert ask(ring.stranger, "get", "/orders", Authorization=f"Basic {key}").status_code == 401
    assert ask(ring.stranger, "get", f"/orders?api_key={key}&key={key}").status_code == 401
    assert ask(ring.stranger, "get", "/orders", Cookie=f"key={key}").status_code == 401


@pytest.mark.parametrize("change", [lambda key: key[:-1], lambda key: key + "x", str.swapcase, lambda _: ""])
def test_what_only_looks_like_a_key_is_none(change: "type[str]", ring: Keyring) -> None:
    key = change(ring.keys["admin"])

    assert code_of(ask(ring.stranger, "get", "/orders", **{"X-API-Key": key})) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(("method", "path", "body"), ON_AN_ORDER)
def test_anothers_order_is_answered_for_as_one_that_does_not_exist(
    method: str, path: str, body: object, ring: Keyring, dice: SettableDice
) -> None:
    dice.hold("receive")
    adas = ring.ada.place()
    nobodys = 2**40

    hers, none = (
        ring.bob.http.request(method, f"/orders/{order}{path}", json=body) for order in (adas, nobodys)
    )

    assert code_of(hers) == (404, "ORDER_NOT_FOUND")
    assert hers.json() == {
        **none.json(),
        "order_id": adas,
        "detail": none.json()["detail"].replace(str(nobodys), str(adas)),
    }
    assert ring.ada.order(adas)["events"] == []


def test_each_lists_their_own_orders_and_the_admin_all(ring: Keyring) -> None:
    adas, bobs = ring.ada.place(), ring.bob.place()

    def listed(caller: Caller) -> set[int]:
        orders = caller.http.get("/orders", params={"limit": 500}).json()["orders"]
        return {order["id"] for order in orders} & {adas, bobs}

    assert (listed(ring.ada), listed(ring.bob), listed(ring.admin)) == ({adas}, {bobs}, {adas, bobs})


def test_the_attempts_of_anothers_order_are_not_told(ring: Keyring, dice: SettableDice) -> None:
    dice.hold("receive")
    adas = ring.ada.place()

    def told(caller: Caller) -> list[int]:
        found = caller.http.get("/attempts", params={"order_id": adas}).json()
        return [one["order_id"] for one in found]

    assert (told(ring.ada), told(ring.bob), told(ring.admin)) == ([adas], [], [adas])


def test_the_stream_tells_each_of_their_own_orders_alone(ring: Keyring) -> None:
    with listening_to(ring.bob) as bobs_stream, listening_to(ring.admin) as admins_stream:
        assert (next(bobs_stream).name, next(admins_stream).name) == ("hello", "hello")
        adas = ring.ada.place()
        ring.ada.ends(adas, "completed")
        bobs = ring.bob.place()

        first_told = [
            next(message for message in stream if message.content.get("order_id") in {adas, bobs})
            for stream in (bobs_stream, admins_stream)
        ]

    assert [message.content["order_id"] for message in first_told] == [bobs, adas]


def test_no_owner_keeps_the_others_from_the_stream(ring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.feed.MAX_READERS_OF_AN_OWNER", 1)
    with listening_to(ring.ada) as adas, listening_to(ring.admin) as one, listening_to(ring.admin) as another:
        assert [next(stream).name for stream in (adas, one, another)] == ["hello"] * 3

        refused = ring.adas_reader.http.get("/events/stream")

    assert (refused.status_code, refused.json()["code"]) == (503, "TOO_MANY_READERS")


def test_the_admin_commands_what_is_anothers(ring: Keyring, dice: SettableDice) -> None:
    dice.hold("receive")
    adas = ring.ada.place()

    assert ring.admin.cancel(adas).status_code == 200
    dice.let_go("receive")
    event = ring.ada.ends(adas, "cancelled")["events"][0]
    assert (event["type"], event["actor"]) == ("command_accepted", "ops")


def test_the_same_idempotency_key_of_two_owners_is_two_keys(ring: Keyring) -> None:
    answers = [caller.try_to_place(key="my-first") for caller in (ring.ada, ring.bob, ring.adas_reader)]
    again = ring.ada.try_to_place(key="my-first")

    assert [answer.status_code for answer in answers] == [201, 201, 403]
    assert answers[0].json()["order_id"] != answers[1].json()["order_id"]
    assert again.json() == answers[0].json()


def test_what_was_ordered_before_there_were_keys_is_the_admins_alone(api: Caller, ring: Keyring) -> None:
    order = api.place()

    assert ring.admin.order(order)["id"] == order
    assert ring.ada.http.get(f"/orders/{order}").status_code == 404


def test_the_pages_say_nothing_and_are_open_so_that_they_can_ask_for_the_key(ring: Keyring) -> None:
    for path in ("/", "/docs", "/openapi.json", "/pages/orders/1", "/static/page/live.js"):
        assert ring.stranger.http.get(path).status_code == 200, path


def test_the_contract_says_that_keys_are_needed_where_they_are(ring: Keyring, api: Caller) -> None:
    needed, not_needed = (
        caller.http.get("/openapi.json").json()["paths"]["/orders"]["get"]["security"]
        for caller in (ring.stranger, api)
    )

    assert needed == [{"key": []}, {"bearer": []}]
    assert not_needed == [*needed, {}]


def test_who_asks_too_often_is_told_when_to_ask_again_and_others_are_not(hasty: Keyring) -> None:
    answers = [hasty.ada.http.get("/orders") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["code"] == "RATE_LIMITED"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
    assert hasty.adas_reader.http.get("/orders").status_code == 429
    assert hasty.bob.http.get("/orders").status_code == 200
    assert {hasty.ada.http.get("/healthz").status_code for _ in range(5)} == {200}


def test_strangers_are_counted_too(hasty: Keyring) -> None:
    seen = [hasty.stranger.http.get("/orders").status_code for _ in range(4)]

    assert seen == [401, 401, 401, 429]


def those_that_wait_for_a_person(backroom: Backroom) -> int:
    """How many orders other tests have left behind for good."""
    moving = partial(count_at_work, but_at=Stage.ORDER_VALIDATED)
    eventually(lambda: backroom.db.read_now(moving) == 0, wanted="the end of all orders that can end")
    return backroom.db.read_now(partial(count_at_work, but_at=None))


def test_no_further_order_is_taken_while_as_many_as_may_be_are_under_way(
    open_api: OpenApi, dice: SettableDice, api: Caller, backroom: Backroom
) -> None:
    idle = those_that_wait_for_a_person(backroom)
    dice.hold("receive")
    waiting = [api.place() for _ in range(2)]
    narrow = ready(open_api(orders_in_flight=idle + 1))

    turned_away = narrow.try_to_place(key="later")

    assert code_of(turned_away) == (503, "OVERLOADED")
    assert narrow.cancel(waiting[0]).status_code == 200
    dice.let_go("receive")
    eventually(
        lambda: narrow.try_to_place(key="later").status_code == 201, wanted="room for the order, in the end"
    )


def test_an_order_that_waits_for_a_person_takes_nobodys_place(open_api: OpenApi) -> None:
    patient = ready(open_api(review_mode="manual", orders_in_flight=1))

    def placed() -> int:
        eventually(lambda: patient.try_to_place().status_code == 201, wanted="room for an order")
        newest: int = patient.http.get("/orders", params={"limit": 1}).json()["orders"][0]["id"]
        patient.reaches(newest, Stage.ORDER_VALIDATED)
        return newest

    first, second = placed(), placed()

    assert first < second
    assert patient.order(first)["status"] == "in_progress"
