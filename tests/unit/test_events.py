"""Parsing: every era in one shape, and nothing but MalformedEvent for the rest."""

from datetime import UTC, datetime

import pytest

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
from fulfillment.domain.ids import ContextPath, Currency, Id, Owner, SessionId
from fulfillment.domain.transitions import apply, is_order
from fulfillment.orders.documents import from_document, to_document
from local.fakes.stripe_events import COMPLETED, event, session
from support.builders import checkout_of, order_of, parsed
from support.samples import Json, eras, load

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
