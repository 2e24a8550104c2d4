"""Dead letters are gone through once, a batch at a time, and each is kept from others until it is done with.

What is not acknowledged is given back at the end, also on an error or Ctrl-C. A run that is killed gives nothing back:
its letters are seen again when their lease ends. Two runs at once share the letters.
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
    """One run through the letters. Of those that it keeps it remembers the ids, not the letters."""

    def __init__(self, subscription: DeadLetterSubscription) -> None:
        self._subscription = subscription
        self._kept: dict[str, str] = {}
        self._pulling: asyncio.Future[list[DeadLetter]] | None = None

    async def batches(self) -> AsyncIterator[list[DeadLetter]]:
        """Every letter once, until several answers in a row brought nothing new."""
        empty = 0
        while empty < EMPTY_ANSWERS:
            # Whoever interrupts a pull does not take back what Pub/Sub has handed out: it is waited for.
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
        """Takes letters out for good."""
        await self._subscription.acknowledge([self._kept[each.id] for each in letters])
        for each in letters:
            del self._kept[each.id]

    async def renew(self) -> None:
        """Keeps what it has from others, for as long as this runs."""
        while True:
            await asyncio.sleep(self._subscription.lease / 3)
            with contextlib.suppress(Refused):  # the next one may work, and a letter seen twice does no harm
                await self._subscription.keep(list(self._kept.values()))

    async def give_back(self) -> None:
        """Lets others have what is left."""
        with contextlib.suppress(Refused):
            await (self._pulling or asyncio.sleep(0))
        await self._subscription.release(list(self._kept.values()))


@contextlib.asynccontextmanager
async def reading(subscription: DeadLetterSubscription) -> AsyncIterator[Reading]:
    """A run, and its end whatever happens."""
    run = Reading(subscription)
    renewing = asyncio.create_task(run.renew())
    try:
        yield run
    finally:
        renewing.cancel()
        ending = asyncio.ensure_future(_end(run, subscription))
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:  # interrupted at its very end: what is being given back is given back
            await ending
            raise


async def _end(run: Reading, subscription: DeadLetterSubscription) -> None:
    with contextlib.suppress(Refused):
        await run.give_back()
    await subscription.close()
