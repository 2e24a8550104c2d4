"""What a buyer is told, from the order and from what Stripe says: the whole table, and when the page looks again."""

from datetime import UTC, datetime

import pytest

from fulfillment.domain.buyer_view import BuyerStatus, StripeAnswer, buyer_view, is_settled, refresh_seconds
from fulfillment.domain.effects import Effect, EffectState
from fulfillment.domain.ids import OWN
from fulfillment.domain.order import Order
from fulfillment.domain.status import Status
from fulfillment.domain.synthetic_events import synthetic_event
from local.fakes.stripe_events import session
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
