"""Runs orders: their workflow, every stage but the two of the shipping child, and their refunds."""

from activities.books import BookActivities
from activities.intake import IntakeActivities
from activities.payment import PaymentActivities
from activities.shipping import ShippingActivities
from config.queues import TaskQueue
from workers.process import main
from workers.spec import WorkerSpec
from workflows.order_workflow import OrderWorkflow

ORDER = WorkerSpec(
    queue=TaskQueue.ORDER,
    workflows=[OrderWorkflow],
    rooms=[BookActivities, IntakeActivities, PaymentActivities, ShippingActivities],
)

if __name__ == "__main__":
    main(ORDER)
