"""Stores the progress of reconcile, so that the next run continues an interrupted one.

Each collection of orders has one document, `reconcile/{the collection's name}`, written by compare-and-set. Of two
concurrent runs one continues, and the other stops.
"""

from dataclasses import asdict
from typing import Any, Protocol

from fulfillment.domain.cursor import Cursor, read_cursor
from fulfillment.orders.firestore import Collection

COLLECTION = "reconcile"


class Checkpoint(Protocol):
    """The store of the last round. Its version changes with every write."""

    async def load(self) -> tuple[Cursor | None, Any]:
        """The last round and its version, or None and None before the first round."""
        ...

    async def save(self, reached: Cursor, version: Any) -> Any:
        """Replaces that version (None: the first save). Returns the new version, or None if another run was first."""
        ...


class FirestoreCheckpoint:
    """The last round in Firestore."""

    def __init__(self, project: str, database: str, name: str) -> None:
        self._documents, self._name = Collection(project, database, COLLECTION), name

    async def load(self) -> tuple[Cursor | None, Any]:
        """The last round and its version, or None and None before the first round. Raises ShapeError for an unreadable
        document: a new start would skip what was not compared yet.
        """
        found = await self._documents.get(self._name)
        return (read_cursor(found.document), found.version) if found else (None, None)

    async def save(self, reached: Cursor, version: Any) -> Any:
        """Replaces that version. Returns the new version, or None if another run was first."""
        document = asdict(reached) | {"stage": reached.stage.value}
        if version is None:
            return await self._documents.create(self._name, document)
        return await self._documents.replace(self._name, document, version)
