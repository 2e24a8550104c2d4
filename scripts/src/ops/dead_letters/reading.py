"""Reads dead letters once, a batch at a time, and keeps a lease on each until the end.

Letters that are not acknowledged are released at the end, also after an error or Ctrl-C. The letters of a killed run
are redelivered when their lease ends. Two runs at once share the letters.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from ops.dead_letters.dead_letter import DeadLetter
from ops.dead_letters.subscription import DeadLetterSubscription
from ops.errors import Refused

BATCH = 50
EMPTY_ANSWERS = 4
PAUSE_SECONDS = 0.5


class Reading:
    """One run through the letters. It remembers the ids of the leased ones, not their content."""

    def __init__(self, subscription: DeadLetterSubscription) -> None:
        self._subscription = subscription
        self._kept: dict[str, str] = {}
        self._pulling: asyncio.Future[list[DeadLetter]] | None = None

    async def batches(self) -> AsyncIterator[list[DeadLetter]]:
        """Every letter once, until several answers in a row bring no new one."""
        empty = 0
        while empty < EMPTY_ANSWERS:
            # An interrupted pull may have got letters from Pub/Sub already: `give_back` awaits it to release them.
            self._pulling = asyncio.ensure_future(self._pull())
            if fresh := await asyncio.shield(self._pulling):
                empty = 0
                yield fresh
            else:
                empty += 1
                await asyncio.sleep(PAUSE_SECONDS)

    async def _pull(self) -> list[DeadLetter]:
        pulled = await self._subscription.pull(BATCH)
        fresh = [each for each in pulled if each.id not in self._kept]
        self._kept |= {each.id: each.ack_id for each in pulled}
        await self._subscription.keep([each.ack_id for each in pulled])
        return fresh

    async def acknowledge(self, letters: Sequence[DeadLetter]) -> None:
        """Removes letters for good."""
        await self._subscription.acknowledge([self._kept[each.id] for each in letters])
        for each in letters:
            del self._kept[each.id]

    async def renew(self) -> None:
        """Renews the leases until it is canceled."""
        while True:
            await asyncio.sleep(self._subscription.lease / 3)
            with contextlib.suppress(Refused):  # the next renewal may work, and a redelivered letter does no harm
                await self._subscription.keep(list(self._kept.values()))

    async def give_back(self) -> None:
        """Releases the letters that are left."""
        with contextlib.suppress(Refused):
            await (self._pulling or asyncio.sleep(0))
        await self._subscription.release(list(self._kept.values()))


@contextlib.asynccontextmanager
async def reading(subscription: DeadLetterSubscription) -> AsyncIterator[Reading]:
    """A run; at its end the letters are released, whatever happens."""
    run = Reading(subscription)
    renewing = asyncio.create_task(run.renew())
    try:
        yield run
    finally:
        renewing.cancel()
        ending = asyncio.ensure_future(_end(run, subscription))
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:  # interrupted during the release: finish it
            await ending
            raise


async def _end(run: Reading, subscription: DeadLetterSubscription) -> None:
    with contextlib.suppress(Refused):
        await run.give_back()
    await subscription.close()
