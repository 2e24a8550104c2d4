"""Calls the user's hooks, sync or async, with a time limit. Sync hooks run on their own threads. A hook gets a copy of
the order, so that its changes of the metadata are not stored.

A thread cannot be killed. A sync hook that does not return keeps its thread. When all threads are busy, further calls
wait for one within their time limit. Anything that a hook raises, sys.exit() included, fails only that effect.
"""

import asyncio
import copy
import functools
import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fulfillment.domain.order import Order
from fulfillment.errors import HookFailed

THREADS = 16
Hook = Callable[[Order, str], Awaitable[None] | None]


class Hooks:
    """Calls the functions of the user's hooks.py, with at most 16 sync ones at a time."""

    def __init__(self, threads: int = THREADS) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="hook")
        self._free = asyncio.Semaphore(threads)

    def performing(self, hook: Hook) -> Callable[[Order, str], Awaitable[None]]:
        """A function that performs the hook as an effect. A returned value is ignored, an exception is retried."""
        return functools.partial(self._call, hook)

    async def _call(self, hook: Hook, order: Order, key: str) -> None:
        order = copy.deepcopy(order)
        if inspect.iscoroutinefunction(hook):
            await _guarded(hook(order, key))
            return
        returned = await self._in_thread(hook, order, key)
        if inspect.isawaitable(returned):  # a partial, or a callable object
            await _guarded(returned)
        elif inspect.isgenerator(returned) or inspect.isasyncgen(returned):
            raise HookFailed("it has a yield, so none of it was run")

    async def _in_thread(self, hook: Hook, order: Order, key: str) -> Any:
        await self._free.acquire()
        call = self._threads.submit(_contained, hook, order, key)
        loop = asyncio.get_running_loop()
        call.add_done_callback(lambda _: loop.call_soon_threadsafe(self._free.release))
        return await asyncio.shield(asyncio.wrap_future(call))


def _contained(hook: Hook, order: Order, key: str) -> Any:
    """The hook's result. StopIteration and a BaseException would break the event loop, so they become HookFailed."""
    try:
        return hook(order, key)
    except StopIteration:
        raise HookFailed("StopIteration") from None
    except Exception:
        raise
    except BaseException as error:  # noqa: BLE001 - see above
        raise HookFailed(type(error).__name__) from None


async def _guarded(running: Awaitable[None]) -> None:
    """The same for async hooks. A CancelledError passes only if this task itself was cancelled."""
    try:
        await running
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task and task.cancelling():
            raise
        raise HookFailed("CancelledError") from None
    except Exception:
        raise
    except BaseException as error:  # noqa: BLE001 - see above
        raise HookFailed(type(error).__name__) from None
