"""A request that was held up comes back with a refusal that is not true any more."""

from dataclasses import replace
from datetime import datetime
from functools import partial

import pytest
from pydantic import BaseModel

from api.errors import DecisionPending
from api.once import an_ask_of_our_own, once
from db.books import note_command
from db.database import Database
from db.keys import find_answer
from domain.events import Command, CommandNote
from domain.orders import OrderId
from domain.refusals import NotAwaitingReview
from signals import Verdict


async def test_a_refusal_is_no_answer_to_what_was_accepted_meanwhile(db: Database, order_id: OrderId) -> None:
    ask = an_ask_of_our_own("ada")
    accepted = CommandNote(
        command=Command.REVIEW, command_id=ask.command_id, decision=Verdict.APPROVE, actor="Rae"
    )
    refused = replace(accepted, decision=NotAwaitingReview.code, accepted=False)

    async def work(_: datetime) -> BaseModel:
        await db.write(partial(note_command, order_id=order_id, note=accepted))
        raise NotAwaitingReview

    with pytest.raises(DecisionPending):
        await once(db, ask, order_id, work, note=lambda _: refused)

    assert await db.read(partial(find_answer, ask=ask)) is None
