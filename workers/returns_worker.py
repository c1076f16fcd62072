"""Runs returns, and pays them back."""

from activities.payment import PaymentActivities
from activities.returns import ReturnActivities
from config.queues import TaskQueue
from workers.process import main
from workers.spec import WorkerSpec
from workflows.return_workflow import ReturnWorkflow

RETURNS = WorkerSpec(
    queue=TaskQueue.RETURNS,
    workflows=[ReturnWorkflow],
    rooms=[PaymentActivities, ReturnActivities],
)

if __name__ == "__main__":
    main(RETURNS)
