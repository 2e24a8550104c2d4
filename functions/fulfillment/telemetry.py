"""One JSON line per request or message, in Cloud Logging's fields. All lines of an event share one trace: a search for
it follows an order from Stripe's POST to the order document.

A line holds ids, codes, numbers and durations; never a card, a secret, an e-mail or an address.
"""

import json
import re
import secrets
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Self

_ENCODER = json.JSONEncoder(default=str)
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_CLOUD_TRACE = re.compile(r"([0-9a-f]{32})/([0-9]{1,20})(?:;o=([01]))?", re.ASCII)


@dataclass(frozen=True)
class Trace:
    """A W3C trace context: 32, 16 and 2 hexadecimal digits."""

    trace_id: str
    span_id: str
    flags: str = "00"

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self:
        """The caller's trace from `traceparent`, or else `X-Cloud-Trace-Context`, or else a new one."""
        if found := _TRACEPARENT.fullmatch(headers.get("traceparent", "")):
            return cls(*found.groups())
        if found := _CLOUD_TRACE.fullmatch(headers.get("x-cloud-trace-context", "")):
            trace_id, span, sampled = found.groups()
            return cls(trace_id, f"{int(span) % 2**64 or 1:016x}", f"0{sampled or 0}")
        new = secrets.token_hex(24)
        return cls(new[:32], new[32:])

    @property
    def traceparent(self) -> str:
        """The trace in the format of the header and attribute `traceparent`."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


@dataclass
class Line:
    """The one log line of a request or message: filled while it is handled, written at the end."""

    entry_point: str
    project: str
    fields: dict[str, Any] = field(default_factory=dict)
    severity: str = "INFO"
    message: str = ""
    trace: Trace | None = None
    started: float = field(default_factory=time.perf_counter)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Writes the line. A request that was cancelled before its answer is logged too."""
        if error[0] is not None:
            self.say("WARNING", "cancelled before an answer", outcome="cancelled")
        self.write()

    def note(self, **fields: Any) -> None:
        """Adds fields to the line, except those that are None."""
        self.fields |= {name: value for name, value in fields.items() if value is not None}

    def say(self, severity: str, message: str, *, outcome: str) -> None:
        """Sets the severity, the message for people, and the outcome for machines."""
        self.severity, self.message = severity, message
        self.note(outcome=outcome)

    def blame(self, error: BaseException) -> None:
        """Adds an error's class and stack to the line, but not its text: the text of an unexpected error may hold
        personal data or secrets.
        """
        self.note(error=type(error).__name__, stack=places(error)[-12:])

    def write(self) -> None:
        """Writes the line. Call it once, at the end."""
        self.note(duration_ms=round((time.perf_counter() - self.started) * 1000, 1))
        record: dict[str, Any] = {"severity": self.severity, "message": self.message}
        record |= {"entry_point": self.entry_point} | self.fields
        if self.trace:
            record["logging.googleapis.com/trace"] = f"projects/{self.project}/traces/{self.trace.trace_id}"
            record["logging.googleapis.com/spanId"] = self.trace.span_id
            record["logging.googleapis.com/trace_sampled"] = int(self.trace.flags, 16) & 1 == 1
        emit(record)


def places(error: BaseException) -> list[str]:
    """An error's stack, innermost frame last, each as `room/file.py:line function`."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{'/'.join(PurePath(each.filename).parts[-2:])}:{each.lineno} {each.name}" for each in frames]


def emit(record: Mapping[str, Any]) -> None:
    """Writes one structured line to stdout in one call, so that the lines of several requests do not mix."""
    sys.stdout.write(_ENCODER.encode(record) + "\n")
    sys.stdout.flush()
