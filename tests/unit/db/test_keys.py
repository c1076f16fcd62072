from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from db import keys
from db.database import Database
from db.keys import Answer, Ask, claim_key, find_answer, release_key, settle_key
from domain.refusals import KeyReused, StillRunning

YES = Answer(status=200, body={"said": "yes"})
NO = Answer(status=409, body={"said": "no"})


@pytest.fixture
def connection(db: Database) -> Iterator[Connection]:
    with db._writer.begin() as open_one:
        yield open_one


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> "Clock":
    made = Clock()
    monkeypatch.setattr(keys, "now", lambda: made.now)
    return made


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def passes(self, time: timedelta) -> None:
        self.now += time


def ask(key: str = "key", *, owner: str = "owner", asks_for: str = "tea") -> Ask:
    return Ask(owner=owner, key=key, fingerprint=asks_for)


def test_a_new_key_is_claimed_and_has_no_answer(connection: Connection, clock: Clock) -> None:
    claim = claim_key(connection, ask())

    assert (claim.answer, claim.asked_at) == (None, clock.now)


def test_the_first_answer_stands(connection: Connection) -> None:
    one, other = ask(), ask()
    claim_key(connection, one)
    settle_key(connection, one, YES)

    assert settle_key(connection, other, NO) == YES
    assert claim_key(connection, ask()).answer == YES
    assert find_answer(connection, ask()) == YES


def test_a_key_that_was_never_used_has_no_answer(connection: Connection) -> None:
    assert find_answer(connection, ask()) is None


def test_a_key_belongs_to_one_request(connection: Connection) -> None:
    claim_key(connection, ask(asks_for="tea"))

    with pytest.raises(KeyReused):
        claim_key(connection, ask(asks_for="coffee"))
    with pytest.raises(KeyReused):
        find_answer(connection, ask(asks_for="coffee"))


def test_each_owner_has_keys_of_their_own(connection: Connection) -> None:
    claim_key(connection, ask(owner="one", asks_for="tea"))

    assert claim_key(connection, ask(owner="other", asks_for="coffee")).answer is None


def test_owner_and_key_do_not_run_into_each_other() -> None:
    assert ask("bc", owner="a").digest != ask("c", owner="ab").digest


def test_a_request_is_worked_on_by_one_at_a_time(connection: Connection, clock: Clock) -> None:
    claim_key(connection, ask())

    clock.passes(keys.HELD_FOR - timedelta(milliseconds=1))

    with pytest.raises(StillRunning):
        claim_key(connection, ask())


def test_whoever_has_taken_too_long_is_believed_dead(connection: Connection, clock: Clock) -> None:
    first_asked_at = clock.now
    claim_key(connection, ask())
    clock.passes(keys.HELD_FOR)

    claim = claim_key(connection, ask())

    assert (claim.answer, claim.asked_at) == (None, first_asked_at)
    with pytest.raises(StillRunning):
        claim_key(connection, ask())


def test_a_request_that_was_given_up_can_be_taken_on_at_once(connection: Connection, clock: Clock) -> None:
    given_up = ask()
    claim_key(connection, given_up)

    release_key(connection, given_up)

    assert claim_key(connection, ask()).answer is None


def test_a_request_that_was_taken_over_can_not_be_given_up_by_the_one_before(
    connection: Connection, clock: Clock
) -> None:
    slow = ask()
    claim_key(connection, slow)
    clock.passes(keys.HELD_FOR)
    claim_key(connection, ask())

    release_key(connection, slow)

    with pytest.raises(StillRunning):
        claim_key(connection, ask())


def test_what_a_request_causes_has_one_id_however_often_it_is_asked() -> None:
    assert ask().command_id == ask(asks_for="anything").command_id
    assert ask().command_id != ask("another").command_id
    assert len(ask("x" * 255).command_id) == 32
