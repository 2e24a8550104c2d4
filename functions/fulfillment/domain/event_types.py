"""The event types that are routed, and the subscriber of each."""

from collections.abc import Mapping
from enum import StrEnum


class EventType(StrEnum):
    """The event types that create or change an order. Each has its own subscriber."""

    COMPLETED = "checkout.session.completed"
    ASYNC_PAYMENT_SUCCEEDED = "checkout.session.async_payment_succeeded"
    ASYNC_PAYMENT_FAILED = "checkout.session.async_payment_failed"


SUBSCRIBERS: Mapping[EventType, str] = {
    EventType.COMPLETED: "on_checkout_session_completed",
    EventType.ASYNC_PAYMENT_SUCCEEDED: "on_async_payment_succeeded",
    EventType.ASYNC_PAYMENT_FAILED: "on_async_payment_failed",
}
"""The entry point of each event type's subscriber."""
