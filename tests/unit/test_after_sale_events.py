"""A body becomes an event of the time after the sale, or a `MalformedEvent`: never another error."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from fulfillment.domain.after_sale import Dispute, FraudWarning, LedgerEntry, RadarReview, Refund
from fulfillment.domain.after_sale_events import AfterSaleEvent, parse_after_sale, read_fact
from fulfillment.domain.after_sale_objects import OBJECTS, PATHS
from fulfillment.domain.ids import ContextPath, Owner
from fulfillment.domain.shape import ShapeError
from fulfillment.errors import MalformedEvent
from local.fakes.stripe_after_sale_objects import PLURALS
from support.builders import NOW
from support.samples import json_values

CREATED = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
VERSION = "2026-10-28.endive"
REFUND: dict[str, Any] = {"object": "refund", "id": "re_1", "status": "succeeded", "payment_intent": "pi_1"}
DISPUTE: dict[str, Any] = {"object": "dispute", "id": "dp_1", "status": "needs_response", "payment_intent": "pi_1"}
CHARGE: dict[str, Any] = {"object": "charge", "id": "ch_1", "payment_intent": "pi_1"}


def said(event_type: str, of: object, **changes: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "object": "event",
        "type": event_type,
        "created": int(CREATED.timestamp()),
        "livemode": False,
        "api_version": VERSION,
        "data": {"object": of},
    } | changes


def parsed(event: object) -> AfterSaleEvent:
    return parse_after_sale(json.dumps(event).encode(), NOW)


def told(of: Mapping[str, Any], event_type: str = "refund.created") -> Any:
    facts = parsed(said(event_type, of)).facts
    assert facts
    return facts[0].told


def test_an_event_says_whose_it_is_and_of_which_payment() -> None:
    event = parsed(said("refund.created", REFUND, account="acct_1", context="org_1/acct_1"))
    assert (event.id, event.type, event.livemode, event.api_version) == ("evt_1", "refund.created", False, VERSION)
    assert event.owner == Owner(account="acct_1", context=ContextPath("org_1/acct_1"))
    assert event.payment_intent == "pi_1"
    assert event.facts
    (fact,) = event.facts
    assert (fact.field, fact.id, fact.payment_intent, fact.renewal) == ("refunds", "re_1", "pi_1", False)


def test_an_event_claims_the_status_of_its_object_and_is_no_read() -> None:
    found = told(REFUND)
    claim = found.claims["succeeded"]
    assert (claim.event, claim.created, claim.received_at, claim.api_version) == ("evt_1", CREATED, NOW, VERSION)
    assert (found.newest, found.read) == (CREATED, None)


def test_an_event_that_was_made_of_a_read_is_a_read() -> None:
    event = parsed(said("refund.updated", REFUND, id="reconcile:re_1:succeeded"))
    assert event.facts
    found = event.facts[0].told
    assert found.newest is None
    assert found.read
    assert (found.read.at, found.read.status) == (CREATED, "succeeded")
    assert found.claims["succeeded"].event == "reconcile:re_1:succeeded"


def test_a_read_has_the_time_before_its_request_and_claims_under_its_own_id() -> None:
    later = NOW + timedelta(seconds=1)
    fact = read_fact(DISPUTE | {"status": "appeal_under_review"}, NOW, later, VERSION)
    name = "reconcile:dp_1:appeal_under_review"
    assert {status: claim.event for status, claim in fact.told.claims.items()} == {
        "lost": name,
        "appeal_under_review": name,
    }
    assert fact.told.read
    assert (fact.told.read.at, fact.told.claims["lost"].received_at, fact.told.newest) == (NOW, later, None)


def test_a_refund_has_its_fields() -> None:
    found = told(REFUND | {"amount": 5, "currency": "EUR", "reason": "duplicate", "failure_reason": "declined"})
    assert isinstance(found, Refund)
    assert (found.amount, found.currency, found.reason, found.failure_reason) == (5, "eur", "duplicate", "declined")


def test_a_dispute_has_its_deadline_its_evidence_and_what_moved() -> None:
    evidence = {"due_by": int(CREATED.timestamp()), "submission_count": 2, "has_evidence": True}
    moved = [
        {"id": "txn_1", "amount": -1000, "fee": 1500, "net": -2500, "currency": "usd"},
        {"id": "txn_2", "amount": 1000, "fee": 0, "currency": "usd"},
    ]
    found = told(
        DISPUTE | {"amount": 9, "evidence_details": evidence, "balance_transactions": moved}, "charge.dispute.created"
    )
    assert isinstance(found, Dispute)
    assert (found.due_by, found.submission_count, found.has_evidence, found.amount) == (CREATED, 2, True, 9)
    assert found.ledger == {
        "txn_1": LedgerEntry(amount=-1000, fee=1500, net=-2500, currency=found.ledger["txn_1"].currency),
        "txn_2": LedgerEntry(amount=1000, fee=0, net=1000, currency=found.ledger["txn_2"].currency),
    }


@pytest.mark.parametrize("due_by", [0, None])
def test_a_dispute_that_cannot_be_answered_has_no_deadline(due_by: int | None) -> None:
    found = told(DISPUTE | {"evidence_details": {"due_by": due_by}}, "charge.dispute.created")
    assert (found.due_by, found.submission_count, found.has_evidence) == (None, 0, False)
    assert told(DISPUTE, "charge.dispute.created").due_by is None


def test_warnings_and_reviews_have_the_status_of_their_flags() -> None:
    warning = {"object": "radar.early_fraud_warning", "id": "issfr_1", "actionable": False, "fraud_type": "misc"}
    found = told(warning, "radar.early_fraud_warning.updated")
    assert isinstance(found, FraudWarning)
    assert (found.status, found.fraud_type) == ("settled", "misc")
    assert told(warning | {"actionable": True}, "radar.early_fraud_warning.created").status == "actionable"
    review = {"object": "review", "id": "prv_1", "open": True, "opened_reason": "rule"}
    opened = told(review, "review.opened")
    assert isinstance(opened, RadarReview)
    assert (opened.status, opened.reason, opened.closed_reason) == ("open", "rule", None)
    closed = told(review | {"open": False, "closed_reason": "approved"}, "review.closed")
    assert (closed.status, closed.closed_reason) == ("closed", "approved")


def test_an_object_without_a_status_has_an_unknown_one() -> None:
    assert told(REFUND | {"status": None}).status == "unknown"
    assert told(DISPUTE | {"status": None}, "charge.dispute.created").status == "unknown"


def test_a_charge_with_all_its_refunds_tells_of_each() -> None:
    listed = {"data": [REFUND | {"payment_intent": None}, REFUND | {"id": "re_2"}], "has_more": False}
    event = parsed(said("charge.refunded", CHARGE | {"refunds": listed}))
    assert event.facts
    assert [(each.id, each.payment_intent) for each in event.facts] == [("re_1", "pi_1"), ("re_2", "pi_1")]


@pytest.mark.parametrize("refunds", [None, {"data": [REFUND], "has_more": True}])
def test_a_charge_without_all_of_them_tells_only_its_payment(refunds: object) -> None:
    event = parsed(said("charge.refunded", CHARGE | {"refunds": refunds}))
    assert (event.payment_intent, event.facts) == ("pi_1", None)


WRONG: list[tuple[Any, str]] = [
    (said("invoice.paid", REFUND), "type: not a type of this product"),
    (said("refund.created", {"object": "coupon", "id": "re_1"}), "data.object.object: expected one of refund, dispute"),
    (said("refund.created", {"id": "re_1"}), "data.object.object: expected one of"),
    (said("refund.created", REFUND | {"id": "a:b"}), "data.object.id: not a usable id"),
    (said("refund.created", REFUND | {"status": ""}), "data.object.status: expected a status"),
    (said("refund.created", REFUND | {"status": "x" * 101}), "data.object.status: expected a status"),
    (said("refund.created", REFUND | {"status": "a\nb"}), "data.object.status: expected a status"),
    (said("refund.created", REFUND | {"amount": "5"}), "data.object.amount: expected an integer"),
    (said("refund.created", []), "data.object: expected an object"),
    (said("charge.refunded", CHARGE | {"refunds": {"data": [{"object": "refund"}]}}), "id: missing"),
    (
        said("charge.dispute.created", DISPUTE | {"evidence_details": {"due_by": 2**62}}),
        "evidence_details.due_by: a time beyond the calendar",
    ),
]


@pytest.mark.parametrize(("event", "reason"), WRONG)
def test_what_is_not_such_an_event_is_malformed_and_the_reason_names_the_place(event: Any, reason: str) -> None:
    with pytest.raises(MalformedEvent, match=reason.replace(".", r"\.")):
        parsed(event)


@pytest.mark.parametrize(
    ("of", "event_type"),
    [
        (REFUND, "refund.created"),
        (DISPUTE, "charge.dispute.created"),
        ({"object": "radar.early_fraud_warning", "id": "issfr_1"}, "radar.early_fraud_warning.created"),
        ({"object": "review", "id": "prv_1"}, "review.opened"),
    ],
)
def test_what_stripe_may_leave_empty_may_be_null(of: dict[str, Any], event_type: str) -> None:
    names: tuple[str, ...] = (
        "created",
        "amount",
        "currency",
        "reason",
        "failure_reason",
        "payment_intent",
        "evidence_details",
    )
    names += ("balance_transactions", "fraud_type", "opened_reason", "closed_reason", "status")
    assert told(of | dict.fromkeys(names), event_type).claims
    moved = {"id": "txn_1", "amount": 1, "net": None, "currency": None}
    empty = {"due_by": None, "submission_count": None, "has_evidence": None}
    assert told(DISPUTE | {"balance_transactions": [moved], "evidence_details": empty}, "charge.dispute.created").ledger


def test_an_object_has_the_time_of_its_creation() -> None:
    for of, event_type in ((REFUND, "refund.created"), (DISPUTE, "charge.dispute.created")):
        assert told(of | {"created": int(CREATED.timestamp())}, event_type).created_at == CREATED


def test_the_longest_status_is_read() -> None:
    assert told(REFUND | {"status": "x" * 100}).status == "x" * 100


def test_a_read_of_something_else_has_the_wrong_shape() -> None:
    with pytest.raises(ShapeError, match="^object: expected one of refund, dispute"):
        read_fact({"object": "list"}, NOW, NOW, VERSION)


@given(json_values)
def test_any_json_is_an_event_or_malformed(value: Any) -> None:
    for event in (value, said("refund.created", value), said("charge.dispute.created", DISPUTE | {"id": value})):
        try:
            parsed(event)
        except MalformedEvent:
            continue


@given(json_values)
def test_any_value_in_a_known_field_is_read_or_malformed(value: Any) -> None:
    for name in (
        "status",
        "amount",
        "currency",
        "reason",
        "payment_intent",
        "evidence_details",
        "balance_transactions",
    ):
        try:
            parsed(said("charge.dispute.created", DISPUTE | {name: value}))
        except MalformedEvent:
            continue


def test_each_object_is_where_stripes_api_has_it() -> None:
    assert {kind: PATHS[shape.FIELD] for kind, shape in OBJECTS.items()} == {kind: PLURALS[kind] for kind in OBJECTS}
