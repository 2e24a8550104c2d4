"""Reconcile's memory does not grow with the number of sessions, and each is read once."""

import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

from fulfillment.domain.findings import Finding
from fulfillment.reconcile import End, run
from fulfillment.settings import ReconcileSettings
from fulfillment.stripe_api import PAGE, Sessions
from fulfillment.sweep import Sweep
from local.memory_checkpoint import MemoryCheckpoint
from local.memory_orders import MemoryOrders
from local.memory_stripe import MemoryStripe
from local.stripe_events import session

SINCE = datetime.now(UTC) - timedelta(days=20)
FIRST = int(SINCE.timestamp())


class EndlessStripe(MemoryStripe):
    """So many sessions, one a second, made when they are asked for."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    async def sessions(self, created_from: int, created_until: int, after: str | None = None) -> Sessions:
        """A page of them."""
        assert created_from == FIRST
        self.reads.append(None)
        newest = min(created_until - FIRST, self._count, int(after.rpartition("_")[2]) if after else self._count) - 1
        numbers = range(newest, max(newest - PAGE, -1), -1)
        data = tuple(session(f"cs_test_{number}", created=FIRST + number) for number in numbers)
        return Sessions(data=data, has_more=numbers[-1] > 0)


async def sweep(count: int) -> tuple[Sweep, EndlessStripe]:
    """One run over so many sessions, none of which is known."""
    stripe = EndlessStripe(count)
    settings = ReconcileSettings(project="shop", livemode=False, api_key="unused", since=SINCE, grace_seconds=0)

    async def publish(_found: Finding) -> Any:
        """Takes it and forgets it."""

    sweeping = Sweep(settings=settings, stripe=stripe, orders=MemoryOrders(), publish=publish)
    assert await run(sweeping, MemoryCheckpoint(), settings) is End.RECONCILED
    return sweeping, stripe


async def peak(count: int) -> int:
    """The most that was allocated at once."""
    tracemalloc.start()
    try:
        await sweep(count)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def test_ten_times_the_sessions_take_no_more_memory() -> None:
    await sweep(PAGE)  # what is made once
    assert await peak(20 * PAGE) < 1.2 * await peak(2 * PAGE)


async def test_every_session_is_read_and_published_once_a_hundred_at_a_time() -> None:
    swept, stripe = await sweep(10 * PAGE)
    assert (swept.tally.sessions, swept.tally.missing, swept.tally.published) == (1000, 1000, 1000)
    assert len(stripe.reads) == 10
