"""A clock that can be wrong. Python imports this module at its start, because it is on the path.

CHAOS_CLOCK is `epoch:shift …`: from that second on, time.time() and datetime.now() are wrong by `shift` seconds. The
monotonic clock never jumps. gRPC gets the machine's time: it passes deadlines to C code, whose clock is not shifted.
"""

import datetime as dt
import os
import sys
import time
from typing import Any

_TIME = time.time
_JUMPS = sorted(
    (float(at), float(shift)) for at, _, shift in (each.partition(":") for each in os.environ["CHAOS_CLOCK"].split())
)


def _shift(now: float) -> float:
    """The error of the caller's clock now, in seconds."""
    shift = 0.0
    if sys._getframe(2).f_globals.get("__name__", "").startswith("grpc"):  # noqa: SLF001
        return shift
    for at, by in _JUMPS:
        if at <= now:
            shift = by
    return shift


def _time() -> float:
    now = _TIME()
    return now + _shift(now)


_Real = dt.datetime


class _AnyDatetime(type):
    """Accepts datetimes that C code makes as instances of `_Datetime`."""

    def __instancecheck__(cls, instance: object) -> bool:
        """Whether it is any datetime; for subclasses, the usual rule."""
        return isinstance(instance, _Real) if cls is _Datetime else super().__instancecheck__(instance)


class _Datetime(_Real, metaclass=_AnyDatetime):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:
        """Now, by the wrong clock."""
        now = _TIME()
        return cls.fromtimestamp(now + _shift(now), tz)

    @classmethod
    def utcnow(cls) -> Any:
        """Now, by the wrong clock."""
        now = _TIME()
        return cls.fromtimestamp(now + _shift(now), dt.UTC).replace(tzinfo=None)


if _JUMPS:
    time.time = _time
    dt.datetime = _Datetime  # type: ignore[misc]
