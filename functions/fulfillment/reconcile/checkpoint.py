"""Where reconcile has come to is kept, so that a run that was interrupted is gone on with by the next.

One document for each collection of orders, `reconcile/{the collection's name}`, written by compare-and-set: of two runs
at once one goes on, and the other sees that it is not needed.
"""

from dataclasses import asdict
from typing import Any, Protocol

from fulfillment.domain.cursor import Cursor, read_cursor
from fulfillment.orders.firestore import Collection

COLLECTION = "reconcile"


class Checkpoint(Protocol):
    """Where the last round is kept. A version changes with every write."""

    async def load(self) -> tuple[Cursor | None, Any]:
        """The last round and its version; None and None before the first."""
        ...

    async def save(self, reached: Cursor, version: Any) -> Any:
        """Keeps a round in the place of that version (None: of none): its new version, or None if another run was
        faster.
        """
        ...


class FirestoreCheckpoint:
    """The last round in Firestore."""

    def __init__(self, project: str, database: str, name: str) -> None:
        self._documents, self._name = Collection(project, database, COLLECTION), name

    async def load(self) -> tuple[Cursor | None, Any]:
        """The last round and its version; None and None before the first. Raises ShapeError for what is none: to
        begin anew would be to forget what was not compared yet.
        """
        found = await self._documents.get(self._name)
        return (read_cursor(found.document), found.version) if found else (None, None)

    async def save(self, reached: Cursor, version: Any) -> Any:
        """Keeps a round in the place of that version: its new version, or None if another run was faster."""
        document = asdict(reached) | {"stage": reached.stage.value}
        if version is None:
            return await self._documents.create(self._name, document)
        return await self._documents.replace(self._name, document, version)
