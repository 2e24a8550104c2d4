"""Lets a handler, on its thread, wait for a call on the server's event loop, where the clients are."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, TypeVar

from fulfillment.errors import HookFailed
from fulfillment.stripe_events.settings import StripeEventSettings

WAIT_SECONDS = 60  # longer than any call takes: only a server that has stopped does not answer
T = TypeVar("T")


class Server:
    """The server in this process: its settings, and its event loop once it serves."""

    current: ClassVar["Server | None"] = None

    def __init__(self, settings: StripeEventSettings) -> None:
        self.settings = settings
        self.loop: asyncio.AbstractEventLoop | None = None

    def attach(self) -> None:
        """Makes it the server that handlers wait for. Called on its event loop."""
        self.loop = asyncio.get_running_loop()
        Server.current = self


def wait_for(name: str, ask: Callable[[StripeEventSettings], Coroutine[Any, Any, T]]) -> T:
    """The result of a call on the server's event loop, for the public function `name`. Raises HookFailed where waiting
    would stop the loop itself, or where nothing serves.
    """
    server = Server.current
    if server is None or server.loop is None:
        raise HookFailed(f"{name} needs a running on_stripe_event: it works only in a handler")
    if _runs_here(server.loop):
        raise HookFailed(f"{name} waits: an async handler calls it as `await asyncio.to_thread({name}, …)`")
    return asyncio.run_coroutine_threadsafe(ask(server.settings), server.loop).result(WAIT_SECONDS)


def _runs_here(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether this is the loop's own thread."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
