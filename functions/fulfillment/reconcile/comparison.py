"""Compares the events of Stripe's sessions with the orders, and publishes those that claim a higher status."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from fulfillment.domain.envelope import MadeEvent
from fulfillment.domain.status import Status
from fulfillment.domain.synthetic_events import SyntheticEvent, claims_more
from fulfillment.orders.store import Found, Orders
from fulfillment.reconcile.stats import ReconcileStats

Publish = Callable[[MadeEvent], Awaitable[object]]
Beyond = tuple[SyntheticEvent, Status | None]
"""An event, and the status of its order, if it has one."""
T = TypeVar("T")


@dataclass(kw_only=True)
class Comparison:
    """Compares, and calls `publish`. A missing event may still be in transit, so it is checked again after
    `grace_seconds`. Once one was really lost (`certain`), all others of the run are published at once.
    """

    orders: Orders
    publish: Publish
    stats: ReconcileStats
    grace_seconds: float
    certain: bool = False

    async def publish_beyond_orders(self, events: Sequence[SyntheticEvent]) -> None:
        """Publishes the events that claim more than their orders."""
        orders = await self._orders_of(events)
        self.count_unreadable(orders)
        more = await self.confirmed(_beyond(events, orders), self._still_beyond)
        for event, known in more:
            if known:
                self.stats.add_behind(event.session_id)
            else:
                self.stats.add_missing(event.session_id, event.age(datetime.now(UTC)))
        await self.publish_all([event for event, _ in more])

    async def confirmed(self, lost: list[T], check: Callable[[list[T]], Awaitable[list[T]]]) -> list[T]:
        """What is still lost after `grace_seconds`: `check` reads the orders again."""
        if not lost or self.certain:
            return lost
        await asyncio.sleep(self.grace_seconds)
        still = await check(lost)
        self.certain = bool(still)
        return still

    async def publish_all(self, events: Sequence[MadeEvent]) -> None:
        """Publishes all events concurrently, and waits for each one, also after one has failed."""
        for result in await asyncio.gather(*(self.publish(each) for each in events), return_exceptions=True):
            if isinstance(result, BaseException):
                raise result
            self.stats.published += 1

    def count_unreadable(self, found: Found) -> None:
        """Counts the documents that this version cannot read."""
        for order_id in found.unreadable:
            self.stats.add_unreadable(order_id)

    async def _still_beyond(self, more: Sequence[Beyond]) -> list[Beyond]:
        events = [event for event, _ in more]
        return _beyond(events, await self._orders_of(events))

    async def _orders_of(self, events: Sequence[SyntheticEvent]) -> Found:
        return await self.orders.get_all([each.session_id for each in events]) if events else Found(orders=())


def _beyond(events: Sequence[SyntheticEvent], orders: Found) -> list[Beyond]:
    """The events that claim more than their order. Unreadable orders are left out: their events would be parked."""
    status = {each.order.id: each.order.status for each in orders.orders}
    readable = [(each, status.get(each.session_id)) for each in events if each.session_id not in orders.unreadable]
    return [(each, known) for each, known in readable if claims_more(each, known)]
