"""A buyer is back before the webhook: the session is read from Stripe, once, and what it claims is published.

Whoever guesses ids must not use up the shop's API quota: all reads together have an allowance, and an answer counts
for a minute, "there is no such session" too. And whoever kept the id of an old sale must not get it fulfilled a second
time: what was sold before this product was deployed has no order here.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from fulfillment.domain.checkout import Checkout
from fulfillment.domain.findings import claims_more, finding
from fulfillment.domain.ids import OWN, Owner
from fulfillment.domain.order import Order
from fulfillment.domain.rounds import OVERLAP_SECONDS
from fulfillment.domain.session import Session, to_checkout
from fulfillment.domain.shape import ShapeError, read
from fulfillment.domain.standing import Reading
from fulfillment.errors import PublishFailed, StripeUnavailable
from fulfillment.order_status.settings import OrderStatusSettings
from fulfillment.order_status.visits import Allowance, Clock, Visit
from fulfillment.telemetry import Line, Trace
from fulfillment.topic.finder import Finder

READ_SECONDS = 5
REMEMBERED_SECONDS = 60
BROKEN_SECONDS = 5
NEW = timedelta(seconds=OVERLAP_SECONDS)  # as long as reconcile lists it, which finds whom this misses


def configured(settings: OrderStatusSettings, finder: Finder) -> "Lookup | None":
    """What the settings make possible; None without a key. Nothing is tried again: the page is, and each try counts."""
    if settings.stripe_key is None:
        return None
    from fulfillment.stripe_api import StripeApi

    stripe = StripeApi(settings.stripe_key, settings.api_base, READ_SECONDS, again=lambda _error: False)
    wanted = settings.order_filter

    def ours(checkout: Checkout) -> bool:
        """An organization's key reads both modes."""
        return checkout.livemode is settings.livemode and (wanted is None or wanted.matches(checkout))

    return Lookup(stripe, finder, Allowance(settings.reads_per_minute), ours)


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
    """Asks Stripe. `ours` says whether a session is."""

    def __init__(
        self,
        sessions: Sessions,
        finder: Finder,
        allowance: Allowance,
        ours: Callable[[Checkout], bool],
        clock: Clock = time.monotonic,
    ) -> None:
        self._sessions, self._finder, self._allowance = sessions, finder, allowance
        self._ours, self._clock = ours, clock

    async def ask(self, session_id: str, order: Order | None, visit: Visit, line: Line) -> Reading | None:
        """What Stripe says, or said a moment ago; None if it cannot be asked. What it claims beyond the order is
        published, once. Those who ask for the same session at once wait for one answer, and for one try to publish it.
        """
        failures = visit.failures
        async with visit.lock:
            if self._clock() < visit.until:
                line.note(stripe="remembered")
            elif not self._allowance.take():
                line.note(stripe="allowance_spent")
            else:
                await self._read(session_id, order, visit, line)
            if not visit.published and visit.failures == failures:
                await self._publish(order, visit, line)
            return visit.reading

    async def _read(self, session_id: str, order: Order | None, visit: Visit, line: Line) -> None:
        line.note(stripe="read")
        try:
            said = await self._sessions.session(session_id, order.owner if order else OWN)
            visit.reading, visit.published = self._reading(said, order), False
            visit.until = self._clock() + REMEMBERED_SECONDS
        except (StripeUnavailable, ShapeError) as error:
            line.say("WARNING", f"the session could not be read: {error}", outcome="unread")
            line.note(stripe="unavailable")
            visit.until = self._clock() + BROKEN_SECONDS

    def _reading(self, said: Any, order: Order | None) -> Reading:
        """Nothing for what is no order of ours: an id that nobody has is not told from another shop's."""
        if said is None:
            return Reading()
        owner, now = order.owner if order else OWN, datetime.now(UTC)
        found = finding(said, owner=owner, api_version=self._sessions.api_version, at=now)
        if found is None or (order is None and found.age(now) > NEW):
            return Reading()
        checkout = to_checkout(read(Session, said), livemode=said["livemode"], owner=owner)
        return Reading(found=found, checkout=checkout) if self._ours(checkout) else Reading()

    async def _publish(self, order: Order | None, visit: Visit, line: Line) -> None:
        """A failure is tried again by the next refresh."""
        found = visit.reading and visit.reading.found
        if not found or not claims_more(found, order.status if order else None):
            return
        try:
            line.note(message_id=await self._finder.publish(found, line.trace or Trace.of({})))
            visit.published = True
        except PublishFailed as error:
            visit.failures += 1
            line.say("WARNING", f"{error}; the page will try again", outcome="publish_failed")
            line.blame(error)
