"""The objects of a payment and of what follows it, as Stripe's API 2026-10-28.endive writes them."""

import time
from typing import Any

from local.fakes.stripe_events import Json, new_id

PLURALS = {
    "refund": "/v1/refunds",
    "dispute": "/v1/disputes",
    "radar.early_fraud_warning": "/v1/radar/early_fraud_warnings",
    "review": "/v1/reviews",
    "charge": "/v1/charges",
    "invoice": "/v1/invoices",
    "invoice_payment": "/v1/invoice_payments",
}
"""The list of each kind."""
ANSWER_SECONDS = 9 * 86_400
"""How long a dispute may be answered. Stripe gives 7 to 21 days."""
FEE = 1500


def path_of(of: Json) -> str:
    """The object's path in the API."""
    return f"{PLURALS[of['object']]}/{of['id']}"


def payment_intent(intent_id: str, amount: int, currency: str = "usd", **changes: Any) -> Json:
    """A PaymentIntent that has succeeded."""
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_received": amount,
        "created": _now(),
        "currency": currency,
        "customer": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "status": "succeeded",
    } | changes


def charge(paid: Json, **changes: Any) -> Json:
    """The charge of a PaymentIntent."""
    return {
        "id": new_id("ch"),
        "object": "charge",
        "amount": paid["amount"],
        "amount_captured": paid["amount"],
        "amount_refunded": 0,
        "balance_transaction": new_id("txn"),
        "captured": True,
        "created": _now(),
        "currency": paid["currency"],
        "customer": None,
        "disputed": False,
        "livemode": paid["livemode"],
        "metadata": {},
        "paid": True,
        "payment_intent": paid["id"],
        "refunded": False,
        "review": None,
        "status": "succeeded",
    } | changes


def refund(of: Json, amount: int, **changes: Any) -> Json:
    """A refund of a charge. It has no `livemode`, as Stripe's has none."""
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": new_id("txn"),
        "charge": of["id"],
        "created": _now(),
        "currency": of["currency"],
        "description": None,
        "destination_details": {"card": {"type": "refund", "reference_status": "pending"}, "type": "card"},
        "failure_balance_transaction": None,
        "failure_reason": None,
        "metadata": {},
        "next_action": None,
        "payment_intent": of["payment_intent"],
        "pending_reason": None,
        "reason": "requested_by_customer",
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    } | changes


def dispute(of: Json, status: str = "needs_response", **changes: Any) -> Json:
    """A dispute of a whole charge, or an inquiry. Its money has not moved."""
    made = changes.get("created", _now())
    return {
        "id": new_id("du"),
        "object": "dispute",
        "amount": of["amount"],
        "balance_transactions": [],
        "charge": of["id"],
        "created": made,
        "currency": of["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": made + ANSWER_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": None,
        },
        "is_charge_refundable": status.startswith("warning_"),
        "livemode": of["livemode"],
        "metadata": {},
        "network_reason_code": "10.4",
        "payment_intent": of["payment_intent"],
        "payment_method_details": {"card": {"brand": "visa", "case_type": "chargeback"}, "type": "card"},
        "reason": "fraudulent",
        "status": status,
    } | changes


def movement(of: Json, amount: int, fee: int, category: str, at: int) -> Json:
    """The balance transaction of a dispute: `dispute` takes money (negative), `dispute_reversal` gives it back."""
    return {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": at,
        "created": at,
        "currency": of["currency"],
        "description": f"Chargeback for {of['charge']}",
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [],
        "net": amount - fee,
        "reporting_category": category,
        "source": of["id"],
        "status": "available",
        "type": "adjustment",
    }


def early_fraud_warning(of: Json, **changes: Any) -> Json:
    """The warning of the card's issuer about a charge."""
    return {
        "id": new_id("issfr"),
        "object": "radar.early_fraud_warning",
        "actionable": True,
        "charge": of["id"],
        "created": _now(),
        "fraud_type": "made_with_stolen_card",
        "livemode": of["livemode"],
        "payment_intent": of["payment_intent"],
    } | changes


def review(of: Json, **changes: Any) -> Json:
    """An open Radar review of a charge."""
    return {
        "id": new_id("prv"),
        "object": "review",
        "billing_zip": None,
        "charge": of["id"],
        "closed_reason": None,
        "created": _now(),
        "ip_address": None,
        "ip_address_location": None,
        "livemode": of["livemode"],
        "open": True,
        "opened_reason": "rule",
        "payment_intent": of["payment_intent"],
        "reason": "rule",
        "session": None,
    } | changes


def _now() -> int:
    return int(time.time())
