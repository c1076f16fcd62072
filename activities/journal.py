"""A line in the log for each deed: done, refused, or to be tried again."""

import logging
import time
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from domain.faults import Fault, StageGivenUp
from domain.refusals import Refusal

log = logging.getLogger(__name__)


class Journal(Interceptor):
    """Retries, refusals and commands are seen in the log by order, deed and attempt; nobody's words are."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Noted(next)


class _Noted(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        began = time.monotonic()
        about = {"order_id": _order_in(input), **activity_in_words()}
        try:
            answer = await super().execute_activity(input)
        except Refusal as refusal:
            log.info("deed.refused", extra={**about, "code": refusal.code})
            raise
        except StageGivenUp as end:
            log.warning("deed.given_up", extra={**about, "why": str(end)})
            raise
        except Fault as fault:
            log.info("deed.failed", extra={**about, "why": type(fault).__name__})
            raise
        log.info("deed.done", extra={**about, "milliseconds": round(1000 * (time.monotonic() - began))})
        return answer


def activity_in_words() -> dict[str, Any]:
    info = activity.info()
    return {"deed": info.activity_type, "attempt": info.attempt}


def _order_in(input: ExecuteActivityInput) -> int | None:  # noqa: A002 - as the SDK calls it
    """The first argument is a task or a request of an order, or the order's id itself."""
    first = input.args[0] if input.args else None
    return first if isinstance(first, int) else getattr(first, "order_id", None)
