"""What one instance remembers of the landing page's visitors, and how often it may ask Stripe on their behalf."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from fulfillment.domain.standing import Reading

VISITS = 4096
VISIT_SECONDS = 3600
Clock = Callable[[], float]


@dataclass
class Visit:
    """A session id that is asked about. `reading` counts until `until`; `published` says whether it was, and `failures`
    how often it could not be.
    """

    began: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    reading: Reading | None = None
    until: float = 0.0
    published: bool = False
    failures: int = 0


class Visits:
    """The latest visits, by session id: so many, and each for an hour."""

    def __init__(self, clock: Clock = time.monotonic, most: int = VISITS) -> None:
        self._clock, self._most = clock, most
        self._visits: OrderedDict[str, Visit] = OrderedDict()

    def of(self, session_id: str) -> Visit:
        """The visit under way, or a new one."""
        visit = self._visits.get(session_id)
        if visit is None or self._clock() - visit.began >= VISIT_SECONDS:
            visit = self._visits[session_id] = Visit(self._clock())
        self._visits.move_to_end(session_id)
        if len(self._visits) > self._most:
            self._visits.popitem(last=False)
        return visit

    def age(self, visit: Visit) -> float:
        """Seconds since it began."""
        return self._clock() - visit.began


class Allowance:
    """So many a minute, any minute, and no more."""

    def __init__(self, a_minute: int, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._taken: deque[float] = deque([-60.0] * a_minute, maxlen=a_minute)

    def take(self) -> bool:
        """Takes one, if there is one."""
        now = self._clock()
        if not self._taken or now - self._taken[0] < 60:
            return False
        self._taken.append(now)
        return True
