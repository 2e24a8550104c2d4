"""The event types that Stripe's library knows. Its module for thin events is private, but the only list of them."""

from typing import get_args

from stripe import Event
from stripe.events._event_classes import _V2_EVENT_NOTIFICATION_CLASS_LOOKUP

SNAPSHOT = frozenset[str](get_args(Event.__annotations__["type"]))
THIN = frozenset[str](_V2_EVENT_NOTIFICATION_CLASS_LOOKUP)
