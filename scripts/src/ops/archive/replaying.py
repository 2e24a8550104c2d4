"""Reads the archive object by object, and publishes what is selected: each event once, as far as this run knows.

Nothing in the bucket is changed. A killed run has published a part; the next one repeats it from the start, or goes on
after the last object that the killed one named. Objects of several folders are read by their time, so all before the
last one are done, in each folder. Subscribers know duplicates by their event id.
"""

import asyncio
import heapq
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from ops.archive.archived import Archived, ArchiveFilter
from ops.archive.files import Unreadable, messages
from ops.archive.sales import Sales
from ops.archive.seen import Seen
from ops.clients.cloud_storage import CloudStorage
from ops.errors import Missing
from ops.terminal.progress import Progress

COUNT, SIZE = 200, 8_000_000  # of messages that are published at once
SUFFIX = ".avro"
PROBLEMS = 100  # are named; the others are counted
DUPLICATE = "the archive holds the event twice, or it is a copy that this deployment made"

Publish = Callable[[bytes, Mapping[str, str]], Awaitable[object]]


@dataclass
class Tally:
    """How many events, with how many bytes, stored by their topic from `first` to `last`."""

    count: int = 0
    size: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, message: Archived) -> None:
        """Counts a message."""
        at = message.published_at
        self.count, self.size = self.count + 1, self.size + len(message.data)
        self.first, self.last = min(self.first or at, at), max(self.last or at, at)


@dataclass
class Stats:
    """`chosen`: what was published, or would be, by event type. `left_out`: why the others were not. `problems`: the
    objects that could not be read, of `unreadable` in all. `reached`: the last object that is done.
    """

    chosen: dict[str, Tally] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    problems: dict[str, str] = field(default_factory=dict)
    unreadable: int = 0
    objects: int = 0
    reached: str | None = None

    @property
    def count(self) -> int:
        """How many events were published, or would be."""
        return sum(each.count for each in self.chosen.values())

    def choose(self, message: Archived) -> None:
        """Counts a message that was published, or would be."""
        self.chosen.setdefault(message.event_type or "", Tally()).add(message)

    def add_problem(self, name: str, problem: str) -> None:
        """Notes an object that could not be read."""
        self.unreadable += 1
        if len(self.problems) < PROBLEMS:
            self.problems[name] = problem


@dataclass(kw_only=True)
class Replay:
    """One run. `folders` are read as one. `after`: the object after which it begins. `publish` is None in a dry run."""

    storage: CloudStorage
    folders: Sequence[str]
    wanted: ArchiveFilter
    after: str | None
    sales: Sales | None
    publish: Publish | None
    seen: Seen
    stats: Stats = field(default_factory=Stats)

    async def run(self, done: Callable[[Stats], None]) -> None:
        """Reads every object in which a selected message may be, and calls `done` after each."""
        with tempfile.TemporaryFile() as file, Progress("files of the archive") as progress:
            for name in heapq.merge(*map(self._names, self.folders), key=_within_folder):
                await asyncio.sleep(0)  # a signal ends the run here: reading blocks, and may find nothing to publish
                if name != self.after and not name.endswith("/"):
                    await self._replay(name, file)
                    self.stats.objects += 1
                    self.stats.reached = name
                    done(self.stats)
                    progress.advance()

    def _names(self, folder: str) -> Iterator[str]:
        start, end = self.wanted.window(folder)
        return self.storage.names(folder, max(start, folder + _within_folder(self.after or "")), end)

    async def _replay(self, name: str, file: BinaryIO) -> None:
        if not name.endswith(SUFFIX):
            self.stats.add_problem(name, f"its name does not end in {SUFFIX}, so it is no file of the archive")
            return
        try:
            self.storage.download(name, file)
        except Missing:
            self.stats.add_problem(name, "it was deleted while the archive was read")
            return
        batch, size = list[Archived](), 0
        try:
            for message in messages(file):
                if self._is_new(message):
                    batch.append(message)
                    size += len(message.data)
                if len(batch) >= COUNT or size >= SIZE:
                    await self._send(batch)
                    batch, size = [], 0
        except Unreadable as error:
            self.stats.add_problem(name, str(error))
        await self._send(batch)

    def _is_new(self, message: Archived) -> bool:
        """Whether the message is selected, and its event is met for the first time."""
        if not self.wanted.fits(message):
            return False
        if message.is_copy or not self.seen.add(message.identity):
            self.stats.left_out[DUPLICATE] += 1
            return False
        return True

    async def _send(self, batch: list[Archived]) -> None:
        """Publishes the messages that may be published. Raises PublishFailed once every one was tried."""
        reasons = await self.sales.reasons(batch) if self.sales and batch else [None] * len(batch)
        self.stats.left_out.update(reason for reason in reasons if reason)
        chosen = [message for message, reason in zip(batch, reasons, strict=True) if reason is None]
        sent = await asyncio.gather(*(self._publish(each) for each in chosen), return_exceptions=True)
        failed = None
        for message, result in zip(chosen, sent, strict=True):
            if isinstance(result, BaseException):
                failed = result
            else:
                self.stats.choose(message)
        if failed:
            raise failed

    async def _publish(self, message: Archived) -> None:
        if self.publish:
            await self.publish(message.data, message.replay_attributes())


def _within_folder(name: str) -> str:
    """An object's name without its folder: it begins with the time."""
    return name.partition("/")[2]
