"""Parsing: every era in one shape, and nothing but MalformedEvent for the rest."""

import contextlib
import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain import shape
from fulfillment.domain.checkout import (
    Address,
    Checkout,
    Customer,
    Discount,
    Presentment,
    Shipping,
    ShippingCost,
    TaxId,
)
from fulfillment.domain.event_types import SUBSCRIBERS, EventType
from fulfillment.domain.events import parse
from fulfillment.domain.ids import ContextPath, Currency, Id, Owner, SessionId
from fulfillment.domain.json_object import load_object
from fulfillment.domain.transitions import apply, is_order
from fulfillment.errors import MalformedEvent
from fulfillment.orders.documents import from_document, to_document
from local.fakes.stripe_events import COMPLETED, body, event, session
from support.builders import NOW, order_of, parsed
from support.samples import Json, eras, json_values, load

ADDRESS = Address(
    city="South San Francisco", country="US", line1="354 Oyster Point Blvd", postal_code="94080", state="CA"
)


@pytest.mark.parametrize(("name", "sample"), eras(), ids=[name for name, _ in eras()])
def test_a_sample_of_every_era_is_a_whole_order(name: str, sample: Json) -> None:
    said = parsed(sample)
    raw = sample["data"]["object"]
    assert said.checkout.id == raw["id"], name
    assert said.checkout.mode == raw["mode"]
    assert is_order(said.checkout) is (raw["mode"] != "setup")
    order = apply(None, said).order
    assert from_document(to_document(order)) == order


@pytest.mark.parametrize("version", ["2020-08-27", "2024-06-20", "2025-03-31.basil", "2026-10-28.endive"])
def test_the_shipping_address_is_found_where_its_version_put_it(version: str) -> None:
    checkout = parsed(load(f"synthetic/card_paid_with_shipping.{version}.json")[0]).checkout
    assert checkout.shipping == Shipping(name="Jenny Rosen", phone=None, address=ADDRESS)
    assert checkout.customer is not None
    assert checkout.customer.email == "jenny.rosen@example.com"
    assert (checkout.amount_total, checkout.amount_shipping, checkout.currency) == (3500, 500, "usd")


def test_the_newest_place_of_the_shipping_address_wins() -> None:
    said = session("cs_test_a1", shipping={"name": "old"}, shipping_details={"name": "newer"})
    assert checkout_of(said | {"collected_information": {"shipping_details": None}}).shipping.name == "newer"
    assert checkout_of(said).shipping.name == "Jenny Rosen"
    assert checkout_of(said | {"collected_information": None, "shipping_details": None}).shipping.name == "old"


def checkout_of(of: Json) -> Any:
    return parsed(event(COMPLETED, of)).checkout


def test_presentment_details_say_what_the_buyer_saw() -> None:
    seen = {"presentment_amount": 3290, "presentment_currency": "eur"}
    checkout = checkout_of(session("cs_test_a1", presentment_details=seen))
    assert (checkout.amount_total, checkout.currency) == (3500, "usd")
    assert checkout.presentment == Presentment(amount=3290, currency=Currency("eur"))


def test_currency_conversion_is_the_other_way_round() -> None:
    conversion = {"amount_subtotal": 3000, "amount_total": 3500, "fx_rate": "0.94", "source_currency": "usd"}
    totals = {"amount_discount": 0, "amount_shipping": 470, "amount_tax": None}
    said = {"amount_subtotal": 2820, "amount_total": 3290, "currency": "eur", "total_details": totals}
    checkout = checkout_of(session("cs_test_a1", currency_conversion=conversion, **said))
    assert (checkout.amount_subtotal, checkout.amount_total, checkout.currency) == (3000, 3500, "usd")
    assert checkout.presentment == Presentment(amount=3290, currency=Currency("eur"))
    # Told in euros only: zero is zero in any currency, the rest is not known in dollars.
    assert (checkout.amount_discount, checkout.amount_shipping, checkout.amount_tax) == (0, None, None)


def test_presentment_details_win_over_a_conversion_that_is_still_there() -> None:
    conversion = {"amount_subtotal": 1, "amount_total": 2, "source_currency": "gbp"}
    seen = {"presentment_amount": 3290, "presentment_currency": "eur"}
    checkout = checkout_of(session("cs_test_a1", currency_conversion=conversion, presentment_details=seen))
    assert (checkout.amount_total, checkout.currency) == (3500, "usd")


def test_ids_may_come_expanded() -> None:
    ids = {"customer": "cus_1", "payment_intent": "pi_1", "subscription": "sub_1", "invoice": "in_1"}
    ids |= {"payment_link": "plink_1"}
    plain = checkout_of(session("cs_test_a1", **ids))
    expanded = checkout_of(session("cs_test_a1", **{key: {"id": value, "object": "?"} for key, value in ids.items()}))
    assert plain == expanded
    assert plain.customer.id == "cus_1"
    del ids["customer"]
    assert {name: getattr(plain, name) for name in ids} == ids


