"""Whether a Stripe key has the permissions that the functions need: one harmless read for each.

The names are those of the resources in Stripe's dashboard, as far as they are known. If one differs there, Stripe's own
name is in its answer.
"""

from collections.abc import Mapping
from typing import Any

from fulfillment.stripe_errors import DISPUTES, INVOICES, REFUNDS, REVIEWS, WARNINGS
from ops.clients.access import StripeAccess
from ops.clients.stripe_client import calling, connect

SESSIONS, INTENTS = "Checkout Sessions: read", "PaymentIntents: read"
NEEDED: Mapping[str, str] = {
    SESSIONS: "no line items are read, and reconcile finds nothing",
    INTENTS: "no session is read with its payment, and reconcile finds nothing",
}
"""What every deployment with a key needs, and what goes missing without it."""
AFTER_SALE: Mapping[str, str] = {
    REFUNDS: "thin events of refunds are parked, no refund is read again, and reconcile finds no missing one",
    DISPUTES: "thin events of disputes are parked, no dispute is read again, and reconcile finds no missing one and no "
    "deadline",
    WARNINGS: "thin events of fraud warnings are parked",
    REVIEWS: "thin events of Radar reviews are parked, and an open review is not seen before the order is fulfilled",
    INVOICES: "refunds and disputes of subscriptions are parked, and without ORDER_FILTER those of no order here, too",
}
"""The same of what happens after the sale. Everything else goes on."""
BEFORE_STRIPE = 1_262_304_000  # 2010: the answer holds no data


class StripePermissions:
    """The permissions of one key."""

    def __init__(self, access: StripeAccess) -> None:
        v1 = connect(access).v1
        self._lists: Mapping[str, Any] = {
            SESSIONS: v1.checkout.sessions.list,
            INTENTS: v1.payment_intents.list,
            REFUNDS: v1.refunds.list,
            DISPUTES: v1.disputes.list,
            WARNINGS: v1.radar.early_fraud_warnings.list,
            REVIEWS: v1.reviews.list,
            INVOICES: v1.invoice_payments.list,
        }

    def use(self, permission: str) -> None:
        """Reads with one of the needed permissions. Raises Forbidden without it, and Refused after another error."""
        with calling(_ADVICE):
            self._lists[permission](params={"limit": 1, "created": {"lt": BEFORE_STRIPE}})


_ADVICE = {
    401: "the key is revoked, expired or mistyped",
    403: "the key lacks the permission, or may not be used from this machine",
    429: "too many requests: try again",
}
