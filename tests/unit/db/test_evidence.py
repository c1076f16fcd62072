"""What the books know of a question: when its key was first sent, though the client may have forgotten."""

from datetime import timedelta
from functools import partial

import pytest

from db.database import Database
from db.keys import Ask, claim_key
from domain.orders import ANYBODY, OrderId
from observability.invariants.evidence import Answer, from_database


@pytest.mark.parametrize(("owner", "is_known"), [(ANYBODY, True), ("somebody else", False)])
def test_a_question_is_as_old_as_the_claim_of_its_key_by_the_orders_owner(
    db: Database, url: str, order_id: OrderId, owner: str, is_known: bool
) -> None:
    claim = db.write_now(partial(claim_key, ask=Ask(owner=owner, key="key", fingerprint="tea")))
    again_at = claim.asked_at + timedelta(hours=6)
    again = Answer(
        operation="return_order",
        asked_at=again_at,
        answered_at=again_at,
        status=200,
        told={},
        order_id=order_id,
        key="key",
    )

    (history,) = from_database(url, answers=[again]).orders

    assert history.first_asked_at(again) == (claim.asked_at if is_known else again_at)
