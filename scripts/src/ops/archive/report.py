"""What a replay of the archive has done, for people and for programs. Pure."""

from datetime import datetime

from rich.text import Text

from fulfillment.domain.event_types import ORDER_TYPES
from ops.archive.replaying import Replay
from ops.command import Report
from ops.terminal.tables import columns
from ops.terminal.times import clock

HEAD = ("TYPE", "EVENTS", "BYTES", "FIRST (UTC)", "LAST (UTC)")


def report_of(replay: Replay, topic: str, bucket: str, *, yes: bool) -> Report:
    """What was published, or would be."""
    stats, sales = replay.stats, replay.sales
    done = "published" if yes else "would publish"
    rows = [
        (name, str(each.count), str(each.size), clock(each.first), clock(each.last))
        for name, each in sorted(stats.chosen.items())
    ]
    lines: list[Text | str] = [*columns(rows, HEAD)] if rows else []
    lines += [f"{done} on {topic}: {stats.count} events of {stats.objects} files"]
    lines += [f"left out: {number}, {why}" for why, number in stats.left_out.most_common()]
    if not sales and any(each in replay.wanted.types for each in ORDER_TYPES):
        lines += ["Orders' own events are not among them: --orders replays those"]
    if sales and sales.missing:
        more = f" and {sales.missing - len(sales.examples)} more" if sales.missing > len(sales.examples) else ""
        lines += [f"sessions without an order here: {sales.missing}: {', '.join(sales.examples)}{more}"]
    lines += [f"cannot be read: gs://{bucket}/{name}: {problem}" for name, problem in stats.problems.items()]
    unnamed = stats.unreadable - len(stats.problems)
    lines += [f"cannot be read: {unnamed} more"] if unnamed else []
    lines += [] if yes or not stats.count else ["Do it: --yes"]
    data = {
        "changed": yes,
        "topic": topic,
        "count": stats.count,
        "types": {
            name: {"count": each.count, "bytes": each.size, "first": _iso(each.first), "last": _iso(each.last)}
            for name, each in stats.chosen.items()
        },
        "left_out": dict(stats.left_out),
        "missing": {"count": sales.missing, "sessions": sales.examples} if sales else None,
        "unreadable": {"count": stats.unreadable, "objects": stats.problems},
    }
    return Report(ok=not stats.unreadable, lines=lines, data=data)


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
