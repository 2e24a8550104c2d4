"""Requests in flight share one call: the first goes at once, and what comes while a call is under way goes with the
next one. Nobody waits for company.

    idle      ─ a ─────────> call(a)
    under way ─ b, c, d ───> wait, for that call or 5 ms at most ───> call(b, c, d)

When a call ends, those whom it kept waiting and those who come back at once go together: the next call begins when
three turns of the loop have brought nobody, or after 5 ms.

| what happens                       | what becomes of it                                                       |
|------------------------------------|--------------------------------------------------------------------------|
| a call fails                       | its items fail, and no others                                            |
| a call is `Refused`                | it is halved, until the items that are to blame have failed alone        |
| whoever waits gives up             | the item is dropped, if it has not gone; the others notice nothing       |
| more waits than memory should hold | `Overloaded`, at once                                                    |
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

PATIENCE_SECONDS = 0.005
QUIET_TURNS = 3  # from a readable socket to `add`

Item = TypeVar("Item")
Result = TypeVar("Result")


class Refused(Exception):
    """A call was refused for what is in it: most of its items may be fine."""


class Overloaded(Exception):
    """As much is waiting already as may wait."""


class CallCancelled(Exception):
    """A call was cancelled, and not by those who wait for it."""


@dataclass(frozen=True)
class Limit:
    """So many items, and so many bytes of them together."""

    count: int
    size: int


class Batcher(Generic[Item, Result]):
    """Gathers items into calls, at most `calls` under way. A call has one result for each item, in their order."""

    def __init__(
        self,
        call: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        size: Callable[[Item], int],
        *,
        batch: Limit,
        waiting: Limit,
        calls: int = 32,
    ) -> None:
        self._call, self._size = call, size
        self._batch_limit, self._waiting_limit, self._most_calls = batch, waiting, calls
        self._waiting: dict[asyncio.Future[Result], Item] = {}
        self._waiting_size = 0
        self._calls: set[asyncio.Task[None]] = set()
        self._latest: asyncio.Task[None] | None = None  # the call that keeps others waiting, for 5 ms at most
        self._patience = PATIENCE_SECONDS

    async def add(self, item: Item, seconds: float) -> Result:
        """The item's result. Raises Overloaded, TimeoutError after some seconds, waiting included, or what its call
        raised: Refused only for what this item is.
        """
        if len(self._waiting) >= self._waiting_limit.count or self._waiting_size >= self._waiting_limit.size:
            raise Overloaded
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Result] = loop.create_future()
        timer = loop.call_later(seconds, _expire, done)  # a third of what asyncio.timeout takes
        self._waiting[done] = item
        self._waiting_size += self._size(item)
        self._start()
        try:
            return await done
        finally:
            timer.cancel()
            self._remove(done)

    def _remove(self, done: asyncio.Future[Result]) -> None:
        """Takes an item out of those that wait, if it is one."""
        if done in self._waiting:
            self._waiting_size -= self._size(self._waiting.pop(done))

    def _start(self, turns: int = 0) -> None:
        """Begins a call, if one is due. It takes what comes until its task runs: company that costs no time."""
        if self._waiting and self._latest is None and len(self._calls) < self._most_calls:
            self._latest = asyncio.create_task(self._run(turns))
            self._calls.add(self._latest)

    async def _gather(self, turns: int) -> None:
        """Returns when so many turns of the loop in a row have brought nobody, or after 5 ms."""
        latest = asyncio.get_running_loop().time() + self._patience
        quiet, count = 0, len(self._waiting)
        while quiet < turns and asyncio.get_running_loop().time() < latest:
            await asyncio.sleep(0)
            quiet, count = quiet + 1 if len(self._waiting) <= count else 0, len(self._waiting)

    async def _run(self, turns: int) -> None:
        """One call, with all that waits, as far as it fits."""
        this, loop = self._latest, asyncio.get_running_loop()
        batch: dict[asyncio.Future[Result], Item] = {}
        patience: asyncio.TimerHandle | None = None
        try:
            await self._gather(turns)
            batch, patience = self._take(), loop.call_later(self._patience, self._next, this)
            await self._send(batch)
        finally:
            if patience:
                patience.cancel()
            _fail(batch, CallCancelled())  # whoever still waits would wait forever
            self._calls.discard(this)
            self._next(this, QUIET_TURNS)

    def _next(self, after: asyncio.Task[None] | None, turns: int = 0) -> None:
        """A call keeps nobody waiting any more."""
        if self._latest is after:
            self._latest = None
        self._start(turns)

    def _take(self) -> dict[asyncio.Future[Result], Item]:
        """The next batch: the oldest items, one at least, as many as fit."""
        batch: dict[asyncio.Future[Result], Item] = {}
        size = 0
        for done, item in self._waiting.items():
            size += self._size(item)
            if batch and (size > self._batch_limit.size or len(batch) == self._batch_limit.count):
                break
            batch[done] = item
        for done in batch:
            self._remove(done)
        return batch

    async def _send(self, batch: Mapping[asyncio.Future[Result], Item]) -> None:
        """Calls, and tells everyone what became of it. Whoever has given up is neither sent nor told."""
        batch = {done: item for done, item in batch.items() if not done.done()}
        if not batch:
            return
        try:
            results = dict(zip(batch, await self._call(list(batch.values())), strict=True))
        except Refused as error:
            await self._halve(batch, error)
        except asyncio.CancelledError:
            _fail(batch, CallCancelled())
            if self._cancelled():
                raise
        except Exception as error:  # noqa: BLE001 - whatever it was, it is told to those whose call it was
            _fail(batch, error)
        else:
            for done, result in results.items():
                if not done.done():
                    done.set_result(result)

    @staticmethod
    def _cancelled() -> bool:
        """Whether it is this task that was cancelled, and not only the call in it."""
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0

    async def _halve(self, batch: Mapping[asyncio.Future[Result], Item], error: Refused) -> None:
        if len(batch) == 1:
            _fail(batch, error)
            return
        items, middle = list(batch.items()), len(batch) // 2
        await self._send(dict(items[:middle]))
        await self._send(dict(items[middle:]))


def _fail(batch: Mapping[asyncio.Future[Result], Item], error: Exception) -> None:
    for done in batch:
        if not done.done():
            done.set_exception(error)


def _expire(done: asyncio.Future[Result]) -> None:
    if not done.done():
        done.set_exception(TimeoutError())
