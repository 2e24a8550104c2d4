"""A secret in a file that is read again every few seconds, so that a rotation needs no deploy."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Generic, TypeVar

from fulfillment import telemetry

SECRET_CACHE_SECONDS = 10
SECRET_READ_SECONDS = 0.5
T = TypeVar("T")


class SecretFile(Generic[T]):
    """A secret in a file that is read again every few seconds. `parse` returns the secret in the file's text, or raises
    ValueError. Creating a SecretFile raises ValueError too.
    """

    def __init__(self, path: Path, parse: Callable[[str], T], clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._parse, self._clock = path, parse, clock
        # On a thread: reading a mounted secret fetches it over the network, and must not block other requests.
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="secret")
        self._reading: Future[T] | None = None
        self._secret = self._read()
        self._read_at = clock()

    def __call__(self) -> T:
        """The current secret. If the file becomes unreadable, the last good one stays in force: an outage of the secret
        store must not stop sales.
        """
        if self._reading is None and self._clock() - self._read_at >= SECRET_CACHE_SECONDS:
            self._read_at = self._clock()
            self._reading = self._reader.submit(self._read)
            self._adopt(SECRET_READ_SECONDS)
        elif self._reading is not None and self._reading.done():  # a slow read has finished
            self._adopt(0)
        return self._secret

    def _adopt(self, seconds: float) -> None:
        """Takes over the result of the current read if it finishes within `seconds`; else a later call does."""
        if self._reading is not None:
            try:
                self._secret = self._reading.result(seconds)
                self._reading = None
            except (ValueError, TimeoutError) as error:
                if not isinstance(error, TimeoutError):
                    self._reading = None
                problem = str(error) or f"cannot be read within {SECRET_READ_SECONDS} s"
                message = f"the secret file {self._path.name} {problem}; the last good one stays in force"
                telemetry.emit({"severity": "WARNING", "message": message, "outcome": "stale_secret"})

    def _read(self) -> T:
        try:
            return self._parse(self._path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"cannot be read ({type(error).__name__})") from None
