"""Yours: what happens when an order is paid, and when a delayed payment has failed.

Both functions may be plain or async. They are called until they return: an exception, a time-out
(HOOK_TIMEOUT, 30 s) or a crash brings the same call again, always with the same `key`. So do the thing and
remember the key in one step, and a second call does nothing; docs/effects.md has three worked examples.

    raise PermanentError("…")   trying again cannot help: the message is parked for a person, the rest goes on
    raise anything else         try again

Print what you like, but no person's name, e-mail or address: it goes to the log.
What this file imports belongs into requirements.in beside it; then run scripts/lock.
"""

from fulfillment.domain.order import Order


def fulfill(order: Order, key: str) -> None:
    """Hands over what was bought. `order.line_items` is None where no STRIPE_API_KEY is set."""
    for item in order.line_items or ():
        print(f"ship {item.label} for order {order.id}")
    print(f"fulfilled {order.id} ({order.amount_total} {order.currency}), key {key}")


def payment_failed(order: Order, key: str) -> None:
    """Takes back what was reserved for an order whose delayed payment did not come."""
    print(f"payment failed for order {order.id}, key {key}")
