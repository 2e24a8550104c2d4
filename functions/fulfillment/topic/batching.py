"""Concurrent requests share one call. The first request starts a call at once. Requests that arrive during a call
share the next one. An idle batcher never delays a request.

    idle      ─ a ─────────> call(a)
    in flight ─ b, c, d ───> wait for that call, at most 5 ms ───> call(b, c, d)

After a call ends, the waiting items and the new items of its callers share the next call: it starts when three turns of
the event loop have added no item, or after 5 ms.

| event                              | result                                                                   |
|------------------------------------|--------------------------------------------------------------------------|
| a call fails                       | only its items fail                                                      |
| a call is `Refused`                | the batch is halved, until only the faulty items fail                    |
| a caller gives up                  | its item is dropped if it was not sent; the other items are not affected |
| too many items or bytes wait       | `Overloaded`, at once                                                    |
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

PATIENCE_SECONDS = 0.005
QUIET_TURNS = 3  # turns of the event loop from a readable socket to `add`

Item = TypeVar("Item")
Result = TypeVar("Result")


class Refused(Exception):
    """A call was refused because of its content. Most of its items may be valid."""


class Overloaded(Exception):
    """The limit of waiting items or bytes is reached."""


class CallCancelled(Exception):
    """A call was cancelled, but not by its callers."""


@dataclass(frozen=True)
class Limit:
    """At most `count` items and `size` bytes."""

    count: int
    size: int


class _Waiting(NamedTuple, Generic[Item]):
    item: Item
    size: int


class Batcher(Generic[Item, Result]):
    """Gathers items into calls, at most `calls` at a time. A call returns one result for each item, in their order."""

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
        self._waiting: dict[asyncio.Future[Result], _Waiting[Item]] = {}
        self._waiting_size = 0
        self._calls: set[asyncio.Task[None]] = set()
        self._latest: asyncio.Task[None] | None = None  # the call that delays the next one, at most 5 ms
        self._patience = PATIENCE_SECONDS

    async def add(self, item: Item, seconds: float) -> Result:
        """The item's result. Raises Overloaded, TimeoutError after `seconds` (waiting included), or what its call
        raised. Refused means that this item itself is faulty.
        """
        if len(self._waiting) >= self._waiting_limit.count or self._waiting_size >= self._waiting_limit.size:
            raise Overloaded
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Result] = loop.create_future()
        timer = loop.call_later(seconds, _expire, done)  # asyncio.timeout takes three times as long
        self._waiting[done] = waiting = _Waiting(item, self._size(item))
        self._waiting_size += waiting.size
        self._start()
        try:
            return await done
        finally:
            timer.cancel()
            self._remove(done)

    def _remove(self, done: asyncio.Future[Result]) -> None:
        """Removes an item from the waiting ones, if it is there."""
        if done in self._waiting:
            self._waiting_size -= self._waiting.pop(done).size

    def _start(self, turns: int = 0) -> None:
        """Starts a call, if one is due. It includes the items that arrive until its task runs, at no cost in time."""
        if self._waiting and self._latest is None and len(self._calls) < self._most_calls:
            self._latest = asyncio.create_task(self._run(turns))
            self._calls.add(self._latest)

    async def _gather(self, turns: int) -> None:
        """Returns when that many turns of the loop in a row have added no item, or after 5 ms."""
        latest = asyncio.get_running_loop().time() + self._patience
        quiet, count = 0, len(self._waiting)
        while quiet < turns and asyncio.get_running_loop().time() < latest:
            await asyncio.sleep(0)
            quiet, count = quiet + 1 if len(self._waiting) <= count else 0, len(self._waiting)

    async def _run(self, turns: int) -> None:
        """One call with the waiting items, as many as fit."""
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
            _fail(batch, CallCancelled())  # an item without a result would wait forever
            self._calls.discard(this)
            self._next(this, QUIET_TURNS)

    def _next(self, after: asyncio.Task[None] | None, turns: int = 0) -> None:
        """Ends the delay that the call `after` causes, and starts the next call."""
        if self._latest is after:
            self._latest = None
        self._start(turns)

    def _take(self) -> dict[asyncio.Future[Result], Item]:
        """The next batch: the oldest items, at least one, as many as fit."""
        batch: dict[asyncio.Future[Result], Item] = {}
        size = 0
        for done, waiting in self._waiting.items():
            size += waiting.size
            if batch and (size > self._batch_limit.size or len(batch) == self._batch_limit.count):
                break
            batch[done] = waiting.item
        for done in batch:
            self._remove(done)
        return batch

    async def _send(self, batch: Mapping[asyncio.Future[Result], Item]) -> None:
        """Makes the call and sets each item's result or error. Items whose callers gave up are not sent."""
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
        except Exception as error:  # noqa: BLE001 - any error is the result of the items of this call
            _fail(batch, error)
        else:
            for done, result in results.items():
                if not done.done():
                    done.set_result(result)

    @staticmethod
    def _cancelled() -> bool:
        """Whether this task itself was cancelled, not only the call in it."""
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
