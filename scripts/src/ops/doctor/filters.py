"""The filters of subscriptions: those that call the subscribers of orders' events, and those of the sinks. Pure.

A filter has 256 bytes at most, so snapshot and thin events have a subscription each.
"""

from fulfillment.domain.event_types import EXPIRED, ON_DISPUTE, ON_REFUND, THIN
from ops.deployment.model import Deployment, Subscriber

_PREFIXES = {
    ON_REFUND: ("refund.", "charge.refund"),
    ON_DISPUTE: ("charge.dispute.", "radar.early_fraud_warning.", "review."),
}
_THIN_PREFIXES = {**_PREFIXES, ON_REFUND: ("refund.",)}
"""The old types of refunds have no thin twins here."""


def filter_of(entry_point: str, to: Subscriber, *, thin: bool) -> str:
    """The filter of a subscriber's subscription for snapshot events, or for thin ones."""
    begin = THIN if thin else ""
    if prefixes := (_THIN_PREFIXES if thin else _PREFIXES).get(entry_point):
        return " OR ".join(f'hasPrefix(attributes.event_type, "{begin}{each}")' for each in prefixes)
    return " OR ".join(f'attributes.event_type = "{begin}{each}"' for each in to.types)


def filter_of_sink(deployment: Deployment, topic: str) -> str:
    """The filter of a sink's subscription to a topic, by its id. Links to abandoned carts are copied nowhere."""
    carts = topic == deployment.topics.events and deployment.abandoned_carts
    return f'NOT attributes.event_type = "{EXPIRED}"' if carts else ""
