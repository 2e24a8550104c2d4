"""Turns a thin event into an event with its session, which is read from Stripe.

| the session                                       | result                                              |
|---------------------------------------------------|-----------------------------------------------------|
| its order has this event, or its snapshot event   | nothing is read: a duplicate                        |
| complete                                          | the finding with the claim that the session has now |
| complete, in setup mode                           | none: nothing was sold                              |
| not complete                                      | tried again: its event says that it is complete     |
| 401, 429, an error at Stripe, no answer           | tried again                                         |
| 403, 404: no session is ever deleted at Stripe    | parked: a person must give another key              |
| no key                                            | parked                                              |
"""

from dataclasses import replace
from datetime import datetime
from typing import Protocol

from fulfillment.domain.event_types import EventType, family_type
from fulfillment.domain.events import CheckoutEvent, parse
from fulfillment.domain.shape import ShapeError
from fulfillment.domain.source_event import source_event
from fulfillment.domain.synthetic_events import synthetic_event
from fulfillment.domain.thin_events import ThinEvent
from fulfillment.errors import MalformedEvent, SessionNotComplete
from fulfillment.orders.store import Orders
from fulfillment.thin_reads import Sessions, read_session, with_key


class VersionedSessions(Sessions, Protocol):
    """The part of `StripeApi` that is needed here."""

    @property
    def api_version(self) -> str:
        """The version of Stripe's API in which the session is written."""
        ...


class ThinSales:
    """Reads the sessions of thin events. `stripe` is None without a key."""

    def __init__(self, orders: Orders, stripe: VersionedSessions | None) -> None:
        self._orders, self._stripe = orders, stripe

    async def event_of(self, thin: ThinEvent, received_at: datetime) -> CheckoutEvent | None:
        """The event that stands for the thin one; None if nothing was sold. Raises PermanentError, TransientError."""
        return await self._known(thin, received_at) or await self._read(thin, received_at)

    async def _known(self, thin: ThinEvent, received_at: datetime) -> CheckoutEvent | None:
        """The order's own source event, if the order has the thin event or its snapshot event: it changes nothing, and
        what the order owes is performed. So a redelivery costs no read, and does not depend on Stripe.
        """
        stored = await self._orders.get(thin.session_id)
        if stored is None:
            return None
        events = stored.order.events
        if thin.snapshot_event in events or any(thin.id in seen.thin_events for seen in events.values()):
            return parse(source_event(stored.order).body, received_at)
        return None

    async def _read(self, thin: ThinEvent, received_at: datetime) -> CheckoutEvent | None:
        stripe = with_key(self._stripe, "a session")
        session = await read_session(stripe, thin)
        if session.get("status") != "complete":
            raise SessionNotComplete(f"{thin.type}, but the session that Stripe returned is not complete")
        told = EventType(family_type(thin.type))
        try:
            found = synthetic_event(
                session, owner=thin.owner, api_version=stripe.api_version, at=thin.created, told=told
            )
        except ShapeError as error:
            raise MalformedEvent(f"the session that Stripe returned: {error}") from None
        return replace(parse(found.body, received_at), thin_event=thin.id, thin_type=told) if found else None
