"""Orders as lines of a file: JSON, one document per line; or CSV, with fixed columns. Pure."""

import csv
import io
import json
import re
from collections.abc import Iterable
from typing import Any

from fulfillment.domain.order import Order
from ops.orders.after_sale import due, open_disputes
from ops.orders.views import document, not_done

INTERNAL = ("lease", "granted", "hidden")
COLUMNS = (
    *("id", "status", "payment_status", "mode", "livemode", "account", "currency"),
    *("amount_total", "amount_subtotal", "amount_discount", "amount_tax", "amount_shipping"),
    *("presentment_amount", "presentment_currency", "payment_intent", "subscription", "invoice", "payment_link"),
    *("created_at", "updated_at", "paid_at", "fulfilled_at", "erased_at", "review", "not_done", "line_items"),
    *("context", "session_created_at", "recovered_from", "shipping_rate", "discounts"),
    *("money_status", "money_currency", "money_refunded", "money_refunding", "money_kept", "access"),
    *("open_disputes", "answer_by"),
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
# A spreadsheet runs a cell that begins with one of these, even after blanks, quotes or invisible characters.
# In another locale a spreadsheet splits our cell, and a new cell begins after `;`, a tab or a line end.
_SIGNS = r"=+@\uff1d\uff0b\uff20\uff0d\u2212-"  # with the full-width forms and the minus sign
_BEFORE = r"[\s\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\"]*+"
_FORMULA = re.compile(rf"[\t\r\n]|{_BEFORE}[{_SIGNS}]")
_FORMULA_INSIDE = re.compile(rf"(?<=[;\t\r\n])(?={_BEFORE}[{_SIGNS}])")
# Text that a spreadsheet would change because it looks like a number or a date: 0049…, 16 digits, 12e3, 3-4, 1.2.
_NUMBER = re.compile(r"0[0-9]+|[0-9]{12,}|[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]+|[0-9]{1,4}([-./][0-9]{1,4}){1,2}", re.ASCII)


def json_line(order: Order, *, personal: bool) -> str:
    """The order's document on one line of ASCII."""
    full = document(order, personal=personal)
    hidden = [*INTERNAL, *full["hidden"]]
    return json.dumps({name: value for name, value in full.items() if name not in hidden}) + "\n"


def header(*, personal: bool) -> str:
    """The header line of the CSV."""
    return _csv((*COLUMNS, *PERSONAL_COLUMNS) if personal else COLUMNS)


def csv_line(order: Order, *, personal: bool) -> str:
    """The order as one CSV record: amounts in the currency's minor unit, times as RFC 3339, lists as JSON."""
    fields = document(order, personal=personal)
    fields["shipping_rate"] = (fields["shipping_cost"] or {}).get("shipping_rate")
    fields |= {f"presentment_{name}": value for name, value in (fields["presentment"] or {}).items()}
    fields |= _after_sale(order, fields)
    for part in ("customer", "shipping"):
        fields |= {f"{part}_{name}": value for name, value in (fields[part] or {}).items()}
    fields["review"] = " ".join(order.review)
    fields["not_done"] = " ".join(f"{name}:{each.state.value}" for name, each in not_done(order).items())
    columns = (*COLUMNS, *PERSONAL_COLUMNS) if personal else COLUMNS
    return _csv(_cell(fields.get(name)) for name in columns)


def _after_sale(order: Order, fields: dict[str, Any]) -> dict[str, Any]:
    """What happened to the money. Before the first change of the access its cell is empty."""
    answer_by = due(order)
    return {
        **{f"money_{name}": value for name, value in fields["money"].items()},
        "access": order.access.level.value if order.access else None,
        "open_disputes": len(open_disputes(order)),
        "answer_by": answer_by.isoformat() if answer_by else None,
    }


def _cell(value: Any) -> str | int:
    """A value as a cell. Text that a spreadsheet would take for a formula, number or date gets an apostrophe."""
    if value is None or value in ({}, []):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = _FORMULA_INSIDE.sub("'", text)
    return f"'{text}" if _FORMULA.match(text) or _NUMBER.fullmatch(text.strip()) else text


def _csv(cells: Iterable[str | int]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(list(cells))
    return line.getvalue()
