"""Rebuilds an order's source event from the order, for a message that requests a replay or a release.

It has the order's claim and no API version, so it ranks below every version of that event that Stripe sent. It changes
no field of the order; only the message's request has an effect. It needs no call to Stripe. Of the buyer's data it
holds only the metadata, which ORDER_FILTER reads.
"""

from fulfillment.domain.envelope import made
from fulfillment.domain.order import Order
from fulfillment.domain.synthetic_events import SyntheticEvent

_FIELDS = ("id", "livemode", "mode", "payment_status", "payment_link", "payment_intent")
_AMOUNTS = ("amount_total", "amount_subtotal", "currency")


def source_event(order: Order) -> SyntheticEvent:
    """The order's source event, rebuilt from the order."""
    seen = order.events[order.source]
    session = {name: getattr(order, name) for name in (*_FIELDS, *_AMOUNTS)}
    event = made(
        {**session, "metadata": dict(order.metadata), "object": "checkout.session"},
        id=order.source,
        type=seen.type,
        created=seen.created,
        livemode=order.livemode,
        owner=order.owner,
    )
    return SyntheticEvent(event=event, claim=seen.claim, checkout=order)