def test_a_guest_is_a_customer_without_an_id() -> None:
    guest = checkout_of(session("cs_test_a1", customer=None))
    assert guest.customer.id is None
    assert guest.customer.name == "Jenny Rosen"
    assert checkout_of(session("cs_test_a1", customer=None, customer_details=None)).customer is None
    assert checkout_of(session("cs_test_a1", customer="cus_1", customer_details=None)).customer.id == "cus_1"


def test_every_field_of_a_session_has_its_place() -> None:
    address = {"line1": "1 Main St", "line2": "Flat 2", "city": "Paris", "state": "IDF", "country": "FR"}
    address["postal_code"] = "1"
    checkout = checkout_of(
        {
            "id": "cs_test_a1",
            "mode": "subscription",
            "payment_status": "paid",
            "amount_total": 1,
            "amount_subtotal": 2,
            "currency": "eur",
            "total_details": {"amount_discount": 3, "amount_tax": 4, "amount_shipping": 5},
            "presentment_details": {"presentment_amount": 6, "presentment_currency": "gbp"},
            "locale": "fr",
            "customer": "cus_1",
            "customer_details": {
                "email": "a@example.com",
                "name": "A",
                "phone": "+33",
                "address": address,
                "tax_ids": [{"type": "eu_vat", "value": "FR1"}],
            },
            "collected_information": {"shipping_details": {"name": "B", "phone": "+34", "address": address}},
            "payment_intent": "pi_1",
            "subscription": "sub_1",
            "invoice": "in_1",
            "payment_link": "plink_1",
            "client_reference_id": "cart_1",
            "metadata": {"m": 1},
            "custom_fields": [{"f": 1}],
            "consent": {"c": 1},
        }
    )
    home = Address(line1="1 Main St", line2="Flat 2", city="Paris", state="IDF", postal_code="1", country="FR")
    vat = TaxId(type="eu_vat", value="FR1")
    buyer = Customer(id=Id("cus_1"), email="a@example.com", name="A", phone="+33", address=home, tax_ids=(vat,))
    assert checkout == Checkout(
        id=SessionId("cs_test_a1"),
        payment_status="paid",
        mode="subscription",
        livemode=False,
        amount_total=1,
        amount_subtotal=2,
        amount_discount=3,
        amount_tax=4,
        amount_shipping=5,
        currency=Currency("eur"),
        presentment=Presentment(amount=6, currency=Currency("gbp")),
        locale="fr",
        customer=buyer,
        shipping=Shipping(name="B", phone="+34", address=home),
        payment_intent=Id("pi_1"),
        subscription=Id("sub_1"),
        invoice=Id("in_1"),
        payment_link=Id("plink_1"),
        client_reference_id="cart_1",
        metadata={"m": 1},
        custom_fields=({"f": 1},),
        consent={"c": 1},
    )


@pytest.mark.parametrize("part", ["discount", "shipping", "tax"])
@pytest.mark.parametrize(("told", "known"), [(0, 0), (1, None), (None, None)])
def test_a_part_that_was_told_in_the_buyers_currency_is_known_only_if_it_is_nothing(
    part: str, told: int | None, known: int | None
) -> None:
    conversion = {"amount_subtotal": 3000, "amount_total": 3500, "source_currency": "usd"}
    totals = {f"amount_{part}": told}
    checkout = checkout_of(session("cs_test_a1", currency_conversion=conversion, total_details=totals))
    assert getattr(checkout, f"amount_{part}") == known


def test_missing_and_unknown_keys_are_stripes_right() -> None:
    least = {"id": "cs_test_a1", "payment_status": "paid", "mode": "payment", "a_key_of_tomorrow": [1, {"x": None}]}
    checkout = checkout_of(least)
    assert (checkout.amount_total, checkout.customer, checkout.metadata, checkout.custom_fields) == (None, None, {}, ())


def test_a_connected_account_is_kept() -> None:
    assert parsed(event(COMPLETED, session("cs_test_a1"), account="acct_1")).checkout.account == "acct_1"


def test_the_context_is_kept_and_tells_the_account_that_no_other_field_tells() -> None:
    checkout = parsed(event(COMPLETED, session("cs_test_a1"), context="org_1/acct_1")).checkout
    assert (checkout.context, checkout.account) == ("org_1/acct_1", "acct_1")
    assert checkout.owner == Owner(account="acct_1", context=ContextPath("org_1/acct_1"))
    order = order_of(event(COMPLETED, session("cs_test_a1"), context="org_1"))
    assert from_document(to_document(order)).owner == Owner(context=ContextPath("org_1"))
    for odd in ("", "acct 1", "acct_1\n", 5, {"id": "acct_1"}, "x" * 513):
        with pytest.raises(shape.ShapeError, match="^context: expected ids, parted by /"):
            ContextPath.read(odd)
        assert Owner.told_by("acct_1", odd) == Owner(account="acct_1")
    named = parsed(event(COMPLETED, session("cs_test_a1"), context="org_1", account="acct_2")).checkout
    assert (named.context, named.account) == ("org_1", "acct_2")


