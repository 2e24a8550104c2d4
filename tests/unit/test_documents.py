"""The order document: the contract's fields, and the one rule for what Firestore refuses."""

import json
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given

from fulfillment.domain.checkout import Address, Checkout, Customer, Presentment, Shipping, TaxId
from fulfillment.domain.effects import Effect, EffectState
from fulfillment.domain.order import Lease, LineItem, Order
from fulfillment.errors import CorruptOrder
from fulfillment.orders.documents import decoded, from_document, to_document
from local.fakes.stripe_events import COMPLETED, event, session
from support.builders import NOW, order_of
from support.samples import json_values

CONTRACT = {
    *("id", "schema", "status", "payment_status", "mode", "livemode", "account", "context"),
    *("session_created_at", "recovered_from", "shipping_cost", "discounts"),
    *("amount_total", "amount_subtotal", "amount_discount", "amount_tax", "amount_shipping", "currency", "presentment"),
    "locale",
    *("customer", "shipping"),
    *("payment_intent", "subscription", "invoice", "payment_link", "client_reference_id"),
    *(
        "metadata",
        "custom_fields",
        "consent",
        "line_items",
        "events",
        "source",
        "lease",
        "effects",
        "effect_states",
        "review",
        "granted",
    ),
    *("created_at", "updated_at", "paid_at", "fulfilled_at", "erased_at"),
    *("refunds", "disputes", "warnings", "radar_reviews", "renewals", "access", "announced", "money"),
}


def an_order(**changes: Any) -> Order:
    return order_of(event(COMPLETED, session("cs_test_a1", **changes), id="evt_1"))


def test_the_document_has_the_fields_of_the_contract_and_no_other() -> None:
    document = to_document(an_order())
    assert document.keys() == CONTRACT
    customer = {"id", "account", "email", "name", "business_name", "individual_name", "phone", "address", "tax_ids"}
    assert document["customer"].keys() == customer | {"tax_exempt"}
    assert document["shipping"].keys() == {"name", "phone", "address"}
    assert document["events"]["evt_1"].keys() == {
        "type",
        "claim",
        "created",
        "received_at",
        "api_version",
        "thin_events",
    }
    known = {"state", "key", "attempts", "error", "done_at", "refusals", "not_before", "kind", "held_by"}
    assert document["effects"]["fulfill"].keys() == known
    assert (document["schema"], document["status"], document["source"]) == (1, "paid", "evt_1")


def test_an_effect_that_was_stored_before_refusals_were_counted_is_read() -> None:
    document = to_document(an_order())
    for effect in document["effects"].values():
        del effect["refusals"], effect["not_before"]
    assert from_document(document) == an_order()


def test_what_is_bearer_like_or_useless_is_never_stored() -> None:
    secrets: dict[str, Any] = {
        "url": "https://pay.example",
        "client_secret": "cs_secret",
        "success_url": "https://ok.example",
    }
    secrets |= {"cancel_url": "https://no.example", "payment_method_details": {"card": {"last4": "4242"}}}
    text = json.dumps(to_document(an_order(**secrets)), default=str)
    assert not any(secret in text for secret in ("pay.example", "cs_secret", "ok.example", "no.example", "4242"))


def test_a_document_holds_only_what_firestore_knows() -> None:
    def kinds(value: Any) -> set[type]:
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return {type(value)}.union(*map(kinds, inside))

    assert all(
        issubclass(kind, str | int | bool | dict | list | datetime | type(None))
        for kind in kinds(to_document(an_order()))
    )


def test_a_full_order_comes_back_as_it_was() -> None:
    order = replace(
        an_order(),
        line_items=(LineItem(id="li_1", description="Mug", quantity=2, amount_total=3000),),
        effects={"fulfill": Effect(state=EffectState.DONE, key="k", attempts=2, error="x", done_at=NOW)},
        lease=Lease(owner="o", at=NOW),
        review=("failed_and_paid",),
        fulfilled_at=NOW,
        erased_at=NOW,
    )
    assert from_document(to_document(order)) == order


@given(json_values)
def test_any_metadata_comes_back_as_it_was(value: Any) -> None:
    order = an_order(metadata={"key": value}, custom_fields=[value])
    assert from_document(to_document(order)) == order


ESCAPES = [
    ({"__ref__": "x"}, {'json:"__ref__"': "x"}),
    ({"": "x"}, {'json:""': "x"}),
    ({"json:": "x"}, {'json:"json:"': "x"}),
    ({"\ud800": "x"}, {'json:"\\ud800"': "x"}),
    ({"k": "a\udfffb"}, {"k": 'json:"a\\udfffb"'}),
    ({"k": "json:1"}, {"k": 'json:"json:1"'}),
    ({"k": 2**63}, {"k": "json:9223372036854775808"}),
    ({"k": [[1]]}, {"k": ["json:[1]"]}),
    ({"__": "x", "__a": "x", "é": "😀", "k": -(2**63)}, {"__": "x", "__a": "x", "é": "😀", "k": -(2**63)}),
]


