"""A return: decided where the order is claimed, then paid back."""

from datetime import timedelta

from temporalio import workflow

from activities.payment import PaymentActivities
from activities.returns import ReturnActivities
from config.budget import Budget
from domain.refusals import Refusal
from domain.status import OrderStatus
from domain.tasks import ReturnOutcome
from signals import ReturnRequest
from workflows.deeds import hedged, undoing_task, written

# A return has no stages to share its time with.
RETURN_BUDGET = timedelta(seconds=15)


@workflow.defn
class ReturnWorkflow:
    """One a request; a refusal is an outcome like any other."""

    @workflow.run
    async def run(self, request: ReturnRequest) -> ReturnOutcome:
        try:
            refund_cents = await written(
                ReturnActivities.claim_return, request, summary="decide, and claim the order"
            )
        except Refusal as refusal:
            return ReturnOutcome(refusal_code=refusal.code, refusal_message=refusal.message)
        task = undoing_task(request.order_id, Budget(due_at=workflow.now() + RETURN_BUDGET))
        await hedged(PaymentActivities.refund_payment, task, OrderStatus.RETURNED)
        return ReturnOutcome(refund_cents=refund_cents)
