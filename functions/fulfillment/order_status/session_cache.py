"""The cache of one instance for the sessions that buyers request."""

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
    """A session that was first requested at `began`. `answer` is Stripe's, valid until `until`. `published` is the
    session's published event, and `failures` counts the failed publishes.
    """

    began: float
    answer: StripeAnswer | None = None
    until: float = 0.0
    published: SyntheticEvent | None = None
    failures: int = 0
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    publishing: asyncio.Lock = field(default_factory=asyncio.Lock)


class SessionCache:
    """The `most` sessions that were requested last, by id, each for an hour."""

    def __init__(self, clock: Clock = time.monotonic, most: int = MOST) -> None:
        self._clock, self._most = clock, most
        self._sessions: OrderedDict[str, CachedSession] = OrderedDict()

    def of(self, session_id: str) -> CachedSession:
        """The cached session, or a new entry."""
        cached = self._sessions.get(session_id)
        if cached is None or self._clock() - cached.began >= CACHE_SECONDS:
            cached = self._sessions[session_id] = CachedSession(self._clock())
        self._sessions.move_to_end(session_id)
        if len(self._sessions) > self._most:
            self._sessions.popitem(last=False)
        return cached

    def age(self, cached: CachedSession) -> float:
        """Seconds since its first request."""
        return self._clock() - cached.began
