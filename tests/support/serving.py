"""Serves an app, as functions-framework's own server does, on loopback."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from local.runtime.processes import free_ports

Serve = Callable[..., str]
"""Serves an entry point with settings as keyword arguments; returns its URL."""


@contextlib.contextmanager
def served(app: Any) -> Iterator[str]:
    """An ASGI app on a free port of loopback, on a thread of its own."""
    port = free_ports(1)[0]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.005)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join()
