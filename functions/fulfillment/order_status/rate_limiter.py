"""How often one instance may ask Stripe on behalf of buyers."""

import time
from collections import deque

from fulfillment.order_status.session_cache import Clock


class RateLimiter:
    """So many a minute, any minute, and no more."""

    def __init__(self, per_minute: int, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._taken: deque[float] = deque([-60.0] * per_minute, maxlen=per_minute)

    def take(self) -> bool:
        """Takes one, if there is one."""
        now = self._clock()
        if not self._taken or now - self._taken[0] < 60:
            return False
        self._taken.append(now)
        return True
