"""Reads the session from Stripe once if a buyer arrives before the webhook's event.

Guessed ids must not use up the shop's API quota: all reads share a rate limit, and every answer is cached for a minute,
also "no such session". An old id must not fulfill an old sale again: sales before the deployment have no order here.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from fulfillment.domain.buyer_view import StripeAnswer
from fulfillment.domain.cursor import OVERLAP_SECONDS
from fulfillment.domain.ids import OWN, Owner
from fulfillment.domain.order import Order
from fulfillment.domain.ownership import Ownership
from fulfillment.domain.shape import ShapeError
from fulfillment.domain.synthetic_events import synthetic_event
from fulfillment.errors import StripeUnavailable
from fulfillment.order_status.rate_limiter import RateLimiter
from fulfillment.order_status.session_cache import CachedSession, Clock
from fulfillment.order_status.settings import OrderStatusSettings
from fulfillment.telemetry import Line

READ_SECONDS = 5
REMEMBERED_SECONDS = 60
BROKEN_SECONDS = 5
NEW = timedelta(seconds=OVERLAP_SECONDS)  # reconcile lists sessions for the same time, and finds what this misses


def configured(settings: OrderStatusSettings) -> "Lookup | None":
    """The lookup of these settings, or None without a key. A read is not retried: the page reloads, and reads count."""
    if settings.stripe_key is None:
        return None
    from fulfillment.stripe_api import StripeApi

    stripe = StripeApi(settings.stripe_key, settings.api_base, READ_SECONDS, again=lambda _error: False)
    ownership = Ownership(livemode=settings.livemode, order_filter=settings.order_filter)
    return Lookup(stripe, RateLimiter(settings.reads_per_minute), ownership)


class Sessions(Protocol):
    """The part of `StripeApi` that is needed here."""

    async def session(self, session_id: str, owner: Owner = OWN) -> Any:
        """The session in Stripe's format, or None. Raises StripeUnavailable."""
        ...

    @property
    def api_version(self) -> str:
        """The version of Stripe's API in which the session is written."""
        ...


class Lookup:
    """Reads sessions from Stripe, and caches each answer."""

    def __init__(
        self, sessions: Sessions, limiter: RateLimiter, ownership: Ownership, clock: Clock = time.monotonic
    ) -> None:
        self._sessions, self._limiter, self._ownership, self._clock = sessions, limiter, ownership, clock

    async def ask(self, session_id: str, order: Order | None, cached: CachedSession, line: Line) -> StripeAnswer | None:
        """Stripe's answer, perhaps cached, or None if it cannot be read. Requests for one session share a read."""
        async with cached.reading:
            if self._clock() < cached.until:
                line.note(stripe="remembered")
            elif not self._limiter.take():
                line.note(stripe="allowance_spent")
            else:
                await self._read(session_id, order, cached, line)
            return cached.answer

    async def _read(self, session_id: str, order: Order | None, cached: CachedSession, line: Line) -> None:
        line.note(stripe="read")
        try:
            session = await self._sessions.session(session_id, order.owner if order else OWN)
            cached.answer = self._answer(session, order)
            cached.until = self._clock() + REMEMBERED_SECONDS
        except (StripeUnavailable, ShapeError) as error:
            line.say("WARNING", f"the session could not be read: {error}", outcome="unread")
            line.note(stripe="unavailable")
            cached.until = self._clock() + BROKEN_SECONDS

    def _answer(self, session: Any, order: Order | None) -> StripeAnswer:
        """The answer for a session. It is the same for an unknown id and for an order of another deployment."""
        if session is None:
            return StripeAnswer()
        owner, now = order.owner if order else OWN, datetime.now(UTC)
        event = synthetic_event(session, owner=owner, api_version=self._sessions.api_version, at=now)
        if event is None or not self._ownership.owns(event.checkout) or (order is None and event.age(now) > NEW):
            return StripeAnswer()
        return StripeAnswer(event=event)
