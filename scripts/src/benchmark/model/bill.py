"""The price of a sale at list prices, without storage, backups and reconcile. docs/costs.md has the same prices."""

from benchmark.model.sale import Sale

REQUEST = 0.40 / 1e6
VCPU_SECOND, GIB_SECOND = 0.000024, 0.0000025
TIB_OF_MESSAGES = 40.0
WRITE = 0.09 / 1e5
GIB_OF_LOGS, GIB_SENT = 0.50, 0.12

EVENT_BYTES, THIN_EVENT_BYTES, ORDER_EVENT_BYTES = 4_620, 1_320, 2_800  # with their attributes
FILTERED_OUT = 9  # by the other subscriptions of the topic: terraform/subscribers.tf
LOG_BYTES, SENT_BYTES = 1_600, 13_300  # for a request: two entries; for an order: the receipt, and Stripe's question
_MEMORY_GIB = 0.5
_GIB, _TIB = 2**30, 2**40


def dollars(sale: Sale) -> dict[str, float]:
    """The parts of the bill. A refused push is a message, and no request. Each call of Firestore is a write."""
    orders = sale.settings.orders
    requests = sale.webhook.begun + sale.subscriber.begun
    pushes = orders + sale.subscription.nacks
    event = THIN_EVENT_BYTES if sale.settings.thin else EVENT_BYTES
    bytes_ = event * ((1 + FILTERED_OUT) * orders + pushes) + 2 * ORDER_EVENT_BYTES * orders
    second = VCPU_SECOND + _MEMORY_GIB * GIB_SECOND
    return {
        "requests": requests * REQUEST,
        "webhook's instances": sale.webhook.active_seconds * second,
        "subscriber's instances": sale.subscriber.active_seconds * second,
        "Pub/Sub": bytes_ / _TIB * TIB_OF_MESSAGES,
        "Firestore": sale.firestore.granted * WRITE,
        "logs": requests * LOG_BYTES / _GIB * GIB_OF_LOGS,
        "data sent": orders * SENT_BYTES / _GIB * GIB_SENT,
    }
