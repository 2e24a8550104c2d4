"""`dead-letters replay` and `dead-letters drop`.

A replay publishes a letter again, byte for byte, and only then acknowledges it. A run that is killed in between leaves
the letter, and the next run replays it again. That is safe: the same event leaves the order as it is, and effects and
handlers get the same keys. A drop writes a letter to a file, and only then acknowledges it.
"""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from fulfillment.errors import PublishFailed
from fulfillment.topic.publisher import PubSubTopic
from ops.command import FILE, Report, changing, order_operation
from ops.dead_letters.dead_letter import DeadLetter, DeadLetterFilter
from ops.dead_letters.pipe import Pipe, pipe_of
from ops.dead_letters.reading import Reading, reading
from ops.dead_letters.show import subscription_of, wanted, which
from ops.deployment.model import Deployment
from ops.errors import WrongSettings
from ops.terminal.progress import Progress

Settle = Callable[[list[DeadLetter]], Awaitable[list[DeadLetter]]]


@dataclass
class Stats:
    """Counts of letters: `settled` by their reason code, `kept` by why they stay."""

    settled: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)

    def report(self, done: str, *, yes: bool) -> Report:
        """The counts, as done or, without `yes`, as a dry run."""
        count = self.settled.total()
        by_reason = ", ".join(f"{number} {code}" for code, number in self.settled.most_common())
        summary = f"{done if yes else f'would have {done}'}: {count}{f' ({by_reason})' if count else ''}"
        lines = [summary, *(f"kept: {number}, {why}" for why, number in self.kept.most_common())]
        lines += [] if yes or not count else ["Do it: --yes"]
        data = {"changed": yes, "count": count, "by_reason": dict(self.settled), "kept": dict(self.kept)}
        return Report(ok=not self.kept, lines=lines, data=data)


@order_operation("replay")
@which
@changing
async def replay_dead_letters(deployment: Deployment, *, lease: int, events: bool, yes: bool, **asked: Any) -> Report:
    """Publish dead letters again, unchanged. Fix their cause first.

    An order's failed effects are owed again. With --events, each subscriber of the events gets the event again. A
    letter is removed once it is published. A letter that fails again is parked again; the same run does not retry it.
    """
    pipe, stats = pipe_of(deployment, events=events), Stats()
    meant = wanted(pipe, **asked)
    topic = PubSubTopic(deployment.project, pipe.topic, os.environ.get("PUBSUB_EMULATOR_HOST"))

    async def replay(letters: list[DeadLetter]) -> list[DeadLetter]:
        published = await asyncio.gather(*(_publish(topic, pipe, each) for each in letters))
        stats.kept["not published: Pub/Sub did not store it"] += published.count(False)
        return [each for each, stored in zip(letters, published, strict=True) if stored]

    run = reading(subscription_of(deployment, pipe, lease))
    await _each(run, meant, stats, replay if yes else None, pipe.replayable)
    return stats.report("replayed", yes=yes)


@order_operation("drop")
@which
@click.option("--all", "every", is_flag=True, help="Drop all of them. Without it, select some.")
@click.option("--save", type=FILE, help="The backup file. Default: dead-letters-….jsonl, here.")
@changing
async def drop_dead_letters(
    deployment: Deployment, *, yes: bool, every: bool, save: Path | None, **asked: Any
) -> Report:
    """Remove dead letters for good. They are saved to a file first, of mode 0600.

    The file holds them byte for byte, so that they can be published again: with personal data, and with the links of
    abandoned carts, which open the buyer's cart. Delete it when it is not needed any more.
    """
    pipe = pipe_of(deployment, events=asked.pop("events"))
    run, meant = reading(subscription_of(deployment, pipe, asked.pop("lease"))), wanted(pipe, **asked)
    if not meant.narrowed and not every:
        raise WrongSettings("select letters: --id, --reason, --type, --session, --subscription or --since; or --all")
    file = save or Path(f"dead-letters-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl")
    stats = Stats()

    async def drop(letters: list[DeadLetter]) -> list[DeadLetter]:
        _save(file, letters)
        return letters

    await _each(run, meant, stats, drop if yes else None, lambda _letter: True)
    report = stats.report("dropped", yes=yes)
    saved = str(file) if yes and stats.settled else None
    lines = [*report.lines, *([f"saved in {saved}"] if saved else [])]
    return Report(ok=report.ok, lines=lines, data={**report.data, "saved": saved})


async def _each(
    run: AbstractAsyncContextManager[Reading],
    meant: DeadLetterFilter,
    stats: Stats,
    settle: Settle | None,
    possible: Callable[[DeadLetter], bool],
) -> None:
    """Settles the selected letters, batch by batch. Each is settled before it is acknowledged."""
    async with run as letters:
        with Progress("dead letters") as progress:
            async for batch in letters.batches():
                fitting = [each for each in batch if meant.fits(each)]
                settled = [each for each in fitting if possible(each)]
                stats.kept["without a known event type: no subscriber would get it"] += len(fitting) - len(settled)
                if settle and settled:
                    settled = await settle(settled)
                    await letters.acknowledge(settled)
                stats.settled.update(each.code for each in settled)
                stats.kept += Counter()  # drops counts of 0
                progress.advance(len(batch))


async def _publish(topic: PubSubTopic, pipe: Pipe, letter: DeadLetter) -> bool:
    try:
        await topic.publish(letter.data, pipe.replay_attributes(letter))
    except PublishFailed:
        return False
    return True


def _save(file: Path, letters: Sequence[DeadLetter]) -> None:
    """Appends letters to the file, and returns once they are on disk."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.writelines(json.dumps(each.saved()) + "\n" for each in letters)
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise WrongSettings(f"{file} cannot be written ({type(error).__name__}): no more letters are dropped") from None
