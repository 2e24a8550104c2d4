"""The seeds of mutation: sample events of every API version, and the names of fields and types."""

import itertools
import json
from pathlib import Path
from typing import Any

from fulfillment.domain.decision import REQUESTS
from fulfillment.domain.event_types import EventType
from local.fakes import stripe_events

FOLDER = Path(__file__).parents[3] / "tests" / "stripe_events"
CREATED = 1_795_446_600
TYPES = tuple(each.value for each in EventType)

FIELDS = (
    *("id", "object", "type", "created", "livemode", "data", "api_version", "account", "mode", "payment_status"),
    *("amount_total", "amount_subtotal", "currency", "total_details", "presentment_details", "currency_conversion"),
    *("locale", "customer", "customer_details", "shipping", "shipping_details", "collected_information", "address"),
    *("payment_intent", "subscription", "invoice", "payment_link", "client_reference_id", "metadata", "custom_fields"),
    *("consent", "email", "name", "phone", "tax_ids", "country", "line1", "message", "attributes", "messageId"),
    *("deliveryAttempt", "event_type", "event_id", "session_id", *REQUESTS),
)


def events() -> list[bytes]:
    """Events of every API version, and of all types with all payment statuses."""
    found = []
    for path in sorted(FOLDER.glob("*/*.json")):
        loaded = json.loads(path.read_text())
        for each in loaded if isinstance(loaded, list) else [loaded]:
            if "data" in each and "type" in each:
                found.append(each)
            elif "checkout.session" in path.name:
                found.append(_event(TYPES[0], each["object"]))
    for event_type, status in itertools.product(TYPES, ("paid", "unpaid", "no_payment_required")):
        session = stripe_events.session("cs_test_a1", payment_status=status, custom_fields=[{}], created=CREATED)
        found.append(_event(event_type, session))
    return [stripe_events.body(each) for each in found]


def _event(event_type: str, session: dict[str, Any]) -> dict[str, Any]:
    return stripe_events.event(event_type, session, id="evt_1", account="acct_1", created=CREATED)
