"""Calls the user's hooks and handlers, sync or async, with a time limit. Sync ones run on their own threads. A hook
gets a copy of the order, so that its changes of the metadata are not stored. A handler gets a copy of its event.

A thread cannot be killed. A sync hook that does not return keeps its thread. When all threads are busy, further calls
wait for one within their time limit. Anything that a hook raises, sys.exit() included, fails only that call.
"""

import asyncio
import copy
import functools
import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fulfillment.errors import FulfillmentError, HookFailed

THREADS = 16
Hook = Callable[..., Awaitable[None] | None]


def takes(hook: object, places: int) -> bool:
    """Whether the object is a function that takes so many arguments by their places."""
    try:
        inspect.signature(hook).bind(*[None] * places)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


class Hooks:
    """Calls the user's functions, with at most 16 sync ones at a time."""

    def __init__(self, threads: int = THREADS) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="hook")
        self._free = asyncio.Semaphore(threads)

    def performing(self, hook: Hook) -> Callable[..., Awaitable[None]]:
        """A function that calls the hook. A returned value is ignored, an exception is raised."""
        return functools.partial(self._call, hook)

    def limited(self, name: str, hook: Hook, seconds: float) -> Callable[..., Awaitable[None]]:
        """A function that calls the hook, at most for that time. It raises the hook's own FulfillmentError, and
        HookFailed for anything else: its text names the function, and shows no text of the exception.
        """
        return functools.partial(self._call_within, name, seconds, hook)

    async def _call_within(self, name: str, seconds: float, hook: Hook, *given: Any) -> None:
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                await self._call(hook, *given)
        except FulfillmentError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the user's code raises is retried
            late = f"did not return within {seconds} s (HOOK_TIMEOUT)"
            text = late if limit.expired() else f"raised {type(error).__name__}"
            raise HookFailed(f"{name} {text}").with_traceback(error.__traceback__) from None

    async def _call(self, hook: Hook, *given: Any) -> None:
        given = copy.deepcopy(given)
        if inspect.iscoroutinefunction(hook):
            await _guarded(hook(*given))
            return
        returned = await self._in_thread(hook, *given)
        if inspect.isawaitable(returned):  # a partial, or a callable object
            await _guarded(returned)
        elif inspect.isgenerator(returned) or inspect.isasyncgen(returned):
            raise HookFailed("it has a yield, so none of it was run")

    async def _in_thread(self, hook: Hook, *given: Any) -> Any:
        await self._free.acquire()
        call = self._threads.submit(_contained, hook, *given)
        loop = asyncio.get_running_loop()
        call.add_done_callback(lambda _: loop.call_soon_threadsafe(self._free.release))
        running = asyncio.wrap_future(call)
        # After a time-out nothing waits for it. asyncio would log what it raises, with the buyer's data.
        running.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        return await asyncio.shield(running)


def _contained(hook: Hook, *given: Any) -> Any:
    """The hook's result. StopIteration and a BaseException would break the event loop, so they become HookFailed."""
    try:
        return hook(*given)
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
