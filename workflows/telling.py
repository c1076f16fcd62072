"""What Temporal's own page shows of a workflow, in words; nothing of it is about a person."""

from datetime import timedelta

from temporalio import workflow

from config.attributes import ORDER_STATUS
from domain.events import CommandNote
from domain.orders import OrderId
from domain.stages import Stage
from domain.status import OrderStatus
from domain.tasks import ReviewRules, StageTask, Standing

WAITED_FOR = {
    Stage.ORDER_RECEIVED: "the order to be taken in",
    Stage.ORDER_VALIDATED: "the order to be validated",
    Stage.ORDER_REVIEWED: "a reviewer",
    Stage.PAYMENT_CHARGED: "the payment provider",
    Stage.PACKAGE_PREPARED: "the package to be packed, by the shipping workflow",
    Stage.CARRIER_DISPATCHED: "the carrier to take the package",
    Stage.ORDER_SHIPPED: "the package to set out",
    Stage.ORDER_DELIVERED: "the customer to receive the package",
}


def order_summary(order_id: OrderId, amount_cents: int) -> str:
    return f"Order {order_id}: {amount_cents / 100:.2f}"


def order_details(*, items: int, budget: timedelta, review: ReviewRules, standing: Standing | None) -> str:
    """What is known of an order when its workflow is started."""
    lines = [
        f"- {items} lines of items",
        f"- to end within {budget.total_seconds():g} s, a person's review not counted",
        f"- reviewed {_reviewer(review)}",
    ]
    if standing is not None:
        reached = standing.reached.value if standing.reached else "nothing yet"
        lines.append(
            f"- taken up again after its workflow was lost: `{standing.status}`, reached `{reached}`"
        )
    return "\n".join(lines)


def shipping_summary(order_id: OrderId, attempt: int) -> str:
    return f"Order {order_id}: pack and dispatch" + (f", try {attempt}" if attempt > 1 else "")


def return_summary(order_id: OrderId) -> str:
    return f"Order {order_id}: take back and pay back"


def race_summary(task: StageTask) -> str:
    patience = "for as long as it takes"
    if task.patience is not None:
        patience = f"given up after {task.patience.total_seconds():g} s of trying"
    return f"Order {task.order_id}: races of at most {task.race.total_seconds():.1f} s, {patience}"


def note_summary(note: CommandNote) -> str:
    """Neither who said it nor why: both are a person's own words."""
    return f"{note.command}: {note.decision}"


def review_timer_summary(rules: ReviewRules) -> str:
    return (
        "until the review expires" if rules.approve_after is None else "until the simulated reviewer approves"
    )


def tell_waiting(stage: Stage, status: OrderStatus) -> None:
    """The workflow's page says which stage is at work, and what it waits for."""
    _tell(f"Stage {stage.number} of {len(Stage)}, `{stage.value}`: waiting for {WAITED_FOR[stage]}.", status)


def tell_undoing(status: OrderStatus) -> None:
    """The workflow's page says that what was done is being undone."""
    _tell("Undoing what was done, in reverse order; the money goes back last.", status)


def tell_ended(status: OrderStatus) -> None:
    """The workflow's page says how the order ended."""
    workflow.set_current_details(f"Ended: **{status}**.")


def tell_status(status: OrderStatus) -> None:
    """The workflow is found by its order's status: an event in its history, but no task of its own."""
    workflow.upsert_search_attributes([ORDER_STATUS.value_set(status.value)])


def _tell(waiting: str, status: OrderStatus) -> None:
    workflow.set_current_details(f"{waiting}\n\nStatus: **{status}**")


def _reviewer(review: ReviewRules) -> str:
    if review.approve_after is None:
        return f"by a person, within {review.deadline.total_seconds():g} s"
    after = f"{review.approve_after.total_seconds():g} s"
    return f"by the simulated reviewer after {after}, unless a person is quicker"
