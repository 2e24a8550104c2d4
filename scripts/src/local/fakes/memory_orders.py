"""The in-memory order store. It passes the same contract tests as Firestore's emulator."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from fulfillment.domain.order import Order
from fulfillment.orders.documents import from_document, to_document
from fulfillment.orders.firestore import Condition
from fulfillment.orders.store import Found, Stored, stamped


class MemoryOrders:
    """Orders in a dict, as the documents that Firestore would get. `clock` is the store's."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._documents: dict[str, tuple[dict[str, Any], datetime]] = {}
        self._last = datetime.min.replace(tzinfo=UTC)
        self._clock = clock

    async def create(self, order: Order) -> Stored | None:
        """Stores a new order; None if the id exists."""
        return None if order.id in self._documents else self._write(order)

    async def get(self, order_id: str) -> Stored | None:
        """The order, or None."""
        await asyncio.sleep(0)  # yields to other tasks, as the real store does
        if order_id not in self._documents:
            return None
        document, version = self._documents[order_id]
        return Stored(order=from_document(document), version=version, read_at=self._clock())

    async def replace(self, order: Order, version: Any) -> Stored | None:
        """Replaces that version of the order; None if it is no longer the current one."""
        if self._documents.get(order.id, (None, None))[1] != version:
            return None
        return self._write(order)

    async def get_all(self, order_ids: Sequence[str]) -> Found:
        """The orders that exist."""
        found = [await self.get(order_id) for order_id in order_ids]
        return Found(orders=tuple(each for each in found if each))

    async def find(self, conditions: Sequence[Condition], after: str | None, limit: int) -> Found:
        """The orders that meet the conditions, by id: at most `limit`, after the id `after`."""
        later = sorted(name for name in self._documents if name > (after or ""))
        fitting = [name for name in later if all(_meets(self._documents[name][0], each) for each in conditions)]
        found = await self.get_all(fitting[:limit])
        return replace(found, last=found.orders[-1].order.id if found.orders else None)

    def write_by_hand(self, order_id: str, document: dict[str, Any] | None) -> None:
        """Replaces an order's document without any rule; None deletes it."""
        self._documents.pop(order_id, None)
        if document is not None:
            self._documents[order_id] = document, self._clock()

    def document(self, order_id: str) -> dict[str, Any]:
        """The order's document, as it is stored."""
        return dict(self._documents[order_id][0])

    async def pause(self, losses: int) -> None:  # noqa: ARG002
        """Yields to other tasks."""
        await asyncio.sleep(0)

    def _write(self, order: Order) -> Stored:
        now = self._clock()
        order = stamped(order, now)
        self._last = version = max(now, self._last + timedelta(microseconds=1))  # unique
        before, _ = self._documents.get(order.id, ({}, None))
        self._documents[order.id] = before | _sorted(to_document(order)), version
        return Stored(order=order, version=version, read_at=now)


def _meets(document: dict[str, Any], condition: Condition) -> bool:
    value: Any = document
    for name in condition.field.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    match condition.operator:
        case "==":
            return bool(value == condition.value)
        case "in":
            return value in condition.value
        case _:
            return bool(set(value or ()) & set(condition.value))


def _sorted(value: Any) -> Any:
    """Sorts a map's keys: Firestore does not keep their order."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
