"""A clock that calls what is due, and limits that delay or refuse. All times are seconds of the model."""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

NOTABLE_SECONDS = 5.0
"""A station that delays for less is not met: a cold start is shorter, and a limit that is met delays for longer."""
UNLIMITED = 1e9
"""A rate that nothing reaches."""


class Clock:
    """Calls what is due, in the order of time. What is due at the same time is called in the order of `at`."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0

    def at(self, time: float, act: Callable[..., None], *arguments: Any) -> None:
        """Calls `act` at that time."""
        self._count += 1
        heapq.heappush(self._due, (time, self._count, act, arguments))

    def run(self) -> None:
        """Runs until nothing is due."""
        due, pop = self._due, heapq.heappop
        while due:
            self.now, _, act, arguments = pop(due)
            act(*arguments)


@dataclass
class Met:
    """How a station has delayed or refused. `first`: when it first refused, or delayed for five seconds or longer."""

    station: str
    first: float = math.inf
    longest: float = 0
    refused: int = 0
    queue: int = 0

    def delayed(self, arrived: float, seconds: float) -> None:
        """Something that arrived then was delayed for so long."""
        if seconds > self.longest:
            self.longest = seconds
            if seconds >= NOTABLE_SECONDS and arrived < self.first:
                self.first = arrived

    def refuses(self, now: float) -> None:
        """Something is refused."""
        self.refused += 1
        self.first = min(self.first, now)


class Throttle:
    """Delays: grants requests in their order, at most `rate(now)` a second."""

    def __init__(self, station: str, rate: Callable[[float], float]) -> None:
        self.met, self.granted = Met(station), 0
        self._rate, self._next = rate, 0.0

    def reserve(self, now: float, count: int = 1) -> float:
        """The time at which `count` operations are granted together."""
        granted = max(now, self._next)
        rate = self._rate(granted)
        self._next = granted + count / rate
        self.granted += count
        if granted > now:
            self.met.delayed(now, granted - now)
            self.met.queue = max(self.met.queue, int((granted - now) * rate))
        return granted

    def delay(self, now: float) -> float:
        """How long a request would be delayed now."""
        return max(0.0, self._next - now)


class TokenBucket:
    """Refuses: takes a token for each request, and gets `rate` tokens a second, at most one second's."""

    def __init__(self, station: str, rate: float) -> None:
        self.met, self.granted = Met(station), 0
        self._rate, self._tokens, self._at = rate, max(rate, 1.0), 0.0

    def take(self, now: float) -> bool:
        """Whether the request is granted."""
        self._tokens = min(max(self._rate, 1.0), self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            self.met.refuses(now)
            return False
        self._tokens -= 1
        self.granted += 1
        return True


def ramp(start: float, growth: float, seconds: float) -> Callable[[float], float]:
    """A rate that is multiplied by `growth` each so many seconds."""
    return lambda now: start * growth ** (now // seconds)
