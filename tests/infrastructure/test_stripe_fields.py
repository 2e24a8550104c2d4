"""docs/stripe-fields.md decides every field that Stripe documents, and what it calls kept arrives in the order."""

import re
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args, get_type_hints

import pytest
import stripe
from stripe import LineItem as StripeItem
from stripe import StripeObject
from stripe.checkout import Session as StripeSession

from fulfillment.domain.erasure import erase
from fulfillment.domain.items import read_page, with_line_items
from fulfillment.domain.order import Order
from fulfillment.orders.documents import to_document
from local.fakes.stripe_events import COMPLETED, Json, event
from ops.orders.views import document
from support.builders import NOW, order_of
from support.markdown import table
from support.tools import ROOT

DOCUMENT = ROOT / "docs" / "stripe-fields.md"
SESSION_ROWS, ITEM_ROWS = (table(DOCUMENT, heading) for heading in ("## The Checkout Session", "## A line item"))


def decided(rows: list[list[str]]) -> dict[str, tuple[str, str]]:
    """Of each field where it is kept, and why it is left out."""
    return {row[0].strip("`"): (row[1], row[2]) for row in rows}


def documented(kind: type[StripeObject], opened: set[str], prefix: str = "") -> Iterator[str]:
    """The fields of an object, of those in `opened` theirs."""
    for name, hint in _hints(kind).items():
        inner = _inner(hint)
        if f"{prefix}{name}" in opened and inner:
            yield from documented(inner, opened, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


class _Names(dict[str, Any]):
    """The library's types by the names that its annotations use, and Any for those that only a type checker sees."""

    def __missing__(self, name: str) -> Any:
        return getattr(typing, name, None) or getattr(stripe, name, Any)


def _hints(kind: type[StripeObject]) -> Mapping[str, Any]:
    own = {name for name in kind.__annotations__ if name != "OBJECT_NAME"}
    return {name: hint for name, hint in get_type_hints(kind, localns=_Names()).items() if name in own}


def _inner(hint: Any) -> type[StripeObject] | None:
    """The object in a field's type, of a list its items'."""
    if isinstance(hint, type) and issubclass(hint, StripeObject):
        return hint
    return next(filter(None, map(_inner, get_args(hint))), None)


@pytest.mark.parametrize(("kind", "rows"), [(StripeSession, SESSION_ROWS), (StripeItem, ITEM_ROWS)])
def test_every_documented_field_is_decided_once_and_no_other(kind: type[StripeObject], rows: list[list[str]]) -> None:
    names = [row[0].strip("`") for row in rows]
    opened = {name.partition(".")[0] for name in names if "." in name}
    assert names == sorted(set(names))
    assert names == sorted(documented(kind, opened))


@pytest.mark.parametrize("rows", [SESSION_ROWS, ITEM_ROWS])
def test_a_field_is_kept_somewhere_or_left_out_for_a_reason(rows: list[list[str]]) -> None:
    assert all(bool(kept) is not bool(reason) for kept, reason in decided(rows).values())


def test_the_table_names_the_version_that_it_was_made_for() -> None:
    assert str(stripe.api_version) in DOCUMENT.read_text("utf-8")


ADDRESS = {name: f"mark-{name}" for name in ("city", "country", "line1", "line2", "postal_code", "state")}
SESSION: Json = {
    "adaptive_pricing": {"enabled": True},
    "amount_subtotal": 101,
    "amount_total": 102,
    "client_reference_id": "mark-reference",
    "collected_information": {
        "business_name": "mark-business",
        "individual_name": "mark-individual",
        "shipping_details": {"name": "mark-ship", "address": ADDRESS},
    },
    "consent": {"promotions": "opt_in"},
    "created": 1795446000,
    "currency": "usd",
    "custom_fields": [{"key": "mark-key"}],
    "customer": "cus_mark",
    "customer_account": "acct_mark",
    "customer_details": {
        "address": ADDRESS,
        "business_name": "mark-business-2",
        "email": "mark@example.com",
        "individual_name": "mark-individual-2",
        "name": "mark-name",
        "phone": "mark-phone",
        "tax_exempt": "reverse",
        "tax_ids": [{"type": "eu_vat", "value": "mark-tax"}],
    },
    "discounts": [{"coupon": "coupon_1", "promotion_code": "promo_1"}],
    "id": "cs_test_a1",
    "invoice": "in_1",
    "livemode": False,
    "locale": "de",
    "metadata": {"note": "mark-note"},
    "mode": "payment",
    "payment_intent": "pi_1",
    "payment_link": "plink_1",
    "payment_status": "paid",
    "presentment_details": {"presentment_amount": 103, "presentment_currency": "eur"},
    "recovered_from": "cs_test_a0",
    "shipping_cost": {"amount_subtotal": 104, "amount_tax": 105, "amount_total": 106, "shipping_rate": "shr_1"},
    "subscription": "sub_1",
    "total_details": {"amount_discount": 107, "amount_shipping": 108, "amount_tax": 109},
}
ITEM: Json = {
    "amount_discount": 201,
    "amount_subtotal": 202,
    "amount_tax": 203,
    "amount_total": 204,
    "currency": "usd",
    "description": "Mug",
    "id": "li_1",
    "metadata": {"engraving": "mark-engraving"},
    "price": {
        "currency": "usd",
        "id": "price_1",
        "lookup_key": "mug-blue",
        "product": "prod_1",
        "unit_amount": 205,
    },
    "quantity": 7,
}
COLLECTED_ONLY = ("business_name", "individual_name")


def kept_order(session: Json = SESSION) -> Order:
    order = order_of(event(COMPLETED, session))
    return with_line_items(order, read_page({"data": [ITEM], "has_more": False}).items)


def at(raw: Any, path: str) -> Any:
    for name in path.split("."):
        raw = raw[0][name] if isinstance(raw, list) else raw[name]
    return raw


def kept_as(words: str) -> str:
    found = re.match(r"`([a-z_.0-9]+)`", words)
    assert found, words
    return found[1]


def _session_cases() -> list[tuple[str, str]]:
    skipped = {"line_items", *(name for name in decided(SESSION_ROWS) if name.startswith("currency_conversion."))}
    found = decided(SESSION_ROWS).items()
    return [(name, kept_as(kept)) for name, (kept, _) in found if kept and name not in skipped]


@pytest.mark.parametrize(("name", "place"), _session_cases())
def test_what_is_called_kept_of_a_session_is_in_the_document(name: str, place: str) -> None:
    said = SESSION
    if name.startswith("collected_information.") and name.endswith(COLLECTED_ONLY):
        said = SESSION | {"customer_details": SESSION["customer_details"] | dict.fromkeys(COLLECTED_ONLY)}
    found, wanted = at(to_document(kept_order(said)), place), at(said, name)
    assert _same(found, wanted), place


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(_same(found[key], value) for key, value in wanted.items())
    return bool(found == wanted or getattr(found, "timestamp", lambda: None)() == wanted)


@pytest.mark.parametrize("part", ["amount_subtotal", "amount_total", "source_currency"])
def test_what_is_called_kept_of_a_conversion_is_in_the_document(part: str) -> None:
    conversion = {"amount_subtotal": 301, "amount_total": 302, "source_currency": "gbp"}
    said = {name: value for name, value in SESSION.items() if name != "presentment_details"}
    place = kept_as(decided(SESSION_ROWS)[f"currency_conversion.{part}"][0])
    assert at(to_document(kept_order(said | {"currency_conversion": conversion})), place) == conversion[part]


@pytest.mark.parametrize(
    ("name", "place"), [(name, kept_as(kept)) for name, (kept, _) in decided(ITEM_ROWS).items() if kept]
)
def test_what_is_called_kept_of_an_item_is_in_the_document(name: str, place: str) -> None:
    (item,) = to_document(kept_order())["line_items"]
    assert at(item, place) == at(ITEM, name)


def erased() -> Order:
    return erase(kept_order(), NOW)


def hidden() -> Json:
    return document(kept_order(), personal=False)


@pytest.mark.parametrize("without_person", [lambda: to_document(erased()), hidden], ids=["erased", "hidden"])
def test_what_is_called_personal_is_erased_and_hidden_and_nothing_else_is(without_person: Callable[[], Json]) -> None:
    whole, left = to_document(kept_order()), without_person()
    for name, place in _session_cases():
        personal = "(personal)" in decided(SESSION_ROWS)[name][0]
        assert (left[place.partition(".")[0]] in (None, [], {})) is personal, name
    for name, (kept, _) in decided(ITEM_ROWS).items():
        if kept:
            place = kept_as(kept)
            assert (left["line_items"][0][place] != whole["line_items"][0][place]) is ("(personal)" in kept), name
    assert "mark" not in str(left)
