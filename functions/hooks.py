"""Your code: it runs when an order is paid, when a delayed payment has failed, when money goes back, and when a cart
was abandoned. Only `fulfill` is required: delete what you do not need.

The functions may be plain or async. They are called until they return. After an exception, a time-out
(HOOK_TIMEOUT, 30 s) or a crash the call is repeated, always with the same `key`. So do the work and store the
key in one step: then a second call does nothing. docs/effects.md and docs/after-sale.md have worked examples.

    raise PermanentError("…")   a retry cannot help: the message is parked for a person, other effects continue
    raise anything else         the call is retried

Prints go to the log: print no names, e-mails or addresses, and no recovery link.
Add the packages that this file imports to requirements.in beside it, and run scripts/lock.
"""

from fulfillment.domain.access import Access
from fulfillment.domain.after_sale import Dispute, Refund
from fulfillment.domain.cart import Cart
from fulfillment.domain.order import Order


def fulfill(order: Order, key: str) -> None:
    """Delivers what was bought. `order.line_items` is None if STRIPE_API_KEY is not set."""
    for item in order.line_items or ():
        print(f"ship {item.label} for order {order.id}")
    print(f"fulfilled {order.id} ({order.amount_total} {order.currency}), key {key}")


def payment_failed(order: Order, key: str) -> None:
    """Releases what was reserved for an order whose delayed payment failed."""
    print(f"payment failed for order {order.id}, key {key}")


def access_changed(order: Order, access: Access, key: str) -> None:
    """Revokes what was granted, or grants it again. Store `access.number`, and ignore a lower one: it comes late."""
    print(f"access to order {order.id} is {access.level} (number {access.number}), key {key}")


def refunded(order: Order, refund: Refund, key: str) -> None:
    """Notes the newest status of a refund. A refund that has succeeded can still fail."""
    print(f"refund of {refund.amount} {refund.currency} for order {order.id}: {refund.status}, key {key}")


def disputed(order: Order, dispute: Dispute, key: str) -> None:
    """Notes the newest status of a dispute, or of an inquiry (`warning_…`). `due_by`: until when evidence counts."""
    print(f"dispute of {dispute.amount} {dispute.currency} for order {order.id}: {dispute.status}, key {key}")


def cart_abandoned(cart: Cart, key: str) -> None:
    """Invites a buyer who left Checkout and agreed to promotions. Called only with `abandoned_carts = true`.

    A mail to `cart.email` may hold `cart.recovery_url`, which opens this buyer's checkout for everyone who has it. Both
    may be None.
    """
    invited = "can be invited" if cart.email and cart.recovery_url else "cannot be invited"
    print(f"cart {cart.id} ({cart.amount_total} {cart.currency}) was abandoned, its buyer {invited}, key {key}")
