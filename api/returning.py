"""Having a return decided and paid back by a workflow of its own."""

import asyncio
from datetime import timedelta

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from api.desk import Desk
from api.errors import DecisionPending
from config.queues import TaskQueue
from domain.orders import return_workflow_id
from domain.refusals import Refusal
from domain.tasks import ReturnOutcome
from signals import ReturnRequest
from workflows.deeds import WORKFLOW_TASK_TIMEOUT
from workflows.return_workflow import ReturnWorkflow
from workflows.telling import return_summary

# A refund is a hedged call or two; one that takes longer is on its way all the same.
PAID_BACK_WITHIN = timedelta(seconds=5)


async def take_back(desk: Desk, request: ReturnRequest) -> int:
    """Return the cents paid back, once they are; the same request again has the same outcome.

    Raises Refusal; DecisionPending when the outcome is not known in time; TemporalAway.
    """
    client = desk.link.client()
    try:
        async with asyncio.timeout(PAID_BACK_WITHIN.total_seconds()):
            outcome = await (await begin(client, desk.tag, request)).result()
    except (TimeoutError, RPCError, WorkflowFailureError) as error:
        raise DecisionPending(request.order_id) from error
    if outcome.refusal_code is not None:
        raise Refusal(outcome.refusal_message or "", code=outcome.refusal_code)
    return outcome.refund_cents or 0


async def begin(
    client: Client, tag: str, request: ReturnRequest
) -> WorkflowHandle[ReturnWorkflow, ReturnOutcome]:
    """See to it that the return's workflow runs, or has come to its end."""
    workflow_id = return_workflow_id(tag, request.order_id, request.command_id)
    try:
        return await client.start_workflow(
            ReturnWorkflow.run,
            request,
            id=workflow_id,
            task_queue=TaskQueue.RETURNS,
            task_timeout=WORKFLOW_TASK_TIMEOUT,
            static_summary=return_summary(request.order_id),
            # A return that somebody ended from outside may be taken up again; its claim is found then.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
    except WorkflowAlreadyStartedError:
        return client.get_workflow_handle_for(ReturnWorkflow.run, workflow_id)
