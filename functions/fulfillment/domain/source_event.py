"""An order's source event, written again from the order itself, for a message by which a person asks for something.

It claims what the order holds and names no API version. So it ranks behind every rendering of that event that came
from Stripe: it changes nothing, takes over nothing, and only its message's request counts. It needs no answer of
Stripe's, and says nothing of the buyer but the metadata, by which a deployment knows its own orders.
"""

from fulfillment.domain.order import Order
from fulfillment.domain.synthetic_events import SyntheticEvent

_TOLD = ("id", "livemode", "mode", "payment_status", "payment_link", "payment_intent")
_AMOUNTS = ("amount_total", "amount_subtotal", "currency")


def source_event(order: Order) -> SyntheticEvent:
    """The order's source event as the order remembers it."""
    seen = order.events[order.source]
    session = {name: getattr(order, name) for name in (*_TOLD, *_AMOUNTS)}
    event = {
        "id": order.source,
        "object": "event",
        "type": seen.type,
        "created": int(seen.created.timestamp()),
        "livemode": order.livemode,
        "data": {"object": {**session, "metadata": dict(order.metadata), "object": "checkout.session"}},
    }
    return SyntheticEvent(claim=seen.claim, checkout=order, event=event | order.owner.told())
