"""The event types that the installed Stripe library knows."""

from typing import get_args

from stripe.events import _event_classes
from stripe.params._webhook_endpoint_create_params import WebhookEndpointCreateParams

from ops.clients.event_types import KnownTypes


def known_types() -> KnownTypes:
    """Those that a webhook endpoint may be registered for, and those of thin events, for which the library has no
    public list.
    """
    (listed,) = get_args(WebhookEndpointCreateParams.__annotations__["enabled_events"])
    thin = _event_classes._V2_EVENT_NOTIFICATION_CLASS_LOOKUP  # noqa: SLF001 - see above
    return KnownTypes(snapshot=frozenset(get_args(listed)) - {"*"}, thin=frozenset(thin))
