"""Runs the shipping child, and recalls and unpacks for orders that are undone."""

from activities.shipping import ShippingActivities
from config.queues import TaskQueue
from workers.process import main
from workers.spec import WorkerSpec
from workflows.shipping_workflow import ShippingWorkflow

SHIPPING = WorkerSpec(
    queue=TaskQueue.SHIPPING,
    workflows=[ShippingWorkflow],
    rooms=[ShippingActivities],
)

if __name__ == "__main__":
    main(SHIPPING)
