"""What one stage's race cost, as its event row tells it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeFigures:
    """Attempts of one stage, summed over the activity's retries; `won_by` counts from 1 in launch order.

    `failed` ended with an error, `hung` were retired to make room for a fresh one or ran out of time,
    `cancelled` were still running when another won. launched = failed + hung + cancelled + (1 if won).
    """

    launched: int = 0
    failed: int = 0
    hung: int = 0
    cancelled: int = 0
    won_by: int | None = None
    milliseconds: int = 0

    def after(self, earlier: "HedgeFigures") -> "HedgeFigures":
        """The sum of these and of an earlier race of the same stage; `won_by` counts on from the earlier."""
        return HedgeFigures(
            launched=earlier.launched + self.launched,
            failed=earlier.failed + self.failed,
            hung=earlier.hung + self.hung,
            cancelled=earlier.cancelled + self.cancelled,
            won_by=None if self.won_by is None else earlier.launched + self.won_by,
            milliseconds=earlier.milliseconds + self.milliseconds,
        )
