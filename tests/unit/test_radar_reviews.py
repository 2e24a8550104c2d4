"""An order waits while a review of its payment is open in Stripe's Radar, if HOLD_ON_REVIEW says so."""

import pytest

from fulfillment.domain.effects import EffectState
from local.fakes.stripe_events import COMPLETED, event
from support.after_sale_shop import ORDER, PAYMENT, Shop

Capture = pytest.CaptureFixture[str]


REVIEWING = {"hold_on_review": True}


@pytest.mark.parametrize(
    ("closed", "released"), [("approved", True), ("refused", False), ("refunded_as_fraud", False), ("redacted", False)]
)
async def test_an_open_radar_review_holds_before_fulfill_until_it_is_approved(closed: str, released: bool) -> None:  # noqa: FBT001
    shop = Shop(REVIEWING)
    sold = shop.pay()
    opened = shop.world.review(PAYMENT)
    assert await shop.push(event(COMPLETED, sold)) == 204
    order = await shop.order()
    assert (order.review, order.effects["fulfill"].state, shop.called()) == (("radar_review",), EffectState.HELD, [])
    assert shop.stripe.reads == [f"line items of {ORDER} of None", f"/v1/payment_intents/{PAYMENT}"]
    assert await shop.tell(*opened) == [204]
    assert shop.called() == []
    shop.ago = 0
    assert await shop.tell(*shop.world.close_review(opened[0].about, closed)) == [204]
    order = await shop.order()
    assert (order.status.value == "fulfilled", order.review == ()) == (released, released)
    assert shop.called() == ([("fulfill", f"{ORDER}:fulfill")] if released else [])


async def test_a_review_that_comes_before_its_sale_holds_it() -> None:
    shop = Shop(REVIEWING)
    shop.pay()
    assert await shop.tell(*shop.world.review(PAYMENT)) == [204]
    assert (await shop.order()).effects["fulfill"].state is EffectState.HELD
    assert shop.called() == []


async def test_without_the_setting_no_review_is_read_and_none_holds() -> None:
    shop = Shop()
    sold = shop.pay()
    opened = shop.world.review(PAYMENT)
    assert await shop.push(event(COMPLETED, sold)) == 204
    assert shop.stripe.reads == [f"line items of {ORDER} of None"]
    assert await shop.tell(*opened) == [204]
    order = await shop.order()
    assert (order.status.value, order.review) == ("fulfilled", ("radar_review",))


async def test_a_key_that_may_not_see_reviews_holds_nothing_and_a_subscription_is_not_asked_for() -> None:
    shop = Shop(REVIEWING)
    shop.stripe.refused = {"/v1/payment_intents"}
    shop.pay()
    shop.world.review(PAYMENT)
    assert await shop.push(event(COMPLETED, shop.stripe.known[ORDER])) == 204
    assert (await shop.order()).status.value == "fulfilled"
    other = Shop(REVIEWING)
    await other.subscribe()
    assert (await other.order()).status.value == "fulfilled"


async def test_without_a_key_nothing_is_read_and_a_review_that_comes_first_holds() -> None:
    shop = Shop(REVIEWING, has_key=False)
    await shop.sell(payment_status="unpaid")
    await shop.tell(*shop.world.review(PAYMENT))
    paid = event("checkout.session.async_payment_succeeded", shop.stripe.known[ORDER] | {"payment_status": "paid"})
    assert await shop.push(paid) == 204
    assert (shop.stripe.reads, shop.called()) == ([], [])
    assert (await shop.order()).effects["fulfill"].state is EffectState.HELD


async def test_a_review_that_cannot_be_read_brings_the_sale_again() -> None:
    shop = Shop(REVIEWING)
    shop.pay()
    (told,) = shop.world.review(PAYMENT)
    shop.world.object(told.about)["opened_reason"] = 7
    assert await shop.push(event(COMPLETED, shop.stripe.known[ORDER])) == 503
    assert shop.called() == []
