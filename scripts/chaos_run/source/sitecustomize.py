"""A clock that can be wrong: imported by Python itself before anything else, where it is on the path.

CHAOS_CLOCK is `epoch:shift …`: from that second on time.time() and datetime.now() are wrong by so much. The monotonic
clock is the machine's and never jumps, as everywhere.
"""

import datetime as dt
import os
import time
from typing import Any

_TIME = time.time
_JUMPS = sorted(
    (float(at), float(shift)) for at, _, shift in (each.partition(":") for each in os.environ["CHAOS_CLOCK"].split())
)


def _shift(now: float) -> float:
    shift = 0.0
    for at, by in _JUMPS:
        if at <= now:
            shift = by
    return shift


def _time() -> float:
    return (now := _TIME()) + _shift(now)


_Real = dt.datetime


class _AnyDatetime(type):
    """Takes what C code makes for one of ours."""

    def __instancecheck__(cls, instance: object) -> bool:
        """Whether it is a datetime, whoever made it."""
        return isinstance(instance, _Real)


class _Datetime(_Real, metaclass=_AnyDatetime):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:
        """Now, by the wrong clock."""
        return cls.fromtimestamp(_time(), tz)

    @classmethod
    def utcnow(cls) -> Any:
        """Now, by the wrong clock."""
        return cls.fromtimestamp(_time(), dt.UTC).replace(tzinfo=None)


if _JUMPS:
    time.time = _time
    dt.datetime = _Datetime  # type: ignore[misc]
