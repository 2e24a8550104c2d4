"""A replay of several folders, and where it goes on after it ended early."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.routes import Routes
from local.fakes.stripe_events import event
from ops.archive.archived import ArchiveFilter
from ops.archive.replaying import Replay, Stats
from ops.archive.seen import Seen
from support.archives import AT, archived, avro

FOLDERS = ("orders/", "stripe/")
WANTED = ArchiveFilter(types=Routes.parse("invoice.paid"), since=datetime(2020, 1, 1, tzinfo=UTC), until=AT)
NAMES = st.builds(
    "{}2024/01/0{}/{}.avro".format, st.sampled_from(FOLDERS), st.integers(1, 3), st.sampled_from(["1_+00:00_a", "1Z_b"])
)


class Bucket:
    """Each object holds one event, whose id is the object's name."""

    def __init__(self, names: set[str]) -> None:
        self.objects = names

    def names(self, prefix: str, start: str, end: str) -> Iterator[str]:
        return (each for each in sorted(self.objects) if each.startswith(prefix) and start <= each < end)

    def download(self, name: str, into: BinaryIO) -> None:
        into.seek(0)
        into.truncate()
        into.write(avro(archived(event("invoice.paid", {"id": "in_1"}, id=name))))
        into.seek(0)


class Killed(Exception):
    """Ends a run."""


def replayed(names: set[str], after: str | None, objects: int | None = None) -> tuple[list[str], str | None]:
    """The events that a run publishes which ends after so many objects, and the last object that is done."""
    published = list[str]()

    async def publish(_data: bytes, attributes: Mapping[str, str]) -> None:
        published.append(attributes["event_id"])

    def done(stats: Stats) -> None:
        if stats.objects == objects:
            raise Killed

    async def run() -> str | None:
        bucket: Any = Bucket(names)
        with closing(Seen()) as seen:
            replay = Replay(
                storage=bucket, folders=FOLDERS, wanted=WANTED, after=after, sales=None, publish=publish, seen=seen
            )
            with suppress(Killed):
                await replay.run(done)
            return replay.stats.reached

    return published, asyncio.run(run())


@given(st.sets(NAMES, min_size=1), st.sets(NAMES), st.data())
def test_a_run_that_goes_on_after_the_last_object_loses_nothing_of_any_folder(
    names: set[str], more: set[str], data: st.DataObject
) -> None:
    """Files that were written meanwhile are of a later time. What is published twice has the same time as the last."""
    first, reached = replayed(names, None, data.draw(st.integers(1, len(names))))
    assert reached is not None
    assert reached == first[-1]
    time = reached.partition("/")[2]
    names |= {each for each in more if each.partition("/")[2] > time}
    second, _ = replayed(names, reached)
    assert {*first, *second} == names
    assert reached not in second
    assert all(each.partition("/")[2] == time for each in {*first} & {*second})


@pytest.mark.parametrize("after", [None, "orders/", "stripe/2023/01/01/"])
def test_the_files_of_all_folders_are_read_by_their_time(after: str | None) -> None:
    names = {"stripe/2024/01/01/1.avro", "orders/2024/01/02/1.avro", "stripe/2024/01/03/1.avro"}
    published, reached = replayed(names, after)
    assert published == sorted(names, key=lambda each: each.partition("/")[2])
    assert reached == "stripe/2024/01/03/1.avro"
