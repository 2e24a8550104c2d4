"""Stripe is read no faster than was allowed, and no slower than it must be."""

from fulfillment.domain.ids import OWN
from fulfillment.reconcile.rate_limited_stripe import RateLimitedStripe
from support.money_stripe import INVOICE_PAYMENTS, PATHS, MoneyStripe, dispute


async def test_reads_wait_for_their_turn_and_idle_time_is_not_saved_up() -> None:
    now, slept = [100.0], list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))
        now[0] += seconds

    stripe = MoneyStripe()
    paced = RateLimitedStripe(stripe, 10, lambda: now[0], sleep)
    await paced.session("cs_test_a")
    await paced.sessions(0, 1)
    await paced.session("cs_test_b")
    now[0] += 60
    await paced.session("cs_test_c")
    await paced.session("cs_test_d")
    assert slept == [0, 0.1, 0.1, 0, 0.1]
    assert stripe.reads == ["cs_test_a", None, "cs_test_b", "cs_test_c", "cs_test_d"]
    raw = dispute("dp_1", "pi_1", created=0)
    stripe.put(raw)
    assert not (await paced.refunds(0, 1)).data
    assert (await paced.disputes(0, 1)).data
    assert await paced.object_at("/v1/disputes/dp_1") == raw
    assert not await paced.invoice_payments_of(OWN, payment_intent="pi_1")
    assert slept[5:] == [0.1, 0.1, 0.1, 0.1]
    assert stripe.reads[5:] == [PATHS["refund"], PATHS["dispute"], "/v1/disputes/dp_1", INVOICE_PAYMENTS]
    assert paced.api_version == stripe.api_version
