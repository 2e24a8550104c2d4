"""What a buyer is told, from the order and from what Stripe says: the whole table, and when the page looks again."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.after_sale import Dispute, Refund
from fulfillment.domain.buyer_view import (
    BuyerRefund,
    BuyerStatus,
    RefundStatus,
    StripeAnswer,
    buyer_refund,
    buyer_view,
    is_settled,
    refresh_seconds,
)
from fulfillment.domain.checkout import Presentment
from fulfillment.domain.effects import Effect, EffectState
from fulfillment.domain.ids import OWN, Currency
from fulfillment.domain.order import Order
from fulfillment.domain.status import Status
from fulfillment.domain.synthetic_events import synthetic_event
from local.fakes.stripe_events import session
from support.after_sale import dispute, refund
from support.builders import order

ENDED = {"payment_status": "unpaid", "payment_intent": {"id": "pi_1", "status": "canceled"}}
NOTHING = StripeAnswer()
QUARTER_OF_AN_HOUR = 15 * 60


def said(**changes: object) -> StripeAnswer:
    """What Stripe says of a session."""
    event = synthetic_event(session("cs_test_a1", **changes), owner=OWN, api_version="v", at=datetime.now(UTC))
    return StripeAnswer(event=event)


PAID, UNPAID, FAILED = said(), said(payment_status="unpaid"), said(**ENDED)
FULFILLED = order(effects={"fulfill": Effect(state=EffectState.DONE, key="k")})
HELD = order(effects={"fulfill": Effect(state=EffectState.HELD, key="k")}, review=("amounts_differ",))
BROKEN = order(effects={"fulfill": Effect(state=EffectState.FAILED, key="k")})


@pytest.mark.parametrize(
    ("stored", "answer", "told"),
    [
        (None, None, BuyerStatus.CONFIRMING),
        (None, NOTHING, BuyerStatus.NOT_FOUND),
        (None, UNPAID, BuyerStatus.AWAITING_PAYMENT),
        (None, FAILED, BuyerStatus.PAYMENT_FAILED),
        (None, PAID, BuyerStatus.PAID),
        (order(Status.AWAITING_PAYMENT), None, BuyerStatus.AWAITING_PAYMENT),
        (order(Status.AWAITING_PAYMENT), NOTHING, BuyerStatus.AWAITING_PAYMENT),
        (order(Status.AWAITING_PAYMENT), FAILED, BuyerStatus.PAYMENT_FAILED),
        (order(Status.PAYMENT_FAILED), UNPAID, BuyerStatus.PAYMENT_FAILED),
        (order(Status.PAYMENT_FAILED), PAID, BuyerStatus.PAID),
        (order(Status.PAID), UNPAID, BuyerStatus.PAID),
        (order(Status.EXPIRED), None, BuyerStatus.NOT_FOUND),
        (HELD, None, BuyerStatus.PAID),
        (BROKEN, None, BuyerStatus.PAID),
        (FULFILLED, PAID, BuyerStatus.FULFILLED),
    ],
)
def test_the_buyer_is_told_the_higher_of_the_two(
    stored: Order | None, answer: StripeAnswer | None, told: BuyerStatus
) -> None:
    assert buyer_view(stored, answer).status is told


def test_what_is_shown_is_what_was_the_reason() -> None:
    waiting = order(Status.AWAITING_PAYMENT)
    assert buyer_view(waiting, UNPAID).checkout is waiting
    assert buyer_view(waiting, PAID).checkout is (PAID.event and PAID.event.checkout)
    assert buyer_view(None, None).checkout is None


def test_stripe_is_asked_until_the_order_is_paid() -> None:
    assert not is_settled(None)
    settled = {status: is_settled(order(status)) for status in Status if status is not Status.FULFILLED}
    assert [status for status, is_so in settled.items() if is_so] == [Status.PAID]
    assert is_settled(FULFILLED)


def test_the_page_looks_again_ever_more_seldom_and_not_for_ever() -> None:
    ages = range(QUARTER_OF_AN_HOUR)
    waits = [refresh_seconds(BuyerStatus.PAID, age) for age in ages]
    assert waits[:15:7] == [2, 2, 3]
    assert waits == sorted(waits, key=lambda wait: wait or 0)
    assert waits[-1] == 60
    assert refresh_seconds(BuyerStatus.PAID, QUARTER_OF_AN_HOUR) is None


def test_what_is_final_is_not_looked_at_again() -> None:
    final = {each.value for each in BuyerStatus if refresh_seconds(each, 0) is None}
    assert final == {"payment_failed", "fulfilled", "not_found"}


def test_what_a_buyer_is_told_has_the_words_of_the_contract() -> None:
    assert [each.value for each in BuyerStatus] == [
        "confirming",
        "awaiting_payment",
        "payment_failed",
        "paid",
        "fulfilled",
        "not_found",
    ]


def test_every_status_has_its_word() -> None:
    told = {buyer_view(FULFILLED if each is Status.FULFILLED else order(each), None).status for each in Status}
    assert told == set(BuyerStatus) - {BuyerStatus.CONFIRMING}


# --- what the buyer is told of refunds


TOTAL = 7693
"""Of the order."""


def told(*refunds: Refund, **changes: Any) -> BuyerRefund | None:
    """What the buyer of an order with those refunds is told."""
    return buyer_refund(order(refunds={f"re_{n}": each for n, each in enumerate(refunds)}, **changes))


def usd(status: str, refunded: int, refunding: int, *, in_full: bool) -> BuyerRefund:
    return BuyerRefund(
        status=RefundStatus(status), currency="usd", refunded=refunded, refunding=refunding, in_full=in_full
    )


@pytest.mark.parametrize(
    ("refunds", "expected"),
    [
        ([], None),
        ([refund(TOTAL, "failed")], None),
        ([refund(TOTAL, "canceled"), refund(5, "failed")], None),
        ([refund(TOTAL, "a_new_status")], None),
        ([refund(1000)], usd("partly_refunded", 1000, 0, in_full=False)),
        ([refund(1000), refund(1000, "failed")], usd("partly_refunded", 1000, 0, in_full=False)),
        ([refund(TOTAL - 1)], usd("partly_refunded", TOTAL - 1, 0, in_full=False)),
        ([refund(TOTAL)], usd("refunded", TOTAL, 0, in_full=True)),
        ([refund(TOTAL), refund(1, "pending")], usd("refunded", TOTAL, 1, in_full=True)),
        ([refund(7000), refund(693)], usd("refunded", TOTAL, 0, in_full=True)),
        ([refund(1000, "pending")], usd("refunding", 0, 1000, in_full=False)),
        ([refund(1000, "requires_action")], usd("refunding", 0, 1000, in_full=False)),
        ([refund(TOTAL, "pending")], usd("refunding", 0, TOTAL, in_full=True)),
        ([refund(7000), refund(693, "pending")], usd("refunding", 7000, 693, in_full=True)),
    ],
)
def test_the_buyer_is_told_what_was_refunded_and_what_is_under_way(
    refunds: list[Refund], expected: BuyerRefund | None
) -> None:
    assert told(*refunds) == expected


DISPUTES = [status for status in Dispute.CHAIN if status != "prevented"]


@pytest.mark.parametrize("status", [*DISPUTES, "a_new_status"])
@pytest.mark.parametrize("refunds", [[], [refund(1000)], [refund(TOTAL)]])
def test_a_dispute_changes_nothing_of_what_the_buyer_is_told(refunds: list[Refund], status: str) -> None:
    assert told(*refunds, disputes={"dp_1": dispute(status)}) == told(*refunds)


@pytest.mark.parametrize("refunds", [[], [refund(1000)], [refund(1000, "pending")], [refund(TOTAL, "failed")]])
def test_a_prevented_dispute_is_a_refund_of_all(refunds: list[Refund]) -> None:
    disputes = {"dp_1": dispute("prevented", 9999), "dp_2": dispute("lost")}
    assert told(*refunds, disputes=disputes) == usd("refunded", TOTAL, 0, in_full=True)


def test_a_refund_in_the_buyers_own_currency_is_told_in_it() -> None:
    presentment = Presentment(amount=7000, currency=Currency("eur"))
    assert told(refund(7000, currency="eur"), presentment=presentment) == BuyerRefund(
        status=RefundStatus.REFUNDED, currency="eur", refunded=7000, refunding=0, in_full=True
    )


@pytest.mark.parametrize("refunds", [[refund(5), refund(5, currency="eur")], [refund(5, currency=None)]])
def test_refunds_without_one_known_currency_have_no_amounts(refunds: list[Refund]) -> None:
    assert told(*refunds) == BuyerRefund(
        status=RefundStatus.PARTLY_REFUNDED, currency=None, refunded=None, refunding=None, in_full=False
    )


one_refund = st.builds(refund, st.integers(0, 2 * TOTAL), st.sampled_from([*Refund.CHAIN, "a_new_status"]))


@given(st.lists(one_refund, max_size=5), st.permutations(range(5)))
def test_the_words_fit_the_amounts_in_any_order_of_the_refunds(refunds: list[Refund], places: list[int]) -> None:
    seen = told(*refunds)
    assert seen == told(*[refunds[place] for place in places if place < len(refunds)])
    done, under_way = (
        sum(each.amount or 0 for each in refunds if each.status in statuses)
        for statuses in (("succeeded",), ("pending", "requires_action"))
    )
    if seen is None:
        assert not {each.status for each in refunds} & {"succeeded", "pending", "requires_action"}
        return
    assert (seen.refunded, seen.refunding) == (done, under_way)
    assert (seen.status is RefundStatus.REFUNDED) is (done >= TOTAL)
    assert seen.in_full is (done + under_way >= TOTAL)


@pytest.mark.parametrize("answer", [None, NOTHING, PAID])
def test_the_refund_is_the_documents_whatever_stripe_says_of_the_session(answer: StripeAnswer | None) -> None:
    for claim in (Status.AWAITING_PAYMENT, Status.PAID):
        view = buyer_view(order(claim, refunds={"re_1": refund(TOTAL)}), answer)
        assert view.refund == usd("refunded", TOTAL, 0, in_full=True)
    assert buyer_view(None, answer).refund is None
