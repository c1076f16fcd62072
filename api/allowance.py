"""How much each may ask for: so many requests a minute, in one go if they have not asked for a minute."""

import time
from collections.abc import Callable

A_MINUTE_SECONDS = 60.0

# Whoever has not asked for a minute is forgotten when there are as many as this.
REMEMBERED = 10_000


class Allowance:
    """Counts in this process alone, by what each request costs: a minute shared by as many as are allowed."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._cost = A_MINUTE_SECONDS / per_minute
        self._clock = clock
        self._paid_up_at: dict[str, float] = {}

    @property
    def remembered(self) -> int:
        return len(self._paid_up_at)

    def seconds_to_wait(self, who: str) -> float:
        """Return 0 and count one more request, or how long `who` must wait until one is allowed."""
        now = self._clock()
        paid_up_at = max(now, self._paid_up_at.get(who, now)) + self._cost
        too_early = paid_up_at - now - A_MINUTE_SECONDS
        if too_early > 0:
            return too_early
        self._paid_up_at[who] = paid_up_at
        if len(self._paid_up_at) > REMEMBERED:
            self._paid_up_at = {who: at for who, at in self._paid_up_at.items() if at > now}
        return 0
