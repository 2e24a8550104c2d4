"""The only file that knows Firestore: orders are kept as documents, each change one atomic write."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from google.api_core.exceptions import (
    Aborted,
    AlreadyExists,
    FailedPrecondition,
    GoogleAPIError,
    InvalidArgument,
    NotFound,
)
from google.auth.exceptions import GoogleAuthError
from google.cloud.firestore import SERVER_TIMESTAMP, AsyncClient, AsyncDocumentReference

from fulfillment.credentials import find
from fulfillment.documents import from_document, to_document
from fulfillment.domain.order import Order
from fulfillment.errors import OrderContended, StoreUnavailable, UnstorableOrder

RPC_SECONDS = 10.0
WRITES = 8


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An order as it is stored: `version` changes with every write, `read_at` is the store's clock."""

    order: Order
    version: Any
    read_at: datetime


class Orders(Protocol):
    """Where orders are kept. Each write is atomic: all of the order, or nothing. A lease without a time gets
    the store's.
    """

    async def create(self, order: Order) -> Stored | None:
        """Stores a new order; None if there is one of that id."""
        ...

    async def get(self, order_id: str) -> Stored | None:
        """The order, or None. Raises CorruptOrder if this version cannot read it."""
        ...

    async def replace(self, order: Order, version: Any) -> Stored | None:
        """Stores the order in the place of that version; None if it is no longer the one there."""
        ...

    async def pause(self, losses: int) -> None:
        """Waits before the next try of a writer that has lost the race so many times."""
        ...


Change = Callable[[Stored | None], Order]
"""A pure change, from what is stored (or None) to what shall be. It may run several times."""


async def update(orders: Orders, order_id: str, change: Change, known: Stored | None) -> Stored:
    """Brings a change into the order in one atomic write: compare-and-set against what is known of it (None:
    nothing, so it is created), and against what is read where others were faster.

    Most orders see one event only, so creating first makes them one RPC. Nothing is written where nothing
    changes. Raises OrderContended after eight lost races.
    """
    stored = known
    for losses in range(WRITES):
        changed = change(stored)
        if stored and changed == stored.order:
            return stored
        written = await (orders.replace(changed, stored.version) if stored else orders.create(changed))
        if written:
            return written
        await orders.pause(losses)
        stored = await orders.get(order_id)
    raise OrderContended("others kept writing the same order")


class FirestoreOrders:
    """Orders in Google Cloud Firestore, or in its emulator (FIRESTORE_EMULATOR_HOST)."""

    def __init__(self, project: str, database: str, collection: str) -> None:
        self._project, self._database, self._collection = project, database, collection
        self._client: AsyncClient | None = None

    async def _document(self, order_id: str) -> AsyncDocumentReference:
        """The document of an order. The client is made at the first use: it does not survive the server's fork."""
        if self._client is None:
            credentials = await find(emulated="FIRESTORE_EMULATOR_HOST" in os.environ)
            client = AsyncClient(project=self._project, database=self._database, credentials=credentials)
            self._client = self._client or client
        return self._client.collection(self._collection).document(order_id)

    async def create(self, order: Order) -> Stored | None:
        """Stores a new order in one RPC; None if there is one of that id."""
        async with _rpc(AlreadyExists, Aborted) as rpc:
            rpc.written = await (await self._document(order.id)).create(_with_server_time(order))
        return rpc.stored(order)

    async def get(self, order_id: str) -> Stored | None:
        """The order, or None. Raises CorruptOrder if this version cannot read it."""
        async with _rpc():
            snapshot = await (await self._document(order_id)).get()
        if not snapshot.exists:
            return None
        order = from_document(snapshot.to_dict() or {})
        return Stored(order=order, version=snapshot.update_time, read_at=snapshot.read_time)

    async def replace(self, order: Order, version: Any) -> Stored | None:
        """Stores the order in the place of that version; None if it is no longer the one there."""
        unchanged = AsyncClient.write_option(last_update_time=version)
        async with _rpc(FailedPrecondition, NotFound, Aborted) as rpc:
            rpc.written = await (await self._document(order.id)).update(_with_server_time(order), option=unchanged)
        return rpc.stored(order)

    async def pause(self, losses: int) -> None:
        """Spreads writers that keep losing the race for one order, up to two seconds apart."""
        await asyncio.sleep(random.uniform(0, 0.02 * 2**losses))  # noqa: S311


@dataclass
class _Write:
    """One write under way: what Firestore says of it, or nothing if others were faster."""

    written: Any = None

    def stored(self, order: Order) -> Stored | None:
        """What was written, as the next compare-and-set needs it: the time of the write is the version."""
        if self.written is None:
            return None
        version = self.written.update_time
        at = datetime.combine(version.date(), version.time(), UTC)
        if order.lease and order.lease.at is None:
            order = replace(order, lease=replace(order.lease, at=at))
        return Stored(order=order, version=version, read_at=at)


@asynccontextmanager
async def _rpc(*races: type[GoogleAPIError]) -> AsyncIterator[_Write]:
    """Ten seconds for one call, and its errors in our words. Texts of Firestore's are left out: they can quote what
    they refuse. `races` are the answers to a write for which others were faster.
    """
    try:
        async with asyncio.timeout(RPC_SECONDS):
            yield _Write()
    except races:
        return
    except (TimeoutError, GoogleAPIError, GoogleAuthError) as error:
        # Only what a write says of its document is the document's fault; else, say, the database's name is wrong.
        if races and isinstance(error, InvalidArgument):
            raise UnstorableOrder("Firestore refuses the document (INVALID_ARGUMENT)") from error
        raise StoreUnavailable(f"Firestore did not answer: {type(error).__name__}") from error


def _with_server_time(order: Order) -> dict[str, Any]:
    document = to_document(order)
    if order.lease and order.lease.at is None:
        document["lease"]["at"] = SERVER_TIMESTAMP
    return document
