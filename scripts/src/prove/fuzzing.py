"""Gives each target its share of hostile inputs, all made from one seed, and reports broken guarantees.

An input with a new result is kept and mutated further: so the search follows the product's behavior, and not only the
samples.
"""

import asyncio
import contextlib
import io
import json
import re
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from prove import oracles
from prove.after_sale_target import AfterSalePushes
from prove.mail_target import MailTarget
from prove.order_status_target import OrderStatusTarget
from prove.seeds import events
from prove.targets import Events, Pushes
from prove.thin_targets import HandlerPushes, ThinPushes
from prove.webhook_target import WebhookTarget

KEPT = 500
MOST = 10
MEGABYTES = 200
"""The allowed growth of the process after the first tenth of the inputs."""
SOCKET_SHARE = 0.02


class Target(Protocol):
    """A part of the product that gets hostile input."""

    def make(self, random: Random, sample: bytes) -> Any:
        """Makes an input from a sample event."""
        ...

    async def take(self, made: Any, /) -> str:
        """Gives the input to the product, and returns a text for the result. Raises if a guarantee is broken."""
        ...


@dataclass
class Report:
    """The result of a run."""

    seed: str
    inputs: int = 0
    ways: int = 0
    megabytes: float = 0
    seconds: float = 0
    broken: list[str] = field(default_factory=list)


def shares() -> Mapping[str, tuple[Target, float]]:
    """The targets in this process, each with its share of the inputs."""
    return {
        "events": (Events(), 0.50),
        "pushes": (Pushes(), 0.12),
        "thin": (ThinPushes(), 0.06),
        "after sale": (AfterSalePushes(), 0.10),
        "handlers": (HandlerPushes(), 0.05),
        "webhook": (WebhookTarget(), 0.12),
        "mails": (MailTarget(), 0.01),
        "landing": (OrderStatusTarget(), 0.02),
    }


async def run(name: str, target: Target, seed: str, inputs: int, at_once: int = 1) -> Report:
    """Feeds one target, `at_once` inputs at a time. The same seed makes the same inputs, as long as the results are the
    same. It stops after ten findings.
    """
    measure: Callable[[], float] = getattr(target, "megabytes", _megabytes)
    report, search, began, grown = Report(f"{seed}:{name}"), _Search(f"{seed}:{name}"), time.monotonic(), 0.0
    while report.inputs < inputs and len(report.broken) < MOST:
        if not grown and report.inputs >= inputs // 10:
            grown = measure()
        made = [search.next(target) for _ in range(min(at_once, inputs - report.inputs))]
        for one, way in zip(made, await asyncio.gather(*map(target.take, made), return_exceptions=True), strict=True):
            report.inputs += 1
            if isinstance(way, BaseException):
                report.broken.append(f"{name} {report.inputs}: {_text(way)}\n    {one!r:.1500}")
            else:
                search.learn(one, way)
    report.ways, report.seconds, report.megabytes = len(search.ways), time.monotonic() - began, measure() - grown
    if report.megabytes > MEGABYTES:
        report.broken.append(f"{name}: grew by {report.megabytes:.0f} MB")
    return report


class _Search:
    """The samples so far: the seeds, and the inputs with a new result."""

    def __init__(self, seed: str) -> None:
        self._random, self._samples = Random(seed), events()  # noqa: S311
        self.ways: set[str] = set()

    def next(self, target: Target) -> Any:
        return target.make(self._random, self._random.choice(self._samples))

    def learn(self, made: Any, way: str) -> None:
        way = re.sub(r"\d{4,}", "#", way)
        if way not in self.ways and len(self.ways) < KEPT:
            self.ways.add(way)
            self._samples += _again(made)


@contextlib.contextmanager
def log_held() -> Iterator[io.StringIO]:
    """Captures the product's log, and checks it: one line per entry, no personal data."""
    captured = _Log()
    with contextlib.redirect_stdout(captured):
        yield captured


class _Log(io.StringIO):
    def write(self, text: str, /) -> int:
        oracles.hold(not any(word in text for word in oracles.PERSON), "a person in the log")
        oracles.hold(text.count("\n") == 1 and text.isascii(), "a log line that is not one line")
        return len(text)


def _again(made: Any) -> list[bytes]:
    """The input's body as a new sample, if it is still JSON."""
    body = made[0] if isinstance(made, tuple) else getattr(made, "body", made)
    return [body] if isinstance(body, bytes) and body.startswith(b"{") and _is_json(body) else []


def _text(error: BaseException) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {place.name}:{place.lineno}: {error}"


def _is_json(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def _megabytes() -> float:
    """The peak memory of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 / (1024 if sys.platform == "darwin" else 1)
