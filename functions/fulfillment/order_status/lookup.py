"""A buyer is back before the webhook: the session is read from Stripe, once.

Guessed ids must not use up the shop's API quota: all reads together have a rate limit, and an answer counts for a
minute, "there is no such session" too. And an old id must not get an old sale fulfilled a second time: what was sold
before this product was deployed has no order here.
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
NEW = timedelta(seconds=OVERLAP_SECONDS)  # as long as reconcile lists it, which finds what this misses


def configured(settings: OrderStatusSettings) -> "Lookup | None":
    """What the settings make possible; None without a key. Nothing is tried again: the page is, and each try counts."""
    if settings.stripe_key is None:
        return None
    from fulfillment.stripe_api import StripeApi

    stripe = StripeApi(settings.stripe_key, settings.api_base, READ_SECONDS, again=lambda _error: False)
    ownership = Ownership(livemode=settings.livemode, order_filter=settings.order_filter)
    return Lookup(stripe, RateLimiter(settings.reads_per_minute), ownership)


class Sessions(Protocol):
    """Where sessions are read: `StripeApi`, as far as it is needed here."""

    async def session(self, session_id: str, owner: Owner = OWN) -> Any:
        """The session as Stripe writes it, or None. Raises StripeUnavailable."""
        ...

    @property
    def api_version(self) -> str:
        """The version in which it is written."""
        ...


class Lookup:
    """Asks Stripe of sessions, and remembers each answer for a while."""

    def __init__(
        self, sessions: Sessions, limiter: RateLimiter, ownership: Ownership, clock: Clock = time.monotonic
    ) -> None:
        self._sessions, self._limiter, self._ownership, self._clock = sessions, limiter, ownership, clock

    async def ask(self, session_id: str, order: Order | None, cached: CachedSession, line: Line) -> StripeAnswer | None:
        """What Stripe says, or said a moment ago; None if it cannot be asked. Requests of one session share a read."""
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
        """Nothing for what is no order of ours: an id that nobody has is not told from another shop's."""
        if session is None:
            return StripeAnswer()
        owner, now = order.owner if order else OWN, datetime.now(UTC)
        event = synthetic_event(session, owner=owner, api_version=self._sessions.api_version, at=now)
        if event is None or not self._ownership.owns(event.checkout) or (order is None and event.age(now) > NEW):
            return StripeAnswer()
        return StripeAnswer(event=event)
