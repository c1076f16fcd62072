import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from main import create_app
from tests.integration.api.backroom import Backroom
from tests.integration.api.caller import Caller
from tests.integration.api.conftest import OpenApi, over, ready
from tests.integration.api.listener import Message, listening_to
from tests.integration.api.processes import MadeUpProcesses
from tests.integration.api.serving import listening, serving
from tests.integration.api.waiting import eventually


def until_the_end_of(order_id: int, messages: Iterator[Message]) -> list[dict[str, Any]]:
    """The events of that order, as they came, up to its end."""
    found = []
    for message in messages:
        if message.content and message.content.get("order_id") == order_id:
            assert message.id == message.content["id"]
            found.append(message.content)
            if message.content["type"] == "ended":
                break
    return found


def events_of(api: Caller, order_id: int) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = api.order(order_id)["events"]
    return events


def a_completed_order(api: Caller) -> list[dict[str, Any]]:
    """Its events."""
    return list(api.ends(api.place(), "completed")["events"])


def test_every_event_of_an_order_is_told_once_and_in_order(api: Caller) -> None:
    with listening_to(api) as messages:
        assert next(messages).name == "hello"

        told = until_the_end_of(order := api.place(), messages)

    assert told == events_of(api, order)
    assert len(told) == 9


def test_it_begins_now_unless_told_otherwise(api: Caller) -> None:
    before = a_completed_order(api)

    with listening_to(api) as messages:
        hello = next(messages)
        after = until_the_end_of(api.place(), messages)

    assert hello.content["resumes"] is False
    assert hello.content["after"] >= before[-1]["id"]
    assert after


@pytest.mark.parametrize("kept", [2000, 2])
def test_who_comes_back_is_told_what_they_missed_from_memory_or_from_the_books(
    kept: int, open_api: OpenApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.feed.KEPT", kept)
    api = ready(open_api())
    with listening_to(api) as messages:
        next(messages)
        order = api.place()
        seen = next(message for message in messages if message.content.get("order_id") == order)
        api.ends(order, "completed")

        with listening_to(api, last_event_id=seen.id) as resumed:
            hello, missed = next(resumed), until_the_end_of(order, resumed)

    assert hello.content == {**hello.content, "after": seen.id, "resumes": True}
    assert [seen.content, *missed] == events_of(api, order)


def test_the_header_goes_before_the_query(api: Caller) -> None:
    events = a_completed_order(api)

    with listening_to(api, after=0, last_event_id=events[4]["id"]) as messages:
        next(messages)
        first = next(messages)

    assert first.content == events[5]


def test_an_id_of_other_books_begins_anew_and_whose_books_these_are_is_told(
    api: Caller, backroom: Backroom
) -> None:
    with listening_to(api, last_event_id=10**9) as messages:
        hello = next(messages)

    assert hello.content["resumes"] is False
    assert hello.content["tag"] == backroom.tag
    assert hello.id == hello.content["after"] < 10**9


@pytest.mark.parametrize("place", ["-1", "soon", "1e3", str(2**63)])
def test_what_is_no_place_is_a_mistake(place: str, api: Caller) -> None:
    assert api.http.get("/events/stream", headers={"Last-Event-ID": place}).status_code == 422
    assert api.http.get("/events/stream", params={"after": place}).status_code == 422


def test_a_quiet_stream_is_kept_alive(open_api: OpenApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.stream.KEEP_ALIVE_EVERY", timedelta(milliseconds=20))
    api = ready(open_api())

    with listening_to(api) as messages:
        assert next(message for message in messages if message.comment == "still here")


def test_who_is_one_too_many_is_told_so_until_somebody_leaves(
    open_api: OpenApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.feed.MAX_READERS", 2)
    api = ready(open_api())
    with ExitStack() as readers:
        streams = [readers.enter_context(listening_to(api)) for _ in range(2)]
        assert [next(stream).name for stream in streams] == ["hello", "hello"]

        refused = api.http.get("/events/stream")

    assert (refused.status_code, refused.json()["code"]) == (503, "TOO_MANY_READERS")
    eventually(lambda: may_read(api), wanted="a place for a reader")


def may_read(api: Caller) -> bool:
    with api.http.stream("GET", "/events/stream") as answer:
        return answer.is_success


def test_readers_take_no_place_from_those_who_ask(open_api: OpenApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.turnstile.MAX_IN_FLIGHT", 1)
    api = ready(open_api())

    with listening_to(api) as messages:
        next(messages)

        assert api.http.get("/server").status_code == 200


def test_a_reader_does_not_hold_up_the_stop_and_hears_the_end(backroom: Backroom, tmp_path: Path) -> None:
    settings = Settings.model_validate({"data_dir": tmp_path, "autostart": False, **over(backroom)})
    with listening() as bound:
        api = Caller(f"http://127.0.0.1:{bound.getsockname()[1]}")
        with ExitStack() as reading:
            with serving(create_app(settings, MadeUpProcesses()), bound):
                messages = reading.enter_context(listening_to(api))
                next(messages)
                asked_to_stop_at = time.monotonic()
            stopped_after = time.monotonic() - asked_to_stop_at

            assert [message for message in messages if message.comment is None] == []
            assert stopped_after < 2
        api.http.close()
