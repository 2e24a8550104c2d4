"""Invoices in Stripe's format, and the payments of them."""

import time
from typing import Any

from local.fakes.stripe_events import Json, new_id


def invoice(invoice_id: str, subscription: str, amount: int, currency: str = "usd", **changes: Any) -> Json:
    """A paid invoice of a subscription."""
    details = {"metadata": {}, "subscription": subscription}
    return {
        "id": invoice_id,
        "object": "invoice",
        "amount_due": amount,
        "amount_paid": amount,
        "billing_reason": "subscription_cycle",
        "created": int(time.time()),
        "currency": currency,
        "livemode": False,
        "metadata": {},
        "parent": {"quote_details": None, "subscription_details": details, "type": "subscription_details"},
        "status": "paid",
        "total": amount,
    } | changes


def invoice_payment(of: Json, paid: Json, **changes: Any) -> Json:
    """The payment of an invoice with a PaymentIntent."""
    return {
        "id": new_id("inpay"),
        "object": "invoice_payment",
        "amount_paid": paid["amount"],
        "amount_requested": paid["amount"],
        "created": int(time.time()),
        "currency": paid["currency"],
        "invoice": of["id"],
        "is_default": True,
        "livemode": paid["livemode"],
        "payment": {"payment_intent": paid["id"], "type": "payment_intent"},
        "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": int(time.time())},
    } | changes
