"""What a buyer is told, from the order and from what Stripe says: the whole table, and when the page looks again."""

from datetime import UTC, datetime

import pytest

from fulfillment.domain.effects import Effect, EffectState
from fulfillment.domain.findings import finding
from fulfillment.domain.ids import OWN
from fulfillment.domain.order import Order
from fulfillment.domain.session import Session, to_checkout
from fulfillment.domain.shape import read
from fulfillment.domain.standing import (
    Reading,
    Standing,
    is_settled,
    known,
    refresh_seconds,
)
from fulfillment.domain.status import Status
from local.stripe_events import session
from mail_samples import order

ENDED = {"payment_status": "unpaid", "payment_intent": {"id": "pi_1", "status": "canceled"}}
NOTHING = Reading()
QUARTER_OF_AN_HOUR = 15 * 60


def said(**changes: object) -> Reading:
    """What Stripe says of a session."""
    raw = session("cs_test_a1", **changes)
    found = finding(raw, owner=OWN, api_version="v", at=datetime.now(UTC))
    return Reading(found=found, checkout=to_checkout(read(Session, raw), livemode=False, owner=OWN))


PAID, UNPAID, FAILED = said(), said(payment_status="unpaid"), said(**ENDED)
FULFILLED = order(effects={"fulfill": Effect(state=EffectState.DONE, key="k")})
HELD = order(effects={"fulfill": Effect(state=EffectState.HELD, key="k")}, review=("amounts_differ",))
BROKEN = order(effects={"fulfill": Effect(state=EffectState.FAILED, key="k")})


@pytest.mark.parametrize(
    ("stored", "reading", "told"),
    [
        (None, None, Standing.CONFIRMING),
        (None, NOTHING, Standing.NOT_FOUND),
        (None, UNPAID, Standing.AWAITING_PAYMENT),
        (None, FAILED, Standing.PAYMENT_FAILED),
        (None, PAID, Standing.PAID),
        (order(Status.AWAITING_PAYMENT), None, Standing.AWAITING_PAYMENT),
        (order(Status.AWAITING_PAYMENT), NOTHING, Standing.AWAITING_PAYMENT),
        (order(Status.AWAITING_PAYMENT), FAILED, Standing.PAYMENT_FAILED),
        (order(Status.PAYMENT_FAILED), UNPAID, Standing.PAYMENT_FAILED),
        (order(Status.PAYMENT_FAILED), PAID, Standing.PAID),
        (order(Status.PAID), UNPAID, Standing.PAID),
        (order(Status.EXPIRED), None, Standing.NOT_FOUND),
        (HELD, None, Standing.PAID),
        (BROKEN, None, Standing.PAID),
        (FULFILLED, PAID, Standing.FULFILLED),
    ],
)
def test_the_buyer_is_told_the_higher_of_the_two(stored: Order | None, reading: Reading | None, told: Standing) -> None:
    assert known(stored, reading).standing is told


def test_what_is_shown_is_what_was_the_reason() -> None:
    waiting = order(Status.AWAITING_PAYMENT)
    assert known(waiting, UNPAID).checkout is waiting
    assert known(waiting, PAID).checkout is PAID.checkout
    assert known(None, None).checkout is None


def test_stripe_is_asked_until_the_order_is_paid() -> None:
    assert not is_settled(None)
    settled = {status: is_settled(order(status)) for status in Status if status is not Status.FULFILLED}
    assert [status for status, is_so in settled.items() if is_so] == [Status.PAID]
    assert is_settled(FULFILLED)


def test_the_page_looks_again_ever_more_seldom_and_not_for_ever() -> None:
    ages = range(QUARTER_OF_AN_HOUR)
    waits = [refresh_seconds(Standing.PAID, age) for age in ages]
    assert waits[:15:7] == [2, 2, 3]
    assert waits == sorted(waits, key=lambda wait: wait or 0)
    assert waits[-1] == 60
    assert refresh_seconds(Standing.PAID, QUARTER_OF_AN_HOUR) is None


def test_what_is_final_is_not_looked_at_again() -> None:
    final = {each.value for each in Standing if refresh_seconds(each, 0) is None}
    assert final == {"payment_failed", "fulfilled", "not_found"}


def test_what_a_buyer_is_told_has_the_words_of_the_contract() -> None:
    assert [each.value for each in Standing] == [
        "confirming",
        "awaiting_payment",
        "payment_failed",
        "paid",
        "fulfilled",
        "not_found",
    ]


def test_every_status_has_its_word() -> None:
    told = {known(FULFILLED if each is Status.FULFILLED else order(each), None).standing for each in Status}
    assert told == set(Standing) - {Standing.CONFIRMING}
