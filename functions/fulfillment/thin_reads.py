"""Reads the session of a thin event, in its context. Without a key no object of a thin event can be read."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from fulfillment.domain.ids import OWN, Owner
from fulfillment.domain.thin_events import ThinEvent
from fulfillment.errors import ReadRefused, StripeRefused, StripeUnavailable

T = TypeVar("T")


class Sessions(Protocol):
    """The part of `StripeApi` that is needed here."""

    async def require_session(self, session_id: str, owner: Owner = OWN) -> Mapping[str, Any]:
        """The session in Stripe's format. Raises StripeUnavailable."""
        ...


def with_key(reader: T | None, named: str) -> T:
    """The reader of what the thin event names. Raises ReadRefused if it is None: there is no key."""
    if reader is None:
        raise ReadRefused(
            f"a thin event names {named}, and there is no key to read it: set STRIPE_API_KEY "
            "(in Terraform stripe_api_key), or register the webhook for snapshot events"
        )
    return reader


async def read_session(stripe: Sessions, thin: ThinEvent) -> Mapping[str, Any]:
    """The session that the event is about, as it is now, in Stripe's format. Raises ReadRefused, StripeUnavailable."""
    try:
        session = await stripe.require_session(thin.session_id, thin.owner)
    except StripeRefused as refused:
        mode = "live" if thin.livemode else "test"
        raise ReadRefused(f"the event is of {mode} mode. {refused}") from None
    if session.get("id") != thin.session_id:
        raise StripeUnavailable("Stripe's answer is another session: look at the proxy, or STRIPE_API_BASE")
    return session