@pytest.mark.parametrize(("metadata", "stored"), ESCAPES)
def test_what_firestore_refuses_is_written_as_json(metadata: Any, stored: Any) -> None:
    order = an_order(metadata=metadata)
    assert to_document(order)["metadata"] == stored
    assert from_document(to_document(order)).metadata == metadata


@pytest.mark.parametrize("event_id", ["json:", "json:1", "json:null"])
def test_an_event_id_that_looks_like_an_escape_left_its_order_unreadable(event_id: str) -> None:
    order = order_of(event(COMPLETED, session("cs_test_a1"), id=event_id))
    assert from_document(to_document(order)) == order


def test_nesting_beyond_firestores_limit_is_written_as_json() -> None:
    deep: Any = {"end": 1}
    for _ in range(25):
        deep = {"k": deep}
    order = an_order(metadata=deep)
    assert "json:{" in json.dumps(to_document(order)["metadata"])
    assert from_document(to_document(order)) == order


def test_an_event_id_that_looks_like_an_escape_does_not_spoil_its_order() -> None:
    order = order_of(event(COMPLETED, session("cs_test_a1"), id="json:x"))
    assert from_document(to_document(order)) == order
    assert to_document(order)["source"] in to_document(order)["events"]


CORRUPT: list[tuple[dict[str, Any], str]] = [
    ({"schema": 2}, "schema is not 1"),
    ({"schema": None}, "schema is not 1"),
    ({"events": {}}, "events: empty"),
    ({"events": 5}, "events: expected an object"),
    ({"events": {"evt_1": {}}}, "events.*: missing"),
    ({"amount_total": "x"}, "amount_total: expected an integer"),
    ({"metadata": {"k": "json:{"}}, "a broken `json:` escape"),
    ({"metadata": {"json:[]": 1}}, "a broken `json:` escape"),
    ({"metadata": {"k": "json:" + "[" * 100_000}}, "a broken `json:` escape"),
    ({"effects": {"fulfill": {"state": "maybe", "key": "k"}}}, "expected one of owed, held, done, failed"),
]


@pytest.mark.parametrize(("change", "problem"), CORRUPT)
def test_a_document_that_cannot_be_read_is_corrupt(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(CorruptOrder, match=problem):
        from_document(to_document(an_order()) | change)


def test_a_field_that_an_older_version_did_not_write_gets_its_default() -> None:
    document = to_document(an_order())
    del document["erased_at"], document["line_items"]
    assert from_document(document) == an_order_at(document)


def an_order_at(document: dict[str, Any]) -> Order:
    return from_document(document | {"erased_at": None, "line_items": None})


def test_an_unknown_field_is_null_and_comes_back_as_null() -> None:
    nothing: dict[str, Any] = {each.name: None for each in fields(Checkout) if each.default is None}
    order = replace(
        an_order(),
        **nothing,
        payment_status=None,
        mode=None,
        events={"evt_1": replace(an_order().events["evt_1"], api_version=None)},
        effects={"fulfill": Effect(state=EffectState.OWED, key="k")},
        lease=Lease(owner="o", at=None),
        line_items=(LineItem(id="li_1"),),
    )
    assert from_document(to_document(order)) == order
    vague = replace(order, customer=Customer(tax_ids=(TaxId(),)), shipping=Shipping(), presentment=Presentment())
    assert from_document(to_document(vague)) == vague
    nowhere = replace(order, customer=Customer(address=Address()), shipping=Shipping(address=Address()))
    assert from_document(to_document(nowhere)) == nowhere


REQUIRED = {"id", "payment_status", "mode", "livemode", "events", "created_at", "updated_at"}
OPTIONAL = [each.name for each in fields(Order) if each.name not in REQUIRED]


@pytest.mark.parametrize("name", OPTIONAL)
def test_every_field_that_an_older_version_did_not_write_gets_its_default(name: str) -> None:
    whole = an_order()
    bare = Order(**{required: getattr(whole, required) for required in REQUIRED})
    document = to_document(whole)
    del document[name]
    assert getattr(from_document(document), name) == getattr(bare, name)
    assert getattr(bare, name) in (None, {}, ())


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_without_what_makes_an_order_a_document_is_none(name: str) -> None:
    document = to_document(an_order())
    del document[name]
    with pytest.raises(CorruptOrder, match=f"{name}: missing$"):
        from_document(document)


def test_a_lease_that_an_older_version_took_lives_a_minute() -> None:
    document = to_document(replace(an_order(), lease=Lease(owner="o", at=NOW)))
    del document["lease"]["seconds"]
    assert from_document(document).lease == Lease(owner="o", at=NOW, seconds=60)


def test_a_part_of_a_document_is_read_as_it_was_or_said_to_be_corrupt() -> None:
    assert decoded({"metadata": {'json:"__ref__"': "json:1"}, "customer": None}) == {
        "metadata": {"__ref__": 1},
        "customer": None,
    }
    with pytest.raises(CorruptOrder, match="broken `json:` escape"):
        decoded({"metadata": "json:{"})
