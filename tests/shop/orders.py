"""An order in a test's hands: what is asked for, and what it is then told and seen to do."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from db.database import Database
from db.models import Event, Order
from domain.events import ACCEPTED, CUSTOMER
from domain.orders import Address, Item, OrderId, shipping_workflow_id
from domain.refusals import Refusal
from domain.stages import Progress, Stage
from domain.status import OrderStatus
from domain.tasks import OrderOutcome, ReviewRules, ShippingOutcome
from signals import AddressChange, Cancellation, CancellationEffect, Review, Verdict
from tests.shop import facts
from tests.shop.facts import Moved
from tests.shop.histories import is_admitted, kinds_in_history, lasted, stands_in, tries_of
from tests.shop.waiting import eventually
from workflows.order_workflow import OrderWorkflow
from workflows.shipping_workflow import ShippingWorkflow

T = TypeVar("T")

HOME = Address(line1="1 Mill Lane", city="Ely", postal_code="CB7 4AB", country="GB")
ELSEWHERE = Address(line1="9 Quay Street", city="Hull", postal_code="HU1 2PQ", country="GB")

A_DAY = timedelta(days=1)
BY_THE_SIMULATED_REVIEWER = ReviewRules(approve_after=timedelta(milliseconds=1), deadline=A_DAY)
REVIEWED_TOMORROW = ReviewRules(approve_after=A_DAY, deadline=A_DAY)
BY_A_PERSON = ReviewRules(approve_after=None, deadline=A_DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An order before it is placed."""

    items: tuple[Item, ...]
    review: ReviewRules
    budget: timedelta


def an_order(
    *,
    costing_cents: int = 4200,
    items: tuple[Item, ...] | None = None,
    reviewed: ReviewRules = BY_THE_SIMULATED_REVIEWER,
    budget: timedelta = timedelta(seconds=15),
) -> Wanted:
    one = (Item(sku="lamp", quantity=1, unit_price_cents=costing_cents),)
    return Wanted(items=one if items is None else items, review=reviewed, budget=budget)


def a_cancellation() -> Cancellation:
    return Cancellation(command_id=uuid4().hex, actor=CUSTOMER)


def an_address_change(to: Address = ELSEWHERE) -> AddressChange:
    return AddressChange(command_id=uuid4().hex, actor=CUSTOMER, address=to)


def a_review(verdict: Verdict, *, reviewer: str = "Ada", reason: str | None = None) -> Review:
    return Review(command_id=uuid4().hex, verdict=verdict, reviewer=reviewer, reason=reason)


@contextmanager
def refused(code: str) -> Iterator[None]:
    """What is done inside is refused with `code`."""
    with pytest.raises(Refusal) as caught:
        yield
    assert caught.value.code == code


