"""The one place where refusals and faults become what Temporal understands."""

from typing import Any

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from domain.faults import Fault, StageGivenUp
from domain.refusals import Refusal

STAGE_GIVEN_UP = "STAGE_GIVEN_UP"


class FaultTranslation(Interceptor):
    """Every activity of a worker tells Temporal what to retry, and what to let be."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Translating(next)


class _Translating(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        try:
            return await super().execute_activity(input)
        except Refusal as refusal:
            raise told_to_temporal(refusal) from refusal
        except StageGivenUp as end:
            raise ApplicationError(str(end), type=STAGE_GIVEN_UP, non_retryable=True) from end
        except Fault as fault:
            # Weather is expected: retried, but neither logged nor counted as an error.
            raise ApplicationError(
                str(fault), type=type(fault).__name__, category=ApplicationErrorCategory.BENIGN
            ) from fault


def told_to_temporal(refusal: Refusal) -> ApplicationError:
    """A refusal is final, and its code is the type a caller can act on."""
    return ApplicationError(
        refusal.message,
        type=refusal.code,
        non_retryable=True,
        category=ApplicationErrorCategory.BENIGN,
    )
