"""Events as Stripe writes and signs them: API version 2026-10-28.endive, a US shop, one buyer."""

import itertools
import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from stripe import WebhookSignature

SECRET = "whsec_0123456789abcdef0123456789abcdef"  # noqa: S105 - signs only local events
PRICE, PRODUCT = "price_1Sample", "prod_1Sample"
"""The price and product of every item sold here: docs/effects.md names the price, for hooks that check it."""
COMPLETED = "checkout.session.completed"
SUCCEEDED = "checkout.session.async_payment_succeeded"
FAILED = "checkout.session.async_payment_failed"

Json = dict[str, Any]
_serial = itertools.count(1)


def session(session_id: str, **changes: Any) -> Json:
    """A paid card session of 35.00 USD with shipping, with `changes`."""
    address = {"city": "South San Francisco", "country": "US", "line1": "354 Oyster Point Blvd", "line2": None}
    address |= {"postal_code": "94080", "state": "CA"}
    return {
        "id": session_id,
        "object": "checkout.session",
        "amount_subtotal": 3000,
        "amount_total": 3500,
        "client_reference_id": "cart_1001",
        "collected_information": {"shipping_details": {"address": address, "name": "Jenny Rosen"}},
        "consent": None,
        "created": int(time.time()),
        "currency": "usd",
        "currency_conversion": None,
        "custom_fields": [],
        "customer": None,
        "customer_details": {
            "address": address,
            "email": "jenny.rosen@example.com",
            "name": "Jenny Rosen",
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
        "invoice": None,
        "livemode": False,
        "metadata": {"order_ref": "R-1001"},
        "mode": "payment",
        "payment_intent": "pi_3SynthCard",
        "payment_link": None,
        "payment_status": "paid",
        "shipping_cost": {"amount_subtotal": 500, "amount_tax": 0, "amount_total": 500, "shipping_rate": None},
        "status": "complete",
        "subscription": None,
        "success_url": "https://example.com/ok?session_id={CHECKOUT_SESSION_ID}",
        "total_details": {"amount_discount": 0, "amount_shipping": 500, "amount_tax": 0},
        "url": None,
    } | changes


def line_item(unit_amount: int = 3000, quantity: int = 1, currency: str = "usd", **changes: Any) -> Json:
    """A line item as the API lists it, without discount or tax, with `changes`."""
    price = {
        "id": PRICE,
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "currency": currency,
        "livemode": False,
        "metadata": {},
        "product": PRODUCT,
        "recurring": None,
        "type": "one_time",
        "unit_amount": unit_amount,
        "unit_amount_decimal": str(unit_amount),
    }
    return {
        "id": new_id("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": quantity * unit_amount,
        "amount_tax": 0,
        "amount_total": quantity * unit_amount,
        "currency": currency,
        "description": "T-shirt",
        "metadata": {},
        "price": price,
        "quantity": quantity,
    } | changes


def event(event_type: str, of: Json, **changes: Any) -> Json:
    """An event of that type about a session or another object. Its default `id` is the next number."""
    return {
        "id": f"evt_1Local{next(_serial):014d}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(time.time()),
        "data": {"object": of},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": event_type,
    } | changes


def thin_event(event_type: str, of: Json, **changes: Any) -> Json:
    """The thin event of that type about an object; `event_type` without `v1.`. Its default `id` is the next number."""
    kind = of.get("object", "checkout.session")
    path = (kind if kind.startswith("v2.") else f"v1.{kind}").replace(".", "/")
    return {
        "id": f"evt_test_local{next(_serial):014d}",
        "object": "v2.core.event",
        "type": event_type if event_type.startswith("v2.") else f"v1.{event_type}",
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "livemode": False,
        "context": None,
        "reason": None,
        "related_object": {"id": of["id"], "type": kind, "url": f"/{path}s/{of['id']}"},
        "snapshot_event": None,
        "changes": None,
    } | changes


def body(of: Json) -> bytes:
    """An event's bytes, indented as Stripe sends them."""
    return json.dumps(of, indent=2).encode()


def signature(payload: bytes, secret: str = SECRET, at: int | None = None) -> dict[str, str]:
    """Stripe's signature header for a body, made by Stripe's own library."""
    return {"Stripe-Signature": WebhookSignature.generate_signature_header(payload.decode(), secret, at)}


def new_id(prefix: str) -> str:
    """A unique id."""
    return f"{prefix}_{uuid.uuid4().hex}"
