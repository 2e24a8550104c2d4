"""The event types that the installed Stripe library knows."""

from fulfillment.stripe_types import SNAPSHOT, THIN
from ops.clients.event_types import KnownTypes


def known_types() -> KnownTypes:
    """Those that a webhook endpoint may be registered for, and those of thin events."""
    return KnownTypes(snapshot=SNAPSHOT, thin=THIN)
