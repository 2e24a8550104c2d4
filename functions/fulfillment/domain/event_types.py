"""The event types of orders, and the subscriber of each."""

from collections.abc import Mapping
from enum import StrEnum

THIN = "v1."
"""A thin event's type is the type of its snapshot event with this prefix. Some types exist only as thin events."""
THIN_EVENT = "v2.core.event"
"""The field `object` of a thin event."""


class EventType(StrEnum):
    """The event types that create or change an order. Each has its own subscriber."""

    COMPLETED = "checkout.session.completed"
    ASYNC_PAYMENT_SUCCEEDED = "checkout.session.async_payment_succeeded"
    ASYNC_PAYMENT_FAILED = "checkout.session.async_payment_failed"

    @property
    def thin(self) -> str:
        """The type of the thin event that tells the same."""
        return f"{THIN}{self.value}"


SUBSCRIBERS: Mapping[EventType, str] = {
    EventType.COMPLETED: "on_checkout_session_completed",
    EventType.ASYNC_PAYMENT_SUCCEEDED: "on_async_payment_succeeded",
    EventType.ASYNC_PAYMENT_FAILED: "on_async_payment_failed",
}
"""The entry point of each event type's subscriber."""

ORDER_TYPES = frozenset(name for each in EventType for name in (each.value, each.thin))
"""The types, snapshot and thin, that go to the subscribers."""


def family_type(event_type: str) -> str:
    """The type that a snapshot event and its thin twin share: `invoice.paid` of `v1.invoice.paid`."""
    return event_type.removeprefix(THIN)