def test_the_facts_that_fulfilment_needs_are_kept() -> None:
    rate = {"shipping_rate": {"id": "shr_1"}, "amount_subtotal": 5, "amount_tax": 1, "amount_total": 6}
    collected = {"business_name": "Mugs Ltd", "individual_name": "Jane"}
    said = session(
        "cs_test_a1",
        created=1795446000,
        customer=None,
        customer_account="acct_1Buyer",
        customer_details={"tax_exempt": "reverse", "individual_name": "Jenny"},
        collected_information=collected,
        discounts=[{"coupon": {"id": "half"}, "promotion_code": "promo_1"}],
        recovered_from="cs_test_a0",
        shipping_cost=rate,
    )
    checkout = checkout_of(said)
    assert checkout.customer == Customer(
        account=Id("acct_1Buyer"), business_name="Mugs Ltd", individual_name="Jenny", tax_exempt="reverse"
    )
    assert checkout.discounts == (Discount(coupon=Id("half"), promotion_code=Id("promo_1")),)
    assert checkout.shipping_cost == ShippingCost(
        shipping_rate=Id("shr_1"), amount_subtotal=5, amount_tax=1, amount_total=6
    )
    assert (checkout.recovered_from, checkout.session_created_at) == (
        "cs_test_a0",
        datetime.fromtimestamp(1795446000, UTC),
    )
    conversion = {"amount_subtotal": 9, "amount_total": 9, "source_currency": "usd"}
    before = checkout_of(session("cs_test_a1", currency_conversion=conversion, shipping_cost=rate))
    assert before.shipping_cost == ShippingCost(shipping_rate=Id("shr_1"))
    without = session("cs_test_a1", currency_conversion=conversion, shipping_cost=None)
    assert checkout_of(without).shipping_cost is None
    bare = {"id": "cs_test_a1", "customer_account": "acct_1Buyer"}
    assert checkout_of(bare).customer == Customer(account=Id("acct_1Buyer"))
    assert checkout_of({"id": "cs_test_a1", "collected_information": collected}).customer == Customer(
        business_name="Mugs Ltd", individual_name="Jane"
    )


def test_stripes_words_are_kept_as_they_came() -> None:
    fields = [{"key": "engraving", "type": "text", "text": {"value": "12"}}]
    said = session("cs_test_a1", metadata={"a": "b"}, custom_fields=fields, consent={"promotions": "opt_in"})
    checkout = checkout_of(said)
    assert (checkout.metadata, checkout.custom_fields) == ({"a": "b"}, tuple(fields))
    assert checkout.consent == {"promotions": "opt_in"}


def test_a_currency_is_lower_case_and_need_not_be_known() -> None:
    assert checkout_of(session("cs_test_a1", currency="USD")).currency == "usd"
    assert checkout_of(session("cs_test_a1", currency="xyz")).currency == "xyz"


@pytest.mark.parametrize("good", ["cs_test_a1", "c", "A-b_9", "c" * 255, "__x", "_"])
def test_ids_fit_for_a_document(good: str) -> None:
    assert checkout_of(session(good)).id == good


@pytest.mark.parametrize(
    "bad", ["", "c" * 256, "a/b", ".", "..", "__x__", "____", "a b", "a\n", "é", "\ud800", 7, None, [], {}]
)
def test_ids_unfit_for_a_document_are_malformed(bad: object) -> None:
    with pytest.raises(MalformedEvent, match=r"data\.object\.id: not a usable id"):
        parsed(event(COMPLETED, session("cs_test_a1") | {"id": bad}))


@pytest.mark.parametrize("bad", ["", "__evt__", "e/1", "e" * 321, None, 5])
def test_event_ids_unfit_for_a_map_are_malformed(bad: object) -> None:
    with pytest.raises(MalformedEvent, match="^id: not a usable id"):
        parsed(event(COMPLETED, session("cs_test_a1")) | {"id": bad})


