"""Orders are kept as documents, each change one atomic write."""

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
    """An order as it is stored: `version` changes with every write, `read_at` is the store's clock."""

    order: Order
    version: Any
    read_at: datetime

    @property
    def quiet_for(self) -> timedelta:
        """How long nobody has written it, by the store's clock: its version is the time of the last write."""
        return self.read_at - plain(self.version)


@dataclass(frozen=True, kw_only=True)
class Found:
    """Orders that were looked for. `unreadable` are the ids of documents that this version cannot read; `last` is the
    last id of all, to go on after, and None where there was none.
    """

    orders: tuple[Stored, ...]
    unreadable: tuple[str, ...] = ()
    last: str | None = None


class Decision(Protocol):
    """What shall be stored, and perhaps more that follows from what was stored before."""

    @property
    def order(self) -> Order:
        """The order as it shall be."""
        ...


class Orders(Protocol):
    """Where orders are kept. Each write is atomic: all of the order, or nothing. When it was updated, and a
    lease without a time, get the store's.
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

    async def get_all(self, order_ids: Sequence[str]) -> Found:
        """Those of the orders that are there."""
        ...

    async def find(self, conditions: Sequence[Condition], after: str | None, limit: int) -> Found:
        """The orders that are so, by their ids, at most `limit` of those behind the id `after`."""
        ...

    async def pause(self, losses: int) -> None:
        """Waits before the next try of a writer that has lost the race so many times."""
        ...


D = TypeVar("D", bound=Decision)
Decide = Callable[[Stored | None], D]
"""Pure: from what is stored (or None) to a decision, whose order shall be stored. It may be asked several times."""


async def commit(orders: Orders, order_id: str, decide: Decide[D], known: Stored | None) -> tuple[Stored, D]:
    """Stores what is decided in one atomic write: compare-and-set against what is known of the order (None: nothing,
    so it is created), and against what is read where others were faster. Returns the decision that was stored.

    Most orders see one event only, so creating first makes them one RPC. Nothing is written where nothing
    changes. Raises OrderContended after eight lost races.
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
    """As `commit`, for a change whose result is the order alone."""
    stored, _ = await commit(orders, order_id, lambda stored: _Changed(change(stored)), known)
    return stored


def stamped(order: Order, at: datetime) -> Order:
    """The order as it is stored at a time."""
    order = replace(order, updated_at=at)
    if order.lease and order.lease.at is None:
        order = replace(order, lease=replace(order.lease, at=at))
    return order
