"""Reads the session of a thin event, in its context.

| the session                                   | result                                            |
|-----------------------------------------------|---------------------------------------------------|
| expired, or complete                          | the session as it is now                          |
| open                                          | tried again: its event says that it has expired   |
| 401, 429, an error at Stripe, no answer       | tried again                                       |
| 403, 404                                      | parked: a person must give another key            |
| no key                                        | parked                                            |
"""

from collections.abc import Mapping
from typing import Any, Protocol

from fulfillment.domain.cart import OPEN, ExpiredSession, read_expired
from fulfillment.domain.ids import OWN, Owner
from fulfillment.domain.thin_events import ThinEvent
from fulfillment.errors import ReadRefused, SessionNotExpired, StripeRefused, StripeUnavailable


class Sessions(Protocol):
    """The part of `StripeApi` that is needed here."""

    async def require_session(self, session_id: str, owner: Owner = OWN) -> Mapping[str, Any]:
        """The session in Stripe's format. Raises StripeUnavailable."""
        ...


class ThinCarts:
    """Reads the sessions of thin events. `stripe` is None without a key."""

    def __init__(self, stripe: Sessions | None) -> None:
        self._stripe = stripe

    async def session_of(self, thin: ThinEvent) -> ExpiredSession:
        """The session that the event is about. Raises PermanentError, TransientError."""
        if self._stripe is None:
            raise ReadRefused(
                "a thin event names a session, and there is no key to read it: set STRIPE_API_KEY "
                "(in Terraform stripe_api_key), or register the webhook for snapshot events"
            )
        try:
            session = await self._stripe.require_session(thin.session_id, thin.owner)
        except StripeRefused as refused:
            mode = "live" if thin.livemode else "test"
            raise ReadRefused(f"the event is of {mode} mode. {refused}") from None
        if session.get("id") != thin.session_id:
            raise StripeUnavailable("Stripe's answer is another session: look at the proxy, or STRIPE_API_BASE")
        found = read_expired(session, livemode=thin.livemode, owner=thin.owner)
        if found.status == OPEN:
            raise SessionNotExpired(f"{thin.type}, but the session that Stripe returned is open")
        return found
