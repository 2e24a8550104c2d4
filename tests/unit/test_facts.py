"""Facts join an order: their place, and the review codes that follow from them."""

from dataclasses import replace

from fulfillment.domain.facts import RADAR_REVIEW, was_approved, with_facts
from fulfillment.domain.order import Order
from support.after_sales import told
from support.builders import order

NONE: frozenset[str] = frozenset()
OPENED = told("prv_1", "open", "evt_1", field="radar_reviews")
APPROVED = told("prv_1", "closed", "evt_2", field="radar_reviews", closed_reason="approved")
REFUSED = told("prv_1", "closed", "evt_2", field="radar_reviews", closed_reason="refunded_as_fraud")


def reviewed(*codes: str) -> Order:
    return with_facts(order(review=codes), [OPENED], NONE)


def test_a_fact_is_kept_under_its_field_and_id() -> None:
    known = with_facts(order(), [told("re_1", "pending", "evt_1"), told("re_2", "failed", "evt_2")], NONE)
    assert {name: each.status for name, each in known.refunds.items()} == {"re_1": "pending", "re_2": "failed"}


def test_a_renewals_facts_leave_the_money_alone() -> None:
    renewal = replace(told("re_1", "succeeded", "evt_1", amount=7693), renewal=True)
    known = with_facts(order(), [renewal, replace(told("dp_1", "lost", "evt_2", field="disputes"), renewal=True)], NONE)
    assert (known.refunds, known.disputes, known.money.status, known.access) == ({}, {}, "kept", None)
    assert known.renewals
    assert (list(known.renewals.refunds), list(known.renewals.disputes)) == (["re_1"], ["dp_1"])
    again = with_facts(known, [replace(told("re_1", "failed", "evt_3"), renewal=True)], NONE)
    assert again.renewals
    assert again.renewals.refunds["re_1"].status == "failed"


def test_known_statuses_and_warnings_are_no_reason_to_look() -> None:
    facts = [told("re_1", each, f"evt_{each}") for each in ("requires_action", "pending", "succeeded", "failed")]
    known = with_facts(order(), [*facts, told("re_1", "canceled", "evt_c")], NONE)
    assert with_facts(known, [told("issfr_1", "odd", "evt_w", field="warnings")], NONE).review == ()
    assert RADAR_REVIEW == "radar_review"


def test_the_same_facts_again_change_nothing() -> None:
    known = reviewed()
    assert with_facts(known, [OPENED], NONE) == known


def test_doubts_and_older_codes_stay() -> None:
    assert with_facts(order(review=("amounts_differ",)), [], frozenset({"status_not_read"})).review == (
        *("amounts_differ", "status_not_read"),
    )


def test_an_open_review_is_a_reason_to_look_until_it_is_approved() -> None:
    assert reviewed().review == (RADAR_REVIEW,)
    assert with_facts(reviewed(), [APPROVED], NONE).review == ()
    assert with_facts(order(), [APPROVED, OPENED], NONE).review == ()
    assert with_facts(reviewed(), [REFUSED], NONE).review == (RADAR_REVIEW,)


def test_a_second_open_review_is_a_reason_too() -> None:
    second = told("prv_2", "open", "evt_3", field="radar_reviews")
    assert with_facts(reviewed(), [APPROVED, second], NONE).review == (RADAR_REVIEW,)


def test_only_an_order_without_another_reason_was_approved() -> None:
    assert was_approved(reviewed(), with_facts(reviewed(), [APPROVED], NONE))
    other = reviewed("amounts_differ")
    assert not was_approved(other, with_facts(other, [APPROVED], NONE))
    assert not was_approved(order(), order())
    assert not was_approved(None, order())
