"""One line in the log for each deed: done, refused, or to be tried again."""

import logging
import time
from contextvars import ContextVar
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from domain.faults import Fault, StageGivenUp
from domain.refusals import Refusal

log = logging.getLogger(__name__)

_line: ContextVar[dict[str, Any] | None] = ContextVar("_line", default=None)


def tell(**fields: Any) -> None:
    """Have the line of the deed under way say this too."""
    if (line := _line.get()) is not None:
        line.update(fields)


class Journal(Interceptor):
    """Retries, refusals and commands are seen in the log by order, deed and attempt; nobody's words are."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Noted(next)


class _Noted(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        began = time.monotonic()
        info = activity.info()
        about = {"order_id": _order_in(input), "deed": info.activity_type, "attempt": info.attempt}
        _line.set(about)
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
        except Exception as error:
            # No weather: the books, or a mistake of ours.
            log.warning("deed.failed", extra={**about, "why": type(error).__name__})
            raise
        log.info("deed.done", extra={**about, "milliseconds": round(1000 * (time.monotonic() - began))})
        return answer


def _order_in(input: ExecuteActivityInput) -> int | None:  # noqa: A002 - as the SDK calls it
    """The first argument is a task or a request of an order, or the order's id itself."""
    first = input.args[0] if input.args else None
    return first if isinstance(first, int) else getattr(first, "order_id", None)