WRONG = [
    ({"amount_total": "35.00"}, "data.object.amount_total: expected an integer, got a string"),
    ({"amount_total": 35.0}, "data.object.amount_total: expected an integer, got a number"),
    ({"amount_total": True}, "data.object.amount_total: expected an integer, got a boolean"),
    ({"amount_total": 2**63}, "data.object.amount_total: an integer beyond 64 bit"),
    ({"currency": "$"}, "data.object.currency: expected a currency code"),
    ({"currency": 840}, "data.object.currency: expected a currency code"),
    ({"customer_details": []}, "data.object.customer_details: expected an object, got an array"),
    ({"customer_details": {"address": {"city": 5}}}, "address.city: expected a string, got an integer"),
    ({"customer_details": {"tax_ids": {}}}, "tax_ids: expected an array, got an object"),
    ({"customer_details": {"tax_ids": [5]}}, r"tax_ids\[0\]: expected an object"),
    ({"payment_intent": {"object": "payment_intent"}}, "payment_intent: expected an id"),
    ({"payment_intent": ""}, "payment_intent: expected an id"),
    ({"payment_intent": 5}, "payment_intent: expected an id"),
    ({"payment_intent": {"id": 5}}, "payment_intent: expected an id"),
    ({"metadata": "x"}, "metadata: expected an object, got a string"),
    ({"custom_fields": {}}, "custom_fields: expected an array"),
    ({"payment_status": 1}, "payment_status: expected a string"),
    ({"total_details": 1}, "total_details: expected an object"),
]


@pytest.mark.parametrize(("change", "problem"), WRONG)
def test_a_wrong_type_is_named_by_its_path(change: Json, problem: str) -> None:
    with pytest.raises(MalformedEvent, match=problem):
        checkout_of(session("cs_test_a1", **change))


@pytest.mark.parametrize(
    ("number", "fits"), [(2**63 - 1, True), (2**63, False), (-(2**63), True), (-(2**63) - 1, False)]
)
def test_an_integer_has_64_bit(number: int, fits: bool) -> None:  # noqa: FBT001
    said = session("cs_test_a1", amount_total=number)
    if fits:
        assert checkout_of(said).amount_total == number
    else:
        with pytest.raises(MalformedEvent, match="amount_total: an integer beyond 64 bit$"):
            checkout_of(said)


@pytest.mark.parametrize("seconds", [10**15, -(10**15), 2**62, -(2**62)])
def test_a_time_beyond_the_calendar_is_malformed_however_far_beyond(seconds: int) -> None:
    """Python has another error for those that are too far even for the system."""
    with pytest.raises(MalformedEvent, match="created: a time beyond the calendar$"):
        parsed(event(COMPLETED, session("cs_test_a1"), created=seconds))


def test_what_is_kept_as_it_came_may_be_nested_as_deep_as_the_limit_and_no_deeper() -> None:
    def nested(levels: int) -> Any:
        return [nested(levels - 1)] if levels else "x"

    assert shape.read(Any, nested(shape.DEPTH - 1)) == nested(shape.DEPTH - 1)
    with pytest.raises(shape.ShapeError, match="nested more than 32 levels deep"):
        shape.read(Any, nested(shape.DEPTH))


def test_nothing_where_something_must_be_is_called_null() -> None:
    with pytest.raises(shape.ShapeError, match="expected a string, got null$"):
        shape.read(str, None)


def test_an_error_never_quotes_the_content() -> None:
    secret = "jenny.rosen@example.com"
    for change in ({"currency": secret}, {"mode": [secret]}, {"metadata": secret}, {"id": secret}):
        with pytest.raises(MalformedEvent) as error:
            checkout_of(session("cs_test_a1") | change)
        assert secret not in str(error.value)
    deep: Any = "x"
    for _ in range(40):
        deep = [deep]
    with pytest.raises(MalformedEvent, match=r"metadata\.\*: nested more than 32 levels") as error:
        checkout_of(session("cs_test_a1", metadata={secret: deep}))
    assert secret not in str(error.value)


TOP = [
    ({"type": "invoice.paid"}, "type: expected one of checkout.session.completed"),
    ({"type": []}, "type: expected one of"),
    ({"created": "now"}, "created: expected an integer"),
    ({"created": 10**17}, "created: a time beyond the calendar"),
    ({"livemode": "false"}, "livemode: expected true or false, got a string"),
    ({"data": None}, "data: expected an object, got null"),
    ({"data": {}}, "data.object: missing"),
    ({"data": {"object": None}}, "data.object: expected an object"),
    ({"data": {"object": {}}}, "data.object.id: missing"),
]


@pytest.mark.parametrize(("change", "problem"), TOP)
def test_the_event_around_the_session_is_checked_too(change: Json, problem: str) -> None:
    with pytest.raises(MalformedEvent, match=problem):
        parsed(event(COMPLETED, session("cs_test_a1")) | change)


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


def test_the_three_types_are_routed() -> None:
    assert [each.value for each in EventType] == [
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
    ]


def test_each_type_has_its_entry_point() -> None:
    assert SUBSCRIBERS == {
        EventType.COMPLETED: "on_checkout_session_completed",
        EventType.ASYNC_PAYMENT_SUCCEEDED: "on_async_payment_succeeded",
        EventType.ASYNC_PAYMENT_FAILED: "on_async_payment_failed",
    }
