"""The shipping child: prepare the package, hand it to the carrier; say what can still be changed."""

from temporalio import workflow

from activities.shipping import ShippingActivities
from config.budget import Budget
from domain.faults import StageGivenUp
from domain.refusals import Refusal
from domain.stages import Progress, Stage
from domain.status import OrderStatus
from domain.tasks import ShippingAnswer, ShippingOutcome, ShippingStart, StageTask
from signals import SHIPPING_ANSWERED, AddressChange, decide_address_change
from workflows.deeds import hedged, stage_task
from workflows.telling import tell_waiting


class StoodDown(Exception):
    """The parent called the shipping off before the next stage began."""


@workflow.defn
class ShippingWorkflow:
    """Knows, as nobody else does, whether dispatch has begun."""

    @workflow.init
    def __init__(self, start: ShippingStart) -> None:
        self._order_id = start.order_id
        self._budget = Budget(due_at=start.due_at)
        self._address = start.address
        self._progress = Progress()
        self._status = OrderStatus.IN_PROGRESS

    @workflow.run
    async def run(self, start: ShippingStart) -> ShippingOutcome:  # noqa: ARG002 - __init__ has taken it in
        """Never fails: how far it came is its answer, and undoing is its parent's."""
        try:
            await self._prepare()
            await self._dispatch()
        except (StoodDown, StageGivenUp, Refusal) as end:
            workflow.logger.info("shipping.stopped", extra={"why": type(end).__name__})
        await workflow.wait_condition(workflow.all_handlers_finished)
        return ShippingOutcome(progress=self._progress)

    async def _prepare(self) -> None:
        task = self._begin(Stage.PACKAGE_PREPARED)
        await hedged(ShippingActivities.prepare_package, task)
        self._progress = self._progress.reaching(Stage.PACKAGE_PREPARED)

    async def _dispatch(self) -> None:
        task = self._begin(Stage.CARRIER_DISPATCHED)
        await hedged(ShippingActivities.dispatch_carrier, task, self._address)
        self._progress = self._progress.reaching(Stage.CARRIER_DISPATCHED)

    def _begin(self, stage: Stage) -> StageTask:
        if self._status is not OrderStatus.IN_PROGRESS:
            raise StoodDown
        self._progress = self._progress.beginning(stage)
        tell_waiting(stage, self._status)
        workflow.logger.debug("stage.begun", extra={"order_id": self._order_id, "stage": stage.value})
        return stage_task(self._order_id, self._budget, stage)

    @workflow.signal
    def stand_down(self) -> None:
        """Begin nothing more; what is in flight is allowed to end."""
        self._status = OrderStatus.CANCELLING

    @workflow.signal
    async def change_address(self, change: AddressChange) -> None:
        """Take the new address if dispatch has not begun, and tell the parent either way."""
        answer = ShippingAnswer(command_id=change.command_id, accepted=self._take(change))
        parent = workflow.info().parent
        if parent is not None:
            handle = workflow.get_external_workflow_handle(parent.workflow_id, run_id=parent.run_id)
            await handle.signal(SHIPPING_ANSWERED, answer)

    def _take(self, change: AddressChange) -> bool:
        try:
            decide_address_change(self._status, self._progress)
        except Refusal:
            return False
        self._address = change.address
        return True

    @workflow.query
    def progress(self) -> Progress:
        return self._progress
