"""The interface of an order store: each change is one atomic write."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from fulfillment.domain.order import Order
from fulfillment.errors import OrderContended
from fulfillment.orders.firestore import Condition, plain

WRITES = 8


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An order as it is stored: `version` changes with every write, `read_at` is by the store's clock."""

    order: Order
    version: Any
    read_at: datetime

    @property
    def quiet_for(self) -> timedelta:
        """The time since its last write, by the store's clock: the version is the time of that write."""
        return self.read_at - plain(self.version)


@dataclass(frozen=True, kw_only=True)
class Found:
    """The result of a query. `unreadable` are the ids of documents that this version cannot read. `last` is the last
    id, after which the next page starts, or None if nothing was found.
    """

    orders: tuple[Stored, ...]
    unreadable: tuple[str, ...] = ()
    last: str | None = None


class Decision(Protocol):
    """The order to store, and perhaps other results of the same decision."""

    @property
    def order(self) -> Order:
        """The order to store."""
        ...


class Orders(Protocol):
    """An order store. Each write is atomic: the whole order, or nothing. The store's clock sets `updated_at`, and the
    time of a lease that has none.
    """

    async def create(self, order: Order) -> Stored | None:
        """Stores a new order. Returns None if the order exists."""
        ...

    async def get(self, order_id: str) -> Stored | None:
        """The order, or None. Raises CorruptOrder if this version cannot read it."""
        ...

    async def replace(self, order: Order, version: Any) -> Stored | None:
        """Replaces that version of the order. Returns None if another write was first."""
        ...

    async def get_all(self, order_ids: Sequence[str]) -> Found:
        """The orders that exist."""
        ...

    async def find(self, conditions: Sequence[Condition], after: str | None, limit: int) -> Found:
        """At most `limit` orders that meet the conditions, ordered by id, after the id `after`."""
        ...

    async def pause(self, losses: int) -> None:
        """Waits before the next try of a writer that has lost that many races."""
        ...


D = TypeVar("D", bound=Decision)
Decide = Callable[[Stored | None], D]
"""Pure: takes the stored order (or None), and returns a decision with the order to store. May be called repeatedly."""


async def commit(orders: Orders, order_id: str, decide: Decide[D], known: Stored | None) -> tuple[Stored, D]:
    """Stores the decided order in one atomic write, and returns its decision. The write is a compare-and-set against
    `known` (None: create the order). After a lost race the order is read and decided again.

    Most orders have only one event, so creating without reading needs one RPC. Without a change nothing is written.
    Raises OrderContended after eight lost races.
    """
    stored = known
    for losses in range(WRITES):
        decision = decide(stored)
        if stored and decision.order == stored.order:
            return stored, decision
        order = decision.order
        written = await (orders.replace(order, stored.version) if stored else orders.create(order))
        if written:
            return written, decision
        await orders.pause(losses)
        stored = await orders.get(order_id)
    raise OrderContended("others kept writing the same order")


@dataclass(frozen=True)
class _Changed:
    order: Order


async def update(
    orders: Orders, order_id: str, change: Callable[[Stored | None], Order], known: Stored | None
) -> Stored:
    """Like `commit`, for a change that only returns the order."""
    stored, _ = await commit(orders, order_id, lambda stored: _Changed(change(stored)), known)
    return stored


def stamped(order: Order, at: datetime) -> Order:
    """The order with the times that a store sets on a write at `at`."""
    order = replace(order, updated_at=at)
    if order.lease and order.lease.at is None:
        order = replace(order, lease=replace(order.lease, at=at))
    return order
