"""Ids and values of a wrong type or size are refused by their path, without their content."""

from typing import Any

import pytest

from fulfillment.domain import shape
from fulfillment.errors import MalformedEvent
from local.fakes.stripe_events import COMPLETED, event, session
from support.builders import checkout_of, parsed
from support.samples import Json


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
