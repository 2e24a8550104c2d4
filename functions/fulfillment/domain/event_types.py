"""The event types of orders, and the entry point that gets each. `register-webhook`, doctor, routing, Terraform and the
docs agree with this list.

    a sale        checkout.session.completed, .async_payment_succeeded, .async_payment_failed     EventType
    after it      refund.…, charge.dispute.…, radar.early_fraud_warning.…, review.…               AFTER_SALE
    without it    checkout.session.expired, where abandoned carts are wanted                      EXPIRED
"""

from collections.abc import Mapping
from enum import StrEnum

THIN = "v1."
"""A thin event's type is the type of its snapshot event with this prefix. Some types exist only as thin events."""
THIN_EVENT = "v2.core.event"
"""The field `object` of a thin event."""


class EventType(StrEnum):
    """The event types that create or change an order's sale. Each has its own subscriber."""

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

ON_REFUND, ON_DISPUTE = "on_refund", "on_dispute"
AFTER_SALE: Mapping[str, tuple[str, ...]] = {
    ON_REFUND: ("refund.created", "refund.updated", "refund.failed"),
    ON_DISPUTE: (
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "radar.early_fraud_warning.created",
        "radar.early_fraud_warning.updated",
        "review.opened",
        "review.closed",
    ),
}
"""What happens to an order's money after the sale: the types by their entry point."""
CHARGE_REFUNDED, CHARGE_REFUND_UPDATED = "charge.refunded", "charge.refund.updated"
OLD_REFUNDS = (CHARGE_REFUNDED, CHARGE_REFUND_UPDATED)
"""They tell of refunds where the endpoint's API version is before REFUND_EVENTS_SINCE. They have no thin twins here."""
REFUND_EVENTS_SINCE = "2024-10-28"
"""From this API version on, `refund.created` comes for every refund."""

EXPIRED = "checkout.session.expired"
ON_EXPIRED = "on_checkout_session_expired"


def order_types(*, abandoned_carts: bool) -> frozenset[str]:
    """The types, snapshot and thin, that go to the orders' topic."""
    after_sale = {name for names in AFTER_SALE.values() for name in names}
    expired = {EXPIRED} if abandoned_carts else set[str]()
    twins = {*EventType, *after_sale, *expired}
    return frozenset({*map(str, twins), *(f"{THIN}{name}" for name in twins), *OLD_REFUNDS})


ORDER_TYPES = order_types(abandoned_carts=True)
"""The types, snapshot and thin, that this product may handle."""


def registered_types(*, thin: bool, api_version: str | None, abandoned_carts: bool) -> frozenset[str]:
    """The orders' types that an endpoint is registered for. `api_version`: that of a snapshot endpoint."""
    wanted = {each for each in order_types(abandoned_carts=abandoned_carts) if each.startswith(THIN) is thin}
    return frozenset(wanted if needs_old_refunds(api_version) else wanted - {*OLD_REFUNDS})


def needs_old_refunds(api_version: str | None) -> bool:
    """Whether events of this API version tell of refunds by the old types alone."""
    return api_version is not None and api_version[:10] < REFUND_EVENTS_SINCE


def entry_point_of(event_type: str) -> str | None:
    """The entry point that gets a type, snapshot or thin; None for a type that is no order's."""
    return _ENTRY_POINTS.get(family_type(event_type))


def family_type(event_type: str) -> str:
    """The type that a snapshot event and its thin twin share: `invoice.paid` of `v1.invoice.paid`."""
    return event_type.removeprefix(THIN)


_ENTRY_POINTS: Mapping[str, str] = {
    **{event_type.value: name for event_type, name in SUBSCRIBERS.items()},
    **{event_type: name for name, types in AFTER_SALE.items() for event_type in types},
    **dict.fromkeys(OLD_REFUNDS, ON_REFUND),
    EXPIRED: ON_EXPIRED,
}