class PlacedOrder:
    """Speaks to the order's workflow, reads its rows."""

    def __init__(
        self,
        order_id: OrderId,
        handle: WorkflowHandle[OrderWorkflow, OrderOutcome],
        client: Client,
        db: Database,
    ) -> None:
        self.id = order_id
        self.handle = handle
        self._client = client
        self._db = db

    async def cancel(self) -> CancellationEffect:
        return CancellationEffect(await self.tell(a_cancellation()))

    async def change_address(self, to: Address = ELSEWHERE) -> None:
        await self.tell(an_address_change(to))

    async def approve(self) -> None:
        await self.tell(a_review(Verdict.APPROVE))

    async def reject(self, reason: str | None = None) -> None:
        await self.tell(a_review(Verdict.REJECT, reason=reason))

    async def tell(self, command: Cancellation | AddressChange | Review) -> Any:
        """Send the command as an Update and return its answer; raises Refusal."""
        update: Any
        match command:
            case Cancellation():
                update = OrderWorkflow.cancel
            case AddressChange():
                update = OrderWorkflow.change_address
            case Review():
                update = OrderWorkflow.review
        try:
            return await self.handle.execute_update(update, command, id=command.command_id)
        except WorkflowUpdateFailedError as error:
            raise _refusal_in(error) from error

    async def signal(self, command: Cancellation | AddressChange) -> None:
        if isinstance(command, Cancellation):
            await self.handle.signal(OrderWorkflow.cancel_signal, command)
        else:
            await self.handle.signal(OrderWorkflow.change_address_signal, command)

    async def decision_on(self, command: Cancellation | AddressChange) -> str:
        """Return what the books say was decided, once they say it."""

        async def written() -> str | None:
            decided = (e.decision for e in await self.events() if e.command_id == command.command_id)
            return next(decided, None)

        return await eventually(written, wanted="the decision") or ""

    async def reaches(self, stage: Stage) -> None:
        """Return once the stage stands in the books."""

        async def reached() -> bool:
            return await self._read(partial(facts.has_reached, stage=stage))

        await eventually(reached, wanted=stage.value)

    async def becomes(self, status: OrderStatus) -> None:
        """Return once the books give the order this status."""

        async def is_so() -> bool:
            return await self._read(facts.status_of) == status

        await eventually(is_so, wanted=status)

    async def ends(self) -> OrderStatus:
        """Return how the order ended; the books say the same."""
        outcome, row = await self.outcome(), await self.row()
        assert row.status == outcome.status
        assert row.stage == (outcome.stage and outcome.stage.value)
        return outcome.status

    async def outcome(self) -> OrderOutcome:
        return await self.handle.result()

    async def progress(self) -> Progress:
        """What the workflow itself says it has begun and reached."""
        return await self.handle.query(OrderWorkflow.progress)

    def shipping(self, *, attempt: int = 1) -> "WorkflowHandle[ShippingWorkflow, ShippingOutcome]":
        """The order's shipping child."""
        child = shipping_workflow_id(self.handle.id, attempt)
        return self._client.get_workflow_handle_for(ShippingWorkflow.run, child)

    async def has_shipping(self, *, attempt: int) -> bool:
        return bool(await kinds_in_history(self.shipping(attempt=attempt)))

    async def has_begun_shipping(self, *, attempt: int = 1) -> None:
        """Return once the shipping child has been started, whether or not a worker has seen it."""

        async def has_begun() -> bool:
            return await self.has_shipping(attempt=attempt)

        await eventually(has_begun, wanted=f"the shipping child {attempt}")

    async def shipping_is_told(self, *, attempt: int = 1) -> None:
        """Return once a signal stands in the history of the shipping child."""
        await stands_in(self.shipping(attempt=attempt), EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)

    async def has_accepted(self, *, updates: int) -> None:
        """Return once so many Updates stand in the order's history, answered or not."""
        await stands_in(self.handle, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED, times=updates)

    async def has_tried(self, deed: Callable[..., Any], *, times: int) -> None:
        """Return once the server has had the activity tried so often, without success."""

        async def has() -> bool:
            return await tries_of(self.handle, deed.__name__) >= times

        await eventually(has, wanted=f"{times} tries of {deed.__name__}")

    async def has_been_sent(self, command: Cancellation | AddressChange | Review) -> None:
        """Return once the Update waits at the server, whether or not a worker is there to decide it."""

        async def is_waiting() -> bool:
            return await is_admitted(self._client, self.handle, command.command_id)

        await eventually(is_waiting, wanted="the Update at the server")

    async def awaits_its_review(self) -> None:
        """Return once the clock of the review runs."""
        await stands_in(self.handle, EventType.EVENT_TYPE_TIMER_STARTED)

    async def has_run_out_of_review(self) -> None:
        """Return once the clock of the review has rung, whether or not a worker has heard it."""
        await stands_in(self.handle, EventType.EVENT_TYPE_TIMER_FIRED)

    async def lasted(self) -> timedelta:
        """How long the ended workflow took, by its server's clock."""
        return await lasted(self.handle)

    async def knows_itself_at(self, stage: Stage) -> None:
        """Return once the workflow, not only the books, has the stage reached."""

        async def knows() -> bool:
            return (await self.progress()).has_reached(stage)

        await eventually(knows, wanted=f"{stage.value} in the workflow")

    async def story(self) -> list[str]:
        """Every event, a line each."""
        return [facts.line_of(event) for event in await self.events()]

    async def events(self) -> list[Event]:
        return (await self._read(facts.whole_order)).events

    async def row(self) -> Order:
        return (await self._read(facts.whole_order)).order

    async def payments(self) -> list[Moved]:
        return await self._read(facts.payments_of)

    async def status_and_payments(self) -> tuple[str, tuple[Moved, ...]]:
        """Both of one moment."""
        found = await self._read(facts.whole_order)
        return found.order.status, tuple(Moved(row.kind, row.amount_cents) for row in found.payments)

    async def provider_log(self) -> list[Moved]:
        return await self._read(facts.provider_log_of)

    async def carrier_log(self) -> list[str]:
        return await self._read(facts.carrier_log_of)

    async def label(self) -> Address | None:
        return await self._read(facts.label_of)

    async def address(self) -> Address:
        return Address(**(await self.row()).address)

    async def shipped_at(self) -> datetime:
        moment = (await self.row()).shipped_at
        assert moment is not None
        return moment

    async def _read(self, query: Callable[[Session, OrderId], T]) -> T:
        return await self._db.read(lambda session: query(session, self.id))


def _refusal_in(error: WorkflowUpdateFailedError) -> Exception:
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type:
        return Refusal(cause.message, code=cause.type)
    return error


async def by_update(order: PlacedOrder, command: Cancellation | AddressChange | Review) -> str:
    """Tell the order, and return what it answered: ACCEPTED or a refusal's code."""
    try:
        await order.tell(command)
    except Refusal as refusal:
        return refusal.code
    return ACCEPTED


async def by_signal(order: PlacedOrder, command: Cancellation | AddressChange) -> str:
    """Tell the order without waiting for an answer, and return what was then written down."""
    await order.signal(command)
    return await order.decision_on(command)


Way = Callable[[PlacedOrder, Cancellation | AddressChange], Coroutine[Any, Any, str]]
