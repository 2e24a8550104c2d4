"""Orders in Firestore: `orders/{order id}`, one document each."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

from fulfillment.domain.order import Order
from fulfillment.errors import CorruptOrder
from fulfillment.orders.documents import from_document, to_document
from fulfillment.orders.firestore import Collection, Condition, Snapshot, plain
from fulfillment.orders.store import Found, Stored, stamped
from fulfillment.orders.wire import NOW


class FirestoreOrders:
    """Orders in Firestore: `orders/{order id}`."""

    def __init__(self, project: str, database: str, collection: str) -> None:
        self._documents = Collection(project, database, collection)

    async def create(self, order: Order) -> Stored | None:
        """Stores a new order in one RPC. Returns None if the order exists."""
        return _written(order, await self._documents.create(order.id, _document(order)))

    async def replace(self, order: Order, version: Any) -> Stored | None:
        """Replaces that version of the order. Returns None if another write was first."""
        return _written(order, await self._documents.replace(order.id, _document(order), version))

    async def get(self, order_id: str) -> Stored | None:
        """The order, or None. Raises CorruptOrder if this version cannot read it."""
        found = await self._documents.get(order_id)
        return _stored(found) if found else None

    async def get_all(self, order_ids: Sequence[str]) -> Found:
        """The orders that exist, in one RPC."""
        return _found(await self._documents.get_all(order_ids))

    async def find(self, conditions: Sequence[Condition], after: str | None, limit: int) -> Found:
        """At most `limit` orders that meet the conditions, ordered by id, after the id `after`."""
        return _found(await self._documents.find(conditions, after, limit))

    async def glance(self, fields: Sequence[str], after: str | None, limit: int) -> list[Snapshot]:
        """Some stored fields of at most `limit` documents, ordered by id, after the id `after`."""
        return await self._documents.find((), after, limit, fields)

    async def pause(self, losses: int) -> None:
        """Waits a random time, so that competing writers of one order are up to two seconds apart."""
        await asyncio.sleep(random.uniform(0, 0.02 * 2**losses))  # noqa: S311


def _stored(found: Snapshot) -> Stored:
    return Stored(order=from_document(found.document), version=found.version, read_at=found.read_at)


def _found(snapshots: Sequence[Snapshot]) -> Found:
    orders, unreadable = list[Stored](), list[str]()
    for each in snapshots:
        try:
            orders.append(_stored(each))
        except CorruptOrder:
            unreadable.append(each.id)
    return Found(orders=tuple(orders), unreadable=tuple(unreadable), last=snapshots[-1].id if snapshots else None)


def _written(order: Order, version: Any) -> Stored | None:
    """The written order with the version for the next compare-and-set."""
    if version is None:
        return None
    at = plain(version)
    return Stored(order=stamped(order, at), version=version, read_at=at)


def _document(order: Order) -> dict[str, Any]:
    """The document to write, with the store's time in `updated_at` and a new lease."""
    document = to_document(order)
    document["updated_at"] = NOW
    if order.lease and order.lease.at is None:
        document["lease"]["at"] = NOW
    return document
