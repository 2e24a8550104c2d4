"""Whatever the bytes or the JSON of an event are: it is stored whole, or it is MalformedEvent."""

import contextlib
import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.events import parse
from fulfillment.domain.json_object import load_object
from fulfillment.domain.transitions import apply
from fulfillment.errors import MalformedEvent
from fulfillment.orders.documents import from_document, to_document
from local.fakes.stripe_events import COMPLETED, body, event, session
from support.builders import NOW
from support.samples import Json, json_values

BODIES = [
    (b"", "not JSON"),
    (b"\xff\xfe{}", "not UTF-8"),
    (b"\xef\xbb\xbf{}", "not JSON"),
    ("{}".encode("utf-16"), "not UTF-8"),
    (b"not json", "not JSON"),
    (b"[]", "not a JSON object"),
    (b'"x"', "not a JSON object"),
    (b"null", "not a JSON object"),
    (b'{"a": NaN}', "not JSON"),
    (b'{"a": 1e999}', "not JSON"),
    (b'{"a": -Infinity}', "not JSON"),
    (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
    (b"[" * 100_000, "nested too deep"),
    (b'{"a":' * 100_000, "nested too deep"),
    (b'{"a": 1', "not JSON"),
]


@pytest.mark.parametrize(("raw", "problem"), BODIES, ids=range(len(BODIES)))
def test_a_body_that_is_no_json_object_is_malformed(raw: bytes, problem: str) -> None:
    with pytest.raises(MalformedEvent, match=problem):
        load_object(raw)


@given(st.binary(max_size=200))
def test_parse_raises_nothing_but_malformed_event_whatever_the_bytes(raw: bytes) -> None:
    with contextlib.suppress(MalformedEvent):
        parse(raw, NOW)


@given(json_values)
def test_parse_raises_nothing_but_malformed_event_whatever_the_json(value: Any) -> None:
    with contextlib.suppress(MalformedEvent):
        parse(json.dumps(value).encode(), NOW)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside a JSON value."""
    found = [path] if path else []
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        found += places(item, (*path, key))
    return found


WHOLE = event(
    COMPLETED,
    session(
        "cs_test_a1",
        customer_details={
            "email": "a@example.com",
            "address": {"city": "x"},
            "tax_ids": [{"type": "eu_vat", "value": "1"}],
        },
        custom_fields=[{"key": "k", "type": "text", "text": {"value": "v"}}],
        consent={"promotions": "opt_in"},
        presentment_details={"presentment_amount": 1, "presentment_currency": "eur"},
    ),
    account="acct_1",
)


@given(st.sampled_from(places(WHOLE)), json_values)
def test_any_json_anywhere_in_an_event_is_stored_whole_or_malformed(place: tuple[Any, ...], value: Any) -> None:
    said = copy.deepcopy(WHOLE)
    inner: Any = said
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with contextlib.suppress(MalformedEvent):
        order = apply(None, parse(body(said), NOW)).order
        assert from_document(to_document(order)) == order


ADDRESS_OF_ALL = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"), "x")
PARTY = {"name": "x", "phone": "x", "address": ADDRESS_OF_ALL}
FULL = event(
    COMPLETED,
    session(
        "cs_test_a1",
        **dict.fromkeys(("customer", "payment_intent", "subscription", "invoice", "payment_link", "locale"), "x_1"),
        customer_details=PARTY | {"email": "x", "tax_ids": [{"type": "eu_vat", "value": "1"}], "tax_exempt": "none"},
        collected_information={"shipping_details": PARTY},
        shipping_details=PARTY,
        shipping=PARTY,
        total_details={"amount_discount": 1, "amount_shipping": 1, "amount_tax": 1},
        shipping_cost={"shipping_rate": "shr_1", "amount_subtotal": 1, "amount_tax": 1, "amount_total": 1},
        discounts=[{"coupon": "half", "promotion_code": "promo_1"}],
        currency_conversion={"amount_subtotal": 1, "amount_total": 1, "source_currency": "usd"},
        custom_fields=[{"key": "k"}],
        consent={"promotions": "opt_in"},
    ),
    account="acct_1",
    context="org_1/acct_1",
)
SEEN = {"presentment_amount": 1, "presentment_currency": "eur"}
NEVER_NULL = {
    *((name,) for name in ("id", "type", "created", "livemode", "data")),
    *(("data", "object"), ("data", "object", "id"), ("data", "object", "customer_details", "tax_ids", 0)),
    ("data", "object", "discounts", 0),
}


@pytest.mark.parametrize("presented", [{}, {"presentment_details": SEEN}], ids=["converted", "presented"])
def test_whatever_stripe_does_not_know_may_be_null_and_is_unknown_here(presented: Json) -> None:
    full = copy.deepcopy(FULL)
    full["data"]["object"] |= presented
    for place in places(full):
        said = copy.deepcopy(full)
        inner: Any = said
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = None
        if place in NEVER_NULL:
            with pytest.raises(MalformedEvent, match="expected|not a usable id"):
                parse(body(said), NOW)
        else:
            order = apply(None, parse(body(said), NOW)).order
            assert from_document(to_document(order)) == order, place
