"""Times as a person writes and reads them: `90s`, `2h`, `3d`, or a date; always UTC."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Span(click.ParamType[timedelta]):
    """A duration: 90s, 30m, 2h or 3d."""

    name = "span"

    def convert(self, value: Any, param: Any, ctx: Any) -> timedelta:
        """The timedelta; a usage error for any other text."""
        if isinstance(value, timedelta):
            return value
        if found := re.fullmatch(r"([0-9]{1,5})([smhd])", value):
            return timedelta(**{_UNITS[found[2]]: int(found[1])})
        return self.fail("write it as 90s, 30m, 2h or 3d", param, ctx)


class Moment(click.ParamType[datetime]):
    """A time: a duration ago (2h, 3d), or a date and time (2026-01-31, 2026-01-31T12:00; UTC by default)."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        """The time in UTC; a usage error for any other text."""
        if isinstance(value, datetime):
            return value
        if re.fullmatch(r"[0-9]+[smhd]", value):
            return datetime.now(UTC) - SPAN.convert(value, param, ctx)
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            self.fail("write it as 2h or 3d (ago), or as 2026-01-31T12:00", param, ctx)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


SPAN, MOMENT = Span(), Moment()


def ago(span: timedelta) -> str:
    """A duration for people: its largest unit."""
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or (seconds >= size and unit == "min"):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def clock(at: datetime | None) -> str:
    """A time for people, in UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at else ""
