"""Whatever an order is told, and whenever: it answers and becomes what its model does.

Each example is one order on a real server. Its stages wait behind doors, so that a command finds it where
the model believes it to be; what comes at the same moment is for the tests of the races.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError, RPCStatusCode

from activities.intake import IntakeActivities
from activities.payment import PaymentActivities
from activities.shipping import ShippingActivities
from api.deciding import CANCELLING, READDRESSING, REVIEWING
from api.deciding import Way as Decided
from db.reads import snapshot
from domain.orders import Address
from domain.refusals import Refusal
from domain.stages import Stage
from domain.status import OrderStatus
from domain.tasks import ReviewRules
from signals import Verdict
from tests.integration.lifecycle.order_model import (
    ACCEPTED,
    CHARGE,
    DELIVER,
    DISPATCH,
    PREPARE,
    REVIEW,
    SHIP,
    OrderModel,
)
from tests.shop.facts import Moved
from tests.shop.orders import (
    BY_A_PERSON,
    ELSEWHERE,
    HOME,
    Way,
    a_cancellation,
    a_review,
    an_address_change,
    an_order,
    by_signal,
    by_update,
)
from tests.shop.shop import Shop, open_shop
from tests.shop.waiting import PATIENCE

# What is worked on at each stage, and what the stubs call it; the review is nobody's work.
DEEDS: dict[int, tuple[Callable[..., Any], str]] = {
    1: (IntakeActivities.receive_order, "receive"),
    2: (IntakeActivities.validate_order, "validate"),
    CHARGE: (PaymentActivities.charge_payment, "charge"),
    PREPARE: (ShippingActivities.prepare_package, "prepare"),
    DISPATCH: (ShippingActivities.dispatch_carrier, "dispatch"),
    SHIP: (ShippingActivities.ship_order, "ship"),
    DELIVER: (ShippingActivities.deliver_order, "deliver"),
}
AT_ITS_END = DELIVER + 1

PLACES = {"home": HOME, "elsewhere": ELSEWHERE}

HASTY = ReviewRules(approve_after=None, deadline=timedelta(milliseconds=10))

WAYS = st.sampled_from([by_update, by_signal])
RARELY = st.sampled_from([False, False, False, True])


class OrderMachine(RuleBasedStateMachine):
    """One order and its model; `run` has the shop's loop do something."""

    def __init__(self, shop: Shop, run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        super().__init__()
        self.shop = shop
        self.run = run
        self.model = OrderModel()
        self.unanswered: asyncio.Task[str] | None = None

    @initialize(moment=st.integers(1, AT_ITS_END), hasty=RARELY)
    def place(self, moment: int, hasty: bool) -> None:
        """The order comes as far as `moment`; a hasty one expires as soon as it waits for its review."""
        self.hasty = hasty and moment <= REVIEW
        self.doors = {number: self.shop.doors.shut_before(deed) for number, (deed, _) in DEEDS.items()}
        self.order = self.run(self.shop.start(an_order(reviewed=HASTY if self.hasty else BY_A_PERSON)))
        self.run(self.comes_to_rest())
        while self.model.is_open and self.model.reached < moment - 1:
            self.goes_on()

    @precondition(lambda self: self.model.under_way in DEEDS)
    @rule(fails=RARELY)
    def the_stage_is_done_or_fails_for_good(self, fails: bool) -> None:
        if fails:
            _, call = DEEDS[self.model.under_way or 0]
            self.shop.dice.breaks(call)
        self.ends_the_stage(self.model.fail_for_good if fails else self.model.succeed)

    @precondition(lambda self: self.model.under_way == CHARGE)
    @rule()
    def the_charge_fails_for_good_but_took_place(self) -> None:
        self.shop.dice.breaks("charge")
        self.run(self.shop.provider_charges(self.order))
        self.ends_the_stage(self.model.succeed)

    @rule(told=WAYS)
    def cancel(self, told: Way) -> None:
        expected = self.model.cancel()

        if expected == ACCEPTED and self.model.under_way == CHARGE and told is by_update:
            self.unanswered = self.run(self.cancels_while_the_charge_is_in_doubt())
            return
        # A signal is not answered, so nobody knows when the shipping has heard of it as well.
        sent = by_update if self.model.under_way == PREPARE else told
        assert self.answer_to(sent(self.order, a_cancellation()), CANCELLING) == expected
        self.run(self.comes_to_rest())

    @rule(told=WAYS, to=st.sampled_from(sorted(PLACES)))
    def change_address(self, told: Way, to: str) -> None:
        expected = self.model.change_address(to)

        assert self.answer_to(told(self.order, an_address_change(PLACES[to])), READDRESSING) == expected

    @rule(verdict=st.sampled_from(["approve", "reject"]))
    def review(self, verdict: str) -> None:
        expected = self.model.review(verdict)

        assert self.answer_to(by_update(self.order, a_review(Verdict(verdict))), REVIEWING) == expected
        self.run(self.comes_to_rest())

    @rule(seconds=st.sampled_from([0, 299.9, 300, 300.1]))
    def take_back(self, seconds: float) -> None:
        expected = self.model.take_back(seconds)

        assert self.run(self.answer_to_return(timedelta(seconds=seconds))) == expected

    @invariant()
    def the_books_say_what_the_model_says(self) -> None:
        row = self.run(self.order.row())
        assert row.status == self.model.status
        assert row.stage == (list(Stage)[self.model.reached - 1].value if self.model.reached else None)
        assert Address(**row.address) == PLACES[self.model.address]
        assert self.run(self.order.label()) == (PLACES[self.model.label] if self.model.label else None)
        assert self.run(self.order.payments()) == [
            Moved(kind, row.amount_cents) for kind in self.model.payments
        ]

    def teardown(self) -> None:
        self.run(self.is_over())

    def goes_on(self) -> None:
        if self.model.under_way == REVIEW:
            self.review("approve")
        else:
            self.the_stage_is_done_or_fails_for_good(fails=False)

    def ends_the_stage(self, in_the_model: Callable[[], None]) -> None:
        door = self.doors[self.model.under_way or 0]
        in_the_model()
        door.open()
        self.run(self.comes_to_rest())

    def answer_to(self, telling: Coroutine[Any, Any, str], decided: Decided) -> str:
        """Once the order's workflow is closed, the same rule is applied to its row."""
        try:
            return str(self.run(telling))
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        row = snapshot(self.run(self.order.row()))
        with pytest.raises(Refusal) as refused:
            decided.rule(row.status, row.progress)
        return refused.value.code

    async def comes_to_rest(self) -> None:
        """Return once the order is where the model says, and who waited for that has been answered."""
        if self.hasty and self.model.under_way == REVIEW:
            self.model.nobody_reviews()
        async with asyncio.timeout(PATIENCE.total_seconds()):
            await self.stands_still()
            if self.unanswered is not None and self.model.under_way != CHARGE:
                assert await self.unanswered == ACCEPTED
                self.unanswered = None

    async def stands_still(self) -> None:
        if self.model.under_way is None:
            await self.order.outcome()
        elif self.model.under_way == REVIEW:
            await self.order.awaits_its_review()
        else:
            await self.doors[self.model.under_way].has_stopped_one()

    async def cancels_while_the_charge_is_in_doubt(self) -> "asyncio.Task[str]":
        answer = self.shop.meanwhile(by_update(self.order, a_cancellation()))
        await self.order.becomes(OrderStatus.CANCELLING)
        return answer

    async def answer_to_return(self, after_shipping: timedelta) -> str:
        shipped_at = (await self.order.row()).shipped_at or datetime.now(UTC)
        outcome = await self.shop.take_back(self.order, requested_at=shipped_at + after_shipping)
        return outcome.refusal_code or ACCEPTED

    async def is_over(self) -> None:
        self.shop.doors.open_all()
        self.shop.dice.lets_everything_go()
        if self.model.is_open:
            await self.order.handle.terminate("the example is over")


@asynccontextmanager
async def a_shop(temporal_address: str, books: str) -> AsyncIterator[Shop]:
    client = await Client.connect(temporal_address, data_converter=pydantic_data_converter)
    async with open_shop(client, books) as shop:
        yield shop


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails for good is given up in half a second; what is done at once has time to spare."""
    monkeypatch.setattr("config.budget.SHORTEST_RACE", timedelta(milliseconds=250))
    monkeypatch.setattr("config.budget.STAGE_PATIENCE", timedelta(milliseconds=250))
    monkeypatch.setattr("workflows.deeds.STAGE_PATIENCE", timedelta(milliseconds=500))


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    ("orders", "steps"), [(8, 5), pytest.param(100, 8, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
def test_an_order_answers_and_becomes_what_its_model_does(
    temporal_address: str, books: str, orders: int, steps: int
) -> None:
    tried = settings(
        max_examples=orders,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        # An order that went astray is waited for in vain; looking for a shorter way there would take hours.
        phases=[Phase.generate],
    )
    with asyncio.Runner() as runner:
        doors = AsyncExitStack()
        shop = runner.run(doors.enter_async_context(a_shop(temporal_address, books)))
        machine = cast("type[OrderMachine]", partial(OrderMachine, shop, runner.run))
        try:
            run_state_machine_as_test(machine, settings=tried)
        finally:
            runner.run(doors.aclose())
