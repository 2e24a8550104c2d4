"""Refunds and disputes that may still change and are in no list are found on their orders, and no others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.after_sale import AfterSale, Claim, Dispute, Refund, Renewals
from fulfillment.domain.cursor import DISPUTE_DAYS, REFUND_DAYS
from fulfillment.domain.ids import Id
from fulfillment.domain.order import Order
from fulfillment.domain.unlisted import may_change, unlisted
from support.builders import fulfilled_order

END = datetime(2026, 6, 1, tzinfo=UTC)
AT = int(END.timestamp())
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
NAMED = replace(fulfilled_order(), account=None, payment_intent=Id("pi_1"), renewals=None)


def claims(*ages: timedelta, status: str) -> dict[str, Claim]:
    """A claim of each age, the newest with that status."""
    names = [status, "before_it"][: len(ages)]
    made = [Claim(event=f"evt_{age}", created=END - age, received_at=END) for age in ages]
    return dict(zip(names, made, strict=True))


def refund(status: str, *ages: timedelta) -> Refund:
    return Refund(status=status, claims=claims(*ages, status=status))


def dispute(status: str, *ages: timedelta) -> Dispute:
    return Dispute(status=status, claims=claims(*ages, status=status))


OPEN = ["needs_response", "under_review", "warning_needs_response", "warning_under_review", "appeal_under_review"]
ALWAYS = [refund("pending"), refund("requires_action"), refund("odd"), dispute("odd"), *map(dispute, OPEN)]
NEVER = [refund("failed"), refund("canceled"), dispute("won")]
FOR_DAYS: list[tuple[AfterSale, int]] = [
    (refund("succeeded"), REFUND_DAYS),
    *((dispute(each), DISPUTE_DAYS) for each in ("lost", "prevented", "warning_closed")),
]


def aged(each: AfterSale, *ages: timedelta) -> AfterSale:
    return replace(each, claims=claims(*ages, status=each.status))


@pytest.mark.parametrize("each", ALWAYS, ids=lambda each: each.status)
@pytest.mark.parametrize("days", [0, 31, 130, 4000])
def test_what_is_not_decided_may_change_however_old_it_is(each: AfterSale, days: int) -> None:
    assert may_change(aged(each, days * DAY), AT)


@pytest.mark.parametrize("each", NEVER, ids=lambda each: each.status)
def test_what_is_final_does_not_change(each: AfterSale) -> None:
    assert not may_change(aged(each, timedelta(0)), AT)


@pytest.mark.parametrize(("each", "days"), FOR_DAYS)
def test_what_is_decided_may_change_for_so_many_days_after_its_newest_claim(each: AfterSale, days: int) -> None:
    assert may_change(aged(each, days * DAY, (days + 100) * DAY), AT)
    assert not may_change(aged(each, days * DAY + SECOND, (days + 100) * DAY), AT)


@pytest.mark.parametrize(("field", "each", "days"), [("refunds", ALWAYS[0], 31), ("disputes", ALWAYS[4], 130)])
def test_what_a_list_brings_is_left_to_it_for_so_many_days_after_its_first_claim(
    field: str, each: AfterSale, days: int
) -> None:
    def found(*ages: timedelta) -> list[tuple[str, str]]:
        order = replace(NAMED, **{field: {"x_1": aged(each, *ages)}})  # type: ignore[arg-type]
        return [(name, object_id) for name, object_id, _ in unlisted(order, AT, lists=True)]

    assert found(timedelta(0), days * DAY) == []
    assert found(timedelta(0), days * DAY + SECOND) == [(field, "x_1")]


@pytest.mark.parametrize(("field", "each", "days"), [("refunds", ALWAYS[0], 31), ("disputes", ALWAYS[4], 130)])
def test_what_was_told_of_late_is_listed_by_its_creation(field: str, each: AfterSale, days: int) -> None:
    def found(age: timedelta) -> list[str]:
        made: Any = replace(aged(each, DAY), created_at=END - age)  # type: ignore[call-arg]
        of: Any = {field: {"x_1": made}}
        return [object_id for _, object_id, _ in unlisted(replace(NAMED, **of), AT, lists=True)]

    assert found(days * DAY) == []
    assert found(days * DAY + SECOND) == ["x_1"]


REFUND, DISPUTE = refund("pending", DAY), dispute("needs_response", DAY)
BOTH = [("refunds", "re_1", REFUND), ("disputes", "dp_1", DISPUTE)]


@pytest.mark.parametrize(
    ("order", "key_lists", "expected"),
    [
        (NAMED, "yes", []),
        (NAMED, "", BOTH),
        (replace(NAMED, account=Id("acct_1")), "yes", BOTH),
        (replace(NAMED, payment_intent=None), "yes", BOTH),
    ],
)
def test_what_no_list_brings_is_found_however_new_it_is(order: Order, key_lists: str, expected: object) -> None:
    order = replace(order, refunds={"re_1": REFUND}, disputes={"dp_1": DISPUTE})
    assert list(unlisted(order, AT, lists=bool(key_lists))) == expected


def test_what_renewals_have_is_in_no_list_under_the_orders_payment() -> None:
    order = replace(NAMED, renewals=Renewals(refunds={"re_1": REFUND}, disputes={"dp_1": DISPUTE}))
    assert list(unlisted(order, AT, lists=True)) == BOTH


@given(st.integers(0, 4000), st.integers(0, 4000), st.sampled_from([*Refund.CHAIN, "odd"]))
def test_a_refund_of_a_listed_order_that_may_change_is_in_the_list_or_is_found(
    first: int, later: int, status: str
) -> None:
    newest, oldest = sorted((first, later))
    known = refund(status, newest * DAY, oldest * DAY)
    found = list(unlisted(replace(NAMED, refunds={"re_1": known}), AT, lists=True))
    assert bool(found) is (may_change(known, AT) and oldest > REFUND_DAYS)
