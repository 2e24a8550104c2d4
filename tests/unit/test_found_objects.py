"""What reconcile and the operators publish of refunds and disputes is an event that counts as a read of Stripe."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.after_sale import Dispute, Fact, Refund, Renewals
from fulfillment.domain.after_sale_events import parse_after_sale
from fulfillment.domain.after_sale_objects import OBJECTS
from fulfillment.domain.event_types import entry_point_of
from fulfillment.domain.evidence import is_due, is_open, is_unanswered, time_to_answer
from fulfillment.domain.found_objects import FoundObject, found_object, shows
from fulfillment.domain.ids import OWN, ContextPath, Owner
from fulfillment.domain.order import Order
from fulfillment.domain.shape import ShapeError
from local.fakes.stripe_events import Json
from support.builders import paid_order
from support.money_stripe import dispute, due_in, refund, with_fact

AT = datetime(2026, 11, 25, 12, 0, 0, 900_000, tzinfo=UTC)
SECOND = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = AT + timedelta(seconds=5)
CONNECTED = Owner(account="acct_1", context=ContextPath("org_1/acct_1"))
WARNING = {"id": "issfr_1", "object": "radar.early_fraud_warning", "created": 1, "actionable": True}
REVIEW = {"id": "prv_1", "object": "review", "created": 1, "open": True}
RAW: list[tuple[Json, str, str]] = [
    (refund("re_1", "pi_1"), "reconcile:re_1:succeeded", "refund.updated"),
    (dispute("dp_1", "pi_1"), "reconcile:dp_1:needs_response", "charge.dispute.updated"),
    (WARNING, "reconcile:issfr_1:actionable", "radar.early_fraud_warning.updated"),
    (REVIEW, "reconcile:prv_1:open", "review.opened"),
    (REVIEW | {"open": False}, "reconcile:prv_1:closed", "review.closed"),
]


def found(raw: Json, owner: Owner = OWN, at: datetime = AT) -> FoundObject:
    return found_object(raw, owner=owner, livemode=False, api_version="2026-10-28.endive", at=at)


@pytest.mark.parametrize(("raw", "event_id", "event_type"), RAW)
def test_an_object_becomes_an_event_in_stripes_format(raw: Json, event_id: str, event_type: str) -> None:
    assert found(raw, CONNECTED).event == {
        "id": event_id,
        "object": "event",
        "type": event_type,
        "created": int(AT.timestamp()),
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "account": "acct_1",
        "context": "org_1/acct_1",
        "data": {"object": raw},
    }
    assert entry_point_of(event_type)


def test_each_kind_of_object_is_tried_here() -> None:
    assert {raw["object"] for raw, *_ in RAW} == set(OBJECTS)


@pytest.mark.parametrize("raw", [raw for raw, *_ in RAW])
def test_the_subscriber_takes_the_event_as_a_read_at_the_second_of_the_request(raw: Json) -> None:
    each = found(raw)
    told = parse_after_sale(each.body, LATER)
    assert (told.livemode, told.owner) == (False, OWN)
    assert told.facts
    (fact,) = told.facts
    assert fact.told.read
    assert fact.told.read.at == SECOND
    assert (fact.told.status, fact.told.newest) == (each.fact.told.status, None)
    assert (fact.field, fact.id, fact.payment_intent) == (each.fact.field, each.fact.id, each.fact.payment_intent)
    assert {claim.event for claim in fact.told.claims.values()} == {each.event["id"]}


def test_an_object_says_when_it_was_created() -> None:
    assert found(refund("re_1", "pi_1", created=17)).created == 17


def test_a_dispute_is_due_up_to_its_deadline_and_not_after_it() -> None:
    of = Dispute(status="needs_response", claims={}, due_by=AT + timedelta(hours=24))
    assert is_due(of, AT, timedelta(hours=24))
    assert not is_due(of, AT - timedelta(seconds=1), timedelta(hours=24))
    assert not is_due(of, AT + timedelta(hours=24), timedelta(hours=24))
    assert not is_due(replace(of, submission_count=1), AT, timedelta(hours=24))


def test_a_dispute_is_open_until_it_is_decided() -> None:
    statuses = ("needs_response", "warning_under_review", "lost", "prevented", "won", "a status of tomorrow")
    assert [is_open(Dispute(status=each, claims={})) for each in statuses] == [True, True, False, False, False, False]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": "re/1"},
        {"created": None},
        {"created": "now"},
        {"amount": "35"},
        {"object": "charge"},
        {"status": "with a blank"},
        {"id": "r" * 255, "status": "s" * 100},
    ],
)
def test_what_the_subscriber_could_not_read_is_refused(changes: Json) -> None:
    with pytest.raises(ShapeError):
        found(refund("re_1", "pi_1") | changes)


WEEK = due_in(timedelta(days=7))  # read once: the clock goes on between two


def disputed(**changes: Any) -> Fact:
    return found(dispute("dp_1", "pi_1", **{"evidence_details": WEEK, **changes})).fact


def test_an_order_shows_what_it_was_told() -> None:
    order = paid_order()
    appealed = found(dispute("dp_1", "pi_1", status="appeal_under_review"), at=LATER).fact
    for fact in (found(refund("re_1", "pi_1")).fact, disputed(), appealed):
        assert not shows(order, fact)
        order = with_fact(order, fact)
        assert shows(order, fact)


def test_an_order_that_shows_another_status_does_not_show_the_object() -> None:
    order = with_fact(paid_order(), found(refund("re_1", "pi_1", status="pending")).fact)
    assert not shows(order, found(refund("re_1", "pi_1")).fact)
    assert not shows(order, found(refund("re_2", "pi_1", status="pending")).fact)


def test_a_status_that_was_never_claimed_is_not_shown() -> None:
    """An appeal claims `lost`, too: without it the claims of the events would decide otherwise later."""
    fact = disputed(status="appeal_needs_response")
    order = with_fact(paid_order(), fact)
    known = order.disputes["dp_1"]
    unclaimed = {name: claim for name, claim in known.claims.items() if name != "lost"}
    assert not shows(replace(order, disputes={"dp_1": replace(known, claims=unclaimed)}), fact)


@pytest.mark.parametrize(
    "changes",
    [
        {"evidence_details": due_in(timedelta(days=9))},
        {"evidence_details": WEEK | {"submission_count": 1}},
        {"evidence_details": WEEK | {"has_evidence": True}},
        {"balance_transactions": [{"id": "txn_1", "amount": -3500, "fee": 1500, "currency": "usd"}]},
    ],
)
def test_evidence_a_deadline_or_a_movement_that_the_order_does_not_know_is_not_shown(changes: Json) -> None:
    order = with_fact(paid_order(), disputed())
    assert shows(order, disputed())
    assert not shows(order, disputed(**changes))
    assert shows(with_fact(order, disputed(**changes)), disputed(**changes))


def test_a_deadline_is_new_where_none_was_known() -> None:
    order = with_fact(paid_order(), disputed(evidence_details=None))
    assert not shows(order, disputed())
    assert shows(with_fact(order, disputed()), disputed(evidence_details=None))


STATUSES = st.sampled_from([*Dispute.CHAIN, "of_tomorrow"])
DISPUTES = st.builds(
    lambda status, due, count, evidence, moved: disputed(
        status=status,
        evidence_details={"due_by": due, "submission_count": count, "has_evidence": evidence},
        balance_transactions=[{"id": each, "amount": -1, "currency": "usd"} for each in moved],
    ),
    STATUSES,
    st.sampled_from([None, 0, 1_800_000_000, 1_800_000_001]),
    st.integers(0, 2),
    st.booleans(),
    st.sets(st.sampled_from(["txn_1", "txn_2"])),
)


@given(st.lists(DISPUTES, max_size=4), DISPUTES)
def test_an_order_shows_whatever_the_newest_read_told_so_it_is_told_once(before: list[Fact], last: Fact) -> None:
    order = paid_order()
    for fact in before:
        order = with_fact(order, fact)
    assert last.told.read
    newest = replace(last, told=replace(last.told, read=replace(last.told.read, at=AT + timedelta(hours=1))))
    assert shows(with_fact(order, newest), last)


@pytest.mark.parametrize("raw", [refund("re_1", "pi_2"), dispute("dp_1", "pi_2"), WARNING, REVIEW])
def test_what_belongs_to_a_renewal_is_shown_by_the_subscriptions_order(raw: Json) -> None:
    fact = found(raw).fact
    order: Order = paid_order()
    held: Any = {fact.field: {fact.id: fact.told}}
    assert not shows(order, fact)
    assert shows(replace(order, renewals=Renewals(**held)), fact)


def of(status: str, **changes: Any) -> Dispute:
    return replace(Dispute(status=status, claims={}, due_by=SECOND), **changes)


@pytest.mark.parametrize("status", [*Dispute.CHAIN, *Refund.CHAIN, "of_tomorrow"])
def test_time_is_left_where_an_answer_is_awaited(status: str) -> None:
    left = time_to_answer(of(status), SECOND - timedelta(hours=3))
    assert left == (timedelta(hours=3) if status.endswith("needs_response") else None)


@pytest.mark.parametrize("changes", [{"due_by": None}, {"submission_count": 1}])
def test_no_time_is_left_without_a_deadline_or_where_evidence_was_given(changes: Json) -> None:
    assert time_to_answer(of("needs_response", **changes), SECOND - timedelta(hours=3)) is None


def test_staged_evidence_is_no_answer_and_an_old_answer_is_none_to_an_appeal() -> None:
    assert is_unanswered(of("needs_response", has_evidence=True))
    assert is_unanswered(of("appeal_needs_response", submission_count=1))


def test_after_the_deadline_no_time_is_left() -> None:
    second = timedelta(seconds=1)
    assert time_to_answer(of("needs_response"), SECOND - second) == second
    assert time_to_answer(of("needs_response"), SECOND) is None
    assert time_to_answer(of("needs_response"), SECOND + second) is None
