"""A buyer who is erased stays erased, whatever arrives, and the books are kept."""

import json
from dataclasses import fields, replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain import lifecycle
from fulfillment.domain.checkout import Checkout
from fulfillment.domain.decision import ReplayRequest
from fulfillment.domain.effects import Effect, EffectState
from fulfillment.domain.erasure import PERSONAL, erase, unsettled
from fulfillment.domain.events import parse
from fulfillment.domain.ids import OWN
from fulfillment.domain.order import Order
from fulfillment.domain.source_event import source_event
from fulfillment.domain.status import Status
from fulfillment.domain.synthetic_events import synthetic_event
from fulfillment.domain.transitions import apply
from fulfillment.orders.documents import from_document, to_document
from local.fakes.stripe_events import COMPLETED, FAILED, SUCCEEDED, Json, event, session
from support.builders import NOW, parsed
from support.samples import renderings

LATER = NOW + timedelta(days=1)
MARK = "jenny-was-here"


def arrive(events: list[Json], order: Order | None = None) -> Order:
    for each in events:
        order = apply(order, parsed(each)).order
    assert order
    return order


def marked(events: list[Json]) -> list[Json]:
    """The same, with the buyer's mark in every place where a buyer or a shop can write."""
    return [each | {"data": {"object": each["data"]["object"] | WRITTEN}} for each in events]


ADDRESS = {"city": MARK, "country": "US", "line1": MARK, "line2": MARK, "postal_code": MARK, "state": MARK}
DETAILS = {
    "email": MARK,
    "name": MARK,
    "phone": MARK,
    "address": ADDRESS,
    "tax_ids": [{"type": "eu_vat", "value": MARK}],
}
WRITTEN: Json = {
    "customer": MARK,
    "customer_details": DETAILS,
    "shipping": {"name": MARK, "address": ADDRESS},
    "shipping_details": {"name": MARK, "address": ADDRESS},
    "collected_information": {"shipping_details": {"name": MARK, "address": ADDRESS}},
    "custom_fields": [{"key": MARK, "text": {"value": MARK}}],
    "client_reference_id": MARK,
    "metadata": {"note": MARK, "shop": "acme"},
}


def text(order: Order) -> str:
    return json.dumps(to_document(order), default=str)


@given(renderings().filter(bool), st.data())
def test_nothing_that_arrives_later_brings_the_buyer_back(events: list[Json], data: st.DataObject) -> None:
    said = marked(events)
    first, later = said[:1], data.draw(st.permutations(said))
    erased = erase(arrive(first), NOW, ["shop"])
    found = synthetic_event(said[-1]["data"]["object"] | {"status": "complete"}, owner=OWN, api_version="", at=LATER)
    assert found
    after = apply(arrive(later, erased), parse(found.body, LATER)).order
    after = ReplayRequest(id="1", replay=True, release=True).grant(
        apply(after, parse(source_event(after).body, LATER)).order
    )
    for order in (erased, after, from_document(to_document(after))):
        assert MARK not in text(order)
        assert order.metadata == {"shop": "acme"}
        assert order.erased_at == NOW


@given(renderings().filter(bool))
def test_the_books_are_kept(events: list[Json]) -> None:
    order = arrive(events)
    erased = erase(order, LATER)
    changed = {*PERSONAL, "effects", "erased_at", "updated_at"}
    kept = [each.name for each in fields(Order) if each.name not in changed]
    assert [name for name in kept if getattr(order, name) != getattr(erased, name)] == []
    assert (erased.status, erased.source, erased.paid_at) == (order.status, order.source, order.paid_at)


@given(renderings().filter(bool))
def test_erasing_again_changes_nothing(events: list[Json]) -> None:
    erased = erase(arrive(events), NOW)
    assert erase(erased, LATER) is erased


def test_every_field_of_a_checkout_is_personal_or_on_the_books() -> None:
    """A new field must be put on one side or the other."""
    books = {"id", "payment_status", "mode", "livemode", "account", "currency", "presentment", "locale", "consent"}
    books |= {"payment_intent", "subscription", "invoice", "payment_link", "context", "session_created_at"}
    books |= {"shipping_cost", "discounts", "recovered_from"}
    books |= {each.name for each in fields(Checkout) if each.name.startswith("amount_")}
    assert books | {*PERSONAL} == {each.name for each in fields(Checkout)}


def test_what_cannot_be_done_without_the_buyer_is_dropped_and_the_rest_is_still_owed() -> None:
    order = lifecycle.mark_done(arrive([event(COMPLETED, session("cs_test_a1"))]), "send_receipt", NOW)
    after = erase(order, LATER)
    assert set(after.effects) == {"load_line_items", "send_receipt", "announce_paid"}
    assert after.effects["send_receipt"].state is EffectState.DONE


def test_money_that_comes_after_it_is_fulfilled_and_no_mail_is_sent() -> None:
    unpaid = event(COMPLETED, session("cs_test_a1", payment_status="unpaid"))
    erased = erase(arrive([unpaid]), NOW)
    after = arrive([event(SUCCEEDED, session("cs_test_a1"))], erased)
    assert after.status is Status.PAID
    assert set(after.effects) == {"load_line_items", "fulfill", "announce_paid"}


def test_of_a_payment_that_failed_what_needs_the_buyer_is_dropped_and_waits_no_more() -> None:
    order = arrive([event(FAILED, session("cs_test_a1", payment_status="unpaid"))])
    assert unsettled(order) == "not done yet: notify_payment_failed, payment_failed"
    assert set(erase(order, LATER).effects) == {"announce_payment_failed"}


def test_a_payment_that_fails_after_it_is_told_to_the_shop_and_not_to_the_buyer() -> None:
    unpaid = event(COMPLETED, session("cs_test_a1", payment_status="unpaid"))
    after = arrive([event(FAILED, session("cs_test_a1", payment_status="unpaid"))], erase(arrive([unpaid]), NOW))
    assert set(after.effects) == {"payment_failed", "announce_payment_failed"}


def test_it_is_known_when_an_order_was_erased_and_that_it_was_changed_then() -> None:
    erased = erase(arrive([event(COMPLETED, session("cs_test_a1"))]), LATER)
    assert (erased.erased_at, erased.updated_at) == (LATER, LATER)


def test_an_order_needs_its_buyer_until_it_is_settled() -> None:
    paid = arrive([event(COMPLETED, session("cs_test_a1"))])
    assert unsettled(paid) == "not done yet: fulfill, send_receipt"
    assert unsettled(arrive([event(COMPLETED, session("cs_test_a1", payment_status="unpaid"))]))
    failed = replace(paid, effects={"fulfill": Effect(state=EffectState.FAILED, key="k")})
    assert unsettled(failed) == "not done yet: fulfill"
    assert unsettled(erase(paid, NOW)) is None
    done = arrive([event(FAILED, session("cs_test_a1", payment_status="unpaid"))])
    for name in done.effects:
        done = lifecycle.mark_done(done, name, NOW)
    assert unsettled(done) is None
