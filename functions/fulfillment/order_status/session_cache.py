"""What one instance remembers of the sessions that buyers ask about."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from fulfillment.domain.buyer_view import StripeAnswer
from fulfillment.domain.synthetic_events import SyntheticEvent

MOST = 4096
CACHE_SECONDS = 3600
Clock = Callable[[], float]


@dataclass
class CachedSession:
    """A session that is asked about since `began`. `answer` is Stripe's, and counts until `until`; `published` is the
    event of it that was published, and `failures` says how often one could not be.
    """

    began: float
    answer: StripeAnswer | None = None
    until: float = 0.0
    published: SyntheticEvent | None = None
    failures: int = 0
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    publishing: asyncio.Lock = field(default_factory=asyncio.Lock)


class SessionCache:
    """The sessions that were asked about last, by id: so many, and each for an hour."""

    def __init__(self, clock: Clock = time.monotonic, most: int = MOST) -> None:
        self._clock, self._most = clock, most
        self._sessions: OrderedDict[str, CachedSession] = OrderedDict()

    def of(self, session_id: str) -> CachedSession:
        """What is remembered of a session, or a new entry."""
        cached = self._sessions.get(session_id)
        if cached is None or self._clock() - cached.began >= CACHE_SECONDS:
            cached = self._sessions[session_id] = CachedSession(self._clock())
        self._sessions.move_to_end(session_id)
        if len(self._sessions) > self._most:
            self._sessions.popitem(last=False)
        return cached

    def age(self, cached: CachedSession) -> float:
        """Seconds since it was asked about first."""
        return self._clock() - cached.began
