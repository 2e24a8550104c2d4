"""Orders as lines of a file: JSON, each the order's document; or CSV, with columns that never change. Pure."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from fulfillment.domain.order import Order
from operations.views import document, not_done

INTERNAL = ("lease", "granted", "hidden")
COLUMNS = (
    *("id", "status", "payment_status", "mode", "livemode", "account", "currency"),
    *("amount_total", "amount_subtotal", "amount_discount", "amount_tax", "amount_shipping"),
    *("presentment_amount", "presentment_currency", "payment_intent", "subscription", "invoice", "payment_link"),
    *("created_at", "updated_at", "paid_at", "fulfilled_at", "erased_at", "review", "not_done", "line_items"),
    *("context", "session_created_at", "recovered_from", "shipping_rate", "discounts"),
)
PERSONAL_COLUMNS = (
    *("client_reference_id", "customer_id", "customer_email", "customer_name", "customer_phone"),
    *("customer_address", "shipping_name", "shipping_phone", "shipping_address", "metadata", "custom_fields"),
    *(
        "customer_account",
        "customer_business_name",
        "customer_individual_name",
        "customer_tax_ids",
        "customer_tax_exempt",
    ),
)
_FORMULA = tuple(
    "=+-@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)


def json_line(order: Order, *, personal: bool) -> str:
    """The order's document on one line of ASCII."""
    full = document(order, personal=personal)
    hidden = [*INTERNAL, *full["hidden"]]
    return json.dumps({name: value for name, value in full.items() if name not in hidden}) + "\n"


def header(*, personal: bool) -> str:
    """The line of CSV that names the columns."""
    return _csv((*COLUMNS, *PERSONAL_COLUMNS) if personal else COLUMNS)


def csv_line(order: Order, *, personal: bool) -> str:
    """The order as one record of CSV: amounts in the currency's minor unit, times as RFC 3339, lists as JSON."""
    told = document(order, personal=personal)
    told["shipping_rate"] = (told["shipping_cost"] or {}).get("shipping_rate")
    told |= {f"presentment_{name}": value for name, value in (told["presentment"] or {}).items()}
    for who in ("customer", "shipping"):
        told |= {f"{who}_{name}": value for name, value in (told[who] or {}).items()}
    told["review"] = " ".join(order.review)
    told["not_done"] = " ".join(f"{name}:{each.state.value}" for name, each in not_done(order).items())
    columns = (*COLUMNS, *PERSONAL_COLUMNS) if personal else COLUMNS
    return _csv(_cell(told.get(name)) for name in columns)


def _cell(value: Any) -> str | int:
    """A value as a cell: text that a spreadsheet would take for a formula is quoted by an apostrophe."""
    if value is None or value in ({}, []):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return value
    text = value if isinstance(value, str) else json.dumps(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(cells: Iterable[str | int]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(list(cells))
    return line.getvalue()
