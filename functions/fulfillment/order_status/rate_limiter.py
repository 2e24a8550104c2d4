"""Limits how often one instance reads Stripe for buyers."""

import time
from collections import deque

from fulfillment.order_status.session_cache import Clock


class RateLimiter:
    """Allows at most `per_minute` reads in any 60 seconds."""

    def __init__(self, per_minute: int, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._taken: deque[float] = deque([-60.0] * per_minute, maxlen=per_minute)

    def take(self) -> bool:
        """Takes one read. Returns whether it was allowed."""
        now = self._clock()
        if not self._taken or now - self._taken[0] < 60:
            return False
        self._taken.append(now)
        return True
