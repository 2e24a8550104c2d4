"""Finds the orders of a subscription, for handlers."""

import functools

from fulfillment.domain.order import Order
from fulfillment.errors import CorruptOrder
from fulfillment.orders.firestore import Condition
from fulfillment.orders.firestore_orders import FirestoreOrders
from fulfillment.stripe_events import bridge
from fulfillment.stripe_events.settings import StripeEventSettings

MOST = 100


def orders_of(subscription: str | None) -> tuple[Order, ...]:
    """The orders that sold the subscription of this id: mostly one, at most 100. None for None, as an invoice without
    a subscription has it.

    Raises CorruptOrder if an order cannot be read: the message is parked. Raises StoreUnavailable if Firestore does not
    answer: the message comes again.
    """
    if subscription is None:
        return ()
    if not isinstance(subscription, str) or not subscription:
        raise TypeError("orders_of takes the id of a subscription")
    wanted = Condition(field="subscription", operator="==", value=subscription)
    return bridge.wait_for("orders_of", lambda settings: _find(settings, wanted))


async def _find(settings: StripeEventSettings, wanted: Condition) -> tuple[Order, ...]:
    found = await _orders(settings).find([wanted], None, MOST)
    if found.unreadable:
        raise CorruptOrder(f"{len(found.unreadable)} of the subscription's orders cannot be read")
    return tuple(each.order for each in found.orders)


@functools.lru_cache(maxsize=1)
def _orders(settings: StripeEventSettings) -> FirestoreOrders:
    """The store. Its client is created on first use: it does not survive the server's fork."""
    return FirestoreOrders(settings.project, settings.database, settings.collection)
