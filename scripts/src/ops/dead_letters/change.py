"""`dead-letters replay` and `dead-letters drop`.

Replayed: published again, byte for byte, and only then acknowledged. Killed between the two, a letter is there again
and is replayed twice, which is safe: the order is the same after the same event, and effects carry the same keys.
Dropped: written to a file, and only then acknowledged.
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
from ops.dead_letters.reading import Reading, reading
from ops.dead_letters.show import subscription_of, wanted, which
from ops.deployment.model import Deployment
from ops.errors import WrongSettings
from ops.terminal.progress import Progress

Settle = Callable[[list[DeadLetter]], Awaitable[list[DeadLetter]]]


@dataclass
class Stats:
    """What became of the letters: `settled` by reason, `kept` why."""

    settled: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)

    def report(self, done: str, *, yes: bool) -> Report:
        """What was done, or would be."""
        count = self.settled.total()
        by_reason = ", ".join(f"{number} {code}" for code, number in self.settled.most_common())
        told = f"{done if yes else f'would have {done}'}: {count}{f' ({by_reason})' if count else ''}"
        lines = [told, *(f"kept: {number}, {why}" for why, number in self.kept.most_common())]
        lines += [] if yes or not count else ["Do it: --yes"]
        data = {"changed": yes, "count": count, "by_reason": dict(self.settled), "kept": dict(self.kept)}
        return Report(ok=not self.kept, lines=lines, data=data)


@order_operation("replay")
@which
@changing
async def replay_dead_letters(deployment: Deployment, *, lease: int, yes: bool, **asked: Any) -> Report:
    """Send dead letters again, as they were, now that what refused them is fixed.

    Effects that had failed are owed again. A letter is taken away once it is published. What is refused again is parked
    again, and not tried again by the same run.
    """
    topic = PubSubTopic(deployment.project, deployment.topics.events, os.environ.get("PUBSUB_EMULATOR_HOST"))
    tally = Stats()

    async def replay(letters: list[DeadLetter]) -> list[DeadLetter]:
        published = await asyncio.gather(*(_publish(topic, each) for each in letters))
        tally.kept["not published: Pub/Sub did not store it"] += published.count(False)
        return [each for each, stored in zip(letters, published, strict=True) if stored]

    run = reading(subscription_of(deployment, lease))
    await _each(run, wanted(**asked), tally, replay if yes else None, lambda each: each.replayable)
    return tally.report("replayed", yes=yes)


@order_operation("drop")
@which
@click.option("--all", "every", is_flag=True, help="All of them: else say which.")
@click.option("--save", type=FILE, help="Where they are written before: dead-letters-….jsonl here.")
@changing
async def drop_dead_letters(
    deployment: Deployment, *, yes: bool, every: bool, save: Path | None, **asked: Any
) -> Report:
    """Take dead letters away for good. They are written to a file first, which names the buyers: mode 0600."""
    run, meant = reading(subscription_of(deployment, asked.pop("lease"))), wanted(**asked)
    if not meant.narrowed and not every:
        raise WrongSettings("say which ones: --id, --reason, --type, --session or --since; or --all")
    file = save or Path(f"dead-letters-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl")
    tally = Stats()

    async def drop(letters: list[DeadLetter]) -> list[DeadLetter]:
        _save(file, letters)
        return letters

    await _each(run, meant, tally, drop if yes else None, lambda _letter: True)
    report = tally.report("dropped", yes=yes)
    saved = str(file) if yes and tally.settled else None
    lines = [*report.lines, *([f"saved in {saved}"] if saved else [])]
    return Report(ok=report.ok, lines=lines, data={**report.data, "saved": saved})


async def _each(
    run: AbstractAsyncContextManager[Reading],
    meant: DeadLetterFilter,
    tally: Stats,
    settle: Settle | None,
    possible: Callable[[DeadLetter], bool],
) -> None:
    """Goes through the letters that are meant, batch by batch; each is settled before it is acknowledged."""
    async with run as letters:
        with Progress("dead letters") as progress:
            async for batch in letters.batches():
                fitting = [each for each in batch if meant.fits(each)]
                settled = [each for each in fitting if possible(each)]
                tally.kept["no event type that is routed: it would reach nobody"] += len(fitting) - len(settled)
                if settle and settled:
                    settled = await settle(settled)
                    await letters.acknowledge(settled)
                tally.settled.update(each.code for each in settled)
                tally.kept += Counter()  # forgets what is 0
                progress.advance(len(batch))


async def _publish(topic: PubSubTopic, letter: DeadLetter) -> bool:
    try:
        await topic.publish(letter.data, letter.again())
    except PublishFailed:
        return False
    return True


def _save(file: Path, letters: Sequence[DeadLetter]) -> None:
    """Adds letters to the file, and returns once they are on the disk."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.writelines(json.dumps(each.saved()) + "\n" for each in letters)
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise WrongSettings(f"{file} cannot be written ({type(error).__name__}): nothing more is dropped") from None
