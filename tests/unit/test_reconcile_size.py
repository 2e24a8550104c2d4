"""Reconcile's memory does not grow with the number of sessions or refunds, and each is read once."""

import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

from fulfillment.domain.envelope import MadeEvent
from fulfillment.reconcile.endpoint import End, run
from fulfillment.reconcile.reconciler import Reconciler
from fulfillment.reconcile.settings import ReconcileSettings
from fulfillment.stripe_api import PAGE
from fulfillment.stripe_client import Objects
from local.fakes.endless_stripe import EndlessStripe
from local.fakes.memory_checkpoint import MemoryCheckpoint
from local.fakes.memory_orders import MemoryOrders
from support.money_stripe import MoneyStripe, refund

SINCE = datetime.now(UTC) - timedelta(days=20)
FIRST = int(SINCE.timestamp())


class Endless(EndlessStripe, MoneyStripe):
    """Any number of sessions, and as many refunds: one per second, the newest first."""

    async def refunds(self, created_from: int, created_until: int, after: str | None = None) -> Objects:
        """A page of them, of sessions without an order."""
        page = await self.sessions(created_from, created_until, after and after.replace("re_", "cs_test_"))
        data = [refund(each["id"].replace("cs_test_", "re_"), "pi_1", created=each["created"]) for each in page.data]
        return Objects(data=tuple(data), has_more=page.has_more)


async def reconcile(count: int) -> tuple[Reconciler, Endless]:
    """One run over so many sessions, none of which is known."""
    stripe = Endless(count, FIRST)
    settings = ReconcileSettings(
        project="shop", livemode=False, stripe_key=lambda: "unused", since=SINCE, grace_seconds=0
    )

    async def publish(_found: MadeEvent) -> Any:
        """Takes it and forgets it."""

    reconciler = Reconciler(settings=settings, stripe=stripe, orders=MemoryOrders(), publish=publish)
    assert await run(reconciler, MemoryCheckpoint(), settings) is End.RECONCILED
    return reconciler, stripe


async def peak(count: int) -> int:
    """The most that was allocated at once."""
    tracemalloc.start()
    try:
        await reconcile(count)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def test_ten_times_the_sessions_take_no_more_memory() -> None:
    await reconcile(PAGE)  # what is made once
    assert await peak(20 * PAGE) < 1.2 * await peak(2 * PAGE)


async def test_every_session_is_read_and_published_once_a_hundred_at_a_time() -> None:
    reconciler, stripe = await reconcile(10 * PAGE)
    assert (reconciler.stats.sessions, reconciler.stats.missing) == (1000, 1000)
    assert (reconciler.stats.refunds, reconciler.stats.unplaced, reconciler.stats.published) == (1000, 1000, 2000)
    assert len(stripe.reads) == 10 + 10 + 1, "and one page of disputes, which is empty"
