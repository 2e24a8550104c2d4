"""Membership that follows a subscription: extended when an invoice is paid, ended when the subscription is over.

Your own system is an API at MEMBERS_URL here. It must ignore an Idempotency-Key that it has seen.
"""

import os
from typing import Any

import httpx

from fulfillment.errors import PermanentError
from fulfillment.stripe_events import orders_of, read

Event = dict[str, Any]


def on_invoice_paid(event: Event, key: str) -> None:
    """Extends the membership to the end of the period that was paid."""
    invoice = read(event)
    if invoice["billing_reason"] == "subscription_create":
        return  # the first invoice: checkout makes the order, and `fulfill` in hooks.py begins the membership
    paid_until = max(line["period"]["end"] for line in invoice["lines"]["data"])
    _tell(_subscription_of(invoice), key, {"paid_until": paid_until})


def on_customer_subscription_deleted(event: Event, key: str) -> None:
    """Ends the membership."""
    subscription = read(event)
    _tell(subscription["id"], key, {"ended_at": subscription["ended_at"]})


def _subscription_of(invoice: Event) -> str | None:
    """The subscription's id. It has been in `parent` since the API version 2025-03-31.basil."""
    details = (invoice.get("parent") or {}).get("subscription_details") or invoice
    subscription: str | None = details.get("subscription")
    return subscription


def _tell(subscription: str | None, key: str, change: Event) -> None:
    """Tells your system about each order of the subscription. A subscription that checkout did not sell has none."""
    for order in orders_of(subscription):
        headers = {"Idempotency-Key": f"{key}:{order.id}"}
        url = f"{os.environ['MEMBERS_URL']}/members/{order.client_reference_id}"
        answer = httpx.patch(url, json=change, headers=headers, timeout=20)
        if answer.status_code == 404:
            raise PermanentError(f"no member for order {order.id}")
        answer.raise_for_status()
        print(f"membership of order {order.id}: {', '.join(change)}")
