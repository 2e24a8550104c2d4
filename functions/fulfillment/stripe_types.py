"""The event types that the installed Stripe library knows. It has no public list of the thin ones."""

from typing import get_args

from stripe.events import _event_classes
from stripe.params._webhook_endpoint_create_params import WebhookEndpointCreateParams

from fulfillment.domain.event_types import family_type

(_listed,) = get_args(WebhookEndpointCreateParams.__annotations__["enabled_events"])
SNAPSHOT = frozenset[str](get_args(_listed)) - {"*"}
THIN = frozenset[str](_event_classes._V2_EVENT_NOTIFICATION_CLASS_LOOKUP)  # noqa: SLF001 - see above
FAMILIES = frozenset(map(family_type, SNAPSHOT | THIN))
"""All types, without `v1.`."""
