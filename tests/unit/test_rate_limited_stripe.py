"""Stripe is read no faster than was allowed, and no slower than it must be."""

from fulfillment.reconcile.rate_limited_stripe import RateLimitedStripe
from local.fakes.memory_stripe import MemoryStripe


async def test_reads_wait_for_their_turn_and_idle_time_is_not_saved_up() -> None:
    now, slept = [100.0], list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))
        now[0] += seconds

    stripe = MemoryStripe()
    paced = RateLimitedStripe(stripe, 10, lambda: now[0], sleep)
    await paced.session("cs_test_a")
    await paced.sessions(0, 1)
    await paced.session("cs_test_b")
    now[0] += 60
    await paced.session("cs_test_c")
    await paced.session("cs_test_d")
    assert slept == [0, 0.1, 0.1, 0, 0.1]
    assert stripe.reads == ["cs_test_a", None, "cs_test_b", "cs_test_c", "cs_test_d"]
    assert paced.api_version == stripe.api_version
