"""Reads one file of the archive: Avro, with the fields that a Cloud Storage subscription with `write_metadata` writes.

| field             | type                      |
|-------------------|---------------------------|
| subscription_name | string                    |
| message_id        | string                    |
| publish_time      | long, timestamp-micros    |
| attributes        | map of strings            |
| data              | bytes                     |
"""

from collections.abc import Iterator
from typing import BinaryIO

import fastavro

from ops.archive.archived import Archived


class Unreadable(Exception):
    """A file is not whole, or not of the archive. The text says what is wrong, without the file's content."""


def messages(file: BinaryIO) -> Iterator[Archived]:
    """The messages in a file, a block of them at a time. Raises Unreadable after the last one that can be read."""
    read = 0
    for record in _records(file):
        try:
            message = Archived.read(record)
        except ValueError as error:
            raise Unreadable(f"it {error}") from None
        yield message
        read += 1
    if not read:
        raise Unreadable("it holds no message")


def _records(file: BinaryIO) -> Iterator[object]:
    read = 0
    try:
        for record in fastavro.reader(file):
            yield record
            read += 1
    except Exception as error:  # noqa: BLE001 - the library raises any kind of error for an odd file
        kind = type(error).__name__
        problem = f"it ends or breaks after {read} messages" if read else "it is no Avro file, or not whole"
        raise Unreadable(f"{problem} ({kind})") from None
