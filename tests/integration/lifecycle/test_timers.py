"""The embedded server's timers are punctual: a review of two seconds does not take three."""

import asyncio
from datetime import timedelta

from domain.tasks import ReviewRules
from tests.shop.orders import A_DAY, PlacedOrder, an_order
from tests.shop.shop import Shop

# Left to itself, the server lets every timer ring about a second late.
PUNCTUAL = timedelta(milliseconds=500)

TIMER = timedelta(milliseconds=100)


async def lateness_of_review(order: PlacedOrder) -> timedelta:
    """How long after its time the clock of the review rang."""
    events = (await order.handle.fetch_history()).events
    started = next(event for event in events if event.HasField("timer_started_event_attributes"))
    fired = next(event for event in events if event.HasField("timer_fired_event_attributes"))
    return fired.event_time.ToDatetime() - started.event_time.ToDatetime() - TIMER


async def test_a_timer_rings_when_it_should(shop: Shop) -> None:
    rules = ReviewRules(approve_after=TIMER, deadline=A_DAY)
    orders = [await shop.start(an_order(reviewed=rules)) for _ in range(3)]
    await asyncio.gather(*(order.ends() for order in orders))

    earliest = min([await lateness_of_review(order) for order in orders])

    assert timedelta() <= earliest < PUNCTUAL
