"""Follows the functions' logs, and formats their lines for people."""

import functools
import json
import time
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from local.runtime.pipe import FUNCTIONS, Pipe

COLORS = {"DEBUG": "dim", "INFO": "default", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}


def follow(console: Console, running: Pipe, after_sale: Callable[[str], str | None]) -> int:
    """Shows each function's log lines until something ends by itself. `after_sale`: a line to show when the order of
    that session is fulfilled, if any.
    """
    processes = running.processes
    with_lines: dict[str, TextIO] = {name: processes.log(name).open(errors="replace") for name in running.entry_points}
    try:
        for name, log in with_lines.items():
            _show(console, (plain(name, line) for line in log))  # so far there were only health checks
        while not (ended := processes.ended()):
            for name, log in with_lines.items():
                for line in log:
                    _show(console, (readable(name, line),))
                    if session := fulfilled(line):
                        _show(console, (Text(after_sale(session) or "", style="bold"),))
            time.sleep(0.1)
    finally:
        for log in with_lines.values():
            log.close()
    for name in ended:
        console.print(f"[red]{name} ended by itself:[/]", Text(processes.tail(name)), sep="\n")
    return 1


def plain(name: str, line: str) -> Text | None:
    """An unstructured line, as it is; None for a structured one."""
    return Text(f"{name}  {line.rstrip()}", style="dim") if _record(line) is None and line.strip() else None


def readable(name: str, line: str) -> Text | None:
    """A log line for people: structured ones formatted, others as they are, noise left out."""
    if (record := _record(line)) is None:
        return plain(name, line)
    if record.get("outcome") in (None, "not_ours") or record.get("message") == "not a POST":
        return None
    parts = [time.strftime("%H:%M:%S"), name.ljust(len("on_checkout_session_completed"))]
    parts += [str(record.get("outcome")).ljust(10), f"{record.get('message')}"]
    parts += [str(record[key]) for key in ("session", "event") if key in record]
    parts += [f"{effect} {state}" for effect, state in record.get("effects", {}).items()]
    parts += [f"at {each}" for each in record.get("stack", ()) if _is_own(each)][-1:]
    text = "  ".join([*parts, f"{record.get('duration_ms')} ms"])
    return Text(text, style=COLORS.get(record.get("severity", ""), ""))


def fulfilled(line: str) -> str | None:
    """The session of an order that this delivery has fulfilled."""
    record = _record(line) or {}
    is_done = str(record.get("effects", {}).get("fulfill", "")).startswith("done")
    return record.get("session") if is_done else None


def _is_own(place: str) -> bool:
    """Whether a place of a stack, `folder/file.py:line function`, is in a file of the user's."""
    return place.rpartition(":")[0] in _own_files()


@functools.cache
def _own_files() -> frozenset[str]:
    """The user's files, each with its folder: all of `functions` that is not the product's."""
    product = FUNCTIONS / "fulfillment"
    files = (each for each in FUNCTIONS.rglob("*.py") if product not in each.parents and each.name != "main.py")
    return frozenset(f"{each.parent.name}/{each.name}" for each in files)


def _record(line: str) -> dict[str, Any] | None:
    """The fields of a structured line; None for another line."""
    try:
        record: Any = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _show(console: Console, texts: Iterable[Text | None]) -> None:
    for text in filter(None, texts):
        console.print(text)
