"""Compares the events of Stripe's sessions with the orders, and publishes those that claim a higher status."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fulfillment.domain.envelope import MadeEvent
from fulfillment.domain.synthetic_events import SyntheticEvent, claims_more
from fulfillment.orders.store import Found, Orders
from fulfillment.reconcile.stats import ReconcileStats

Publish = Callable[[MadeEvent], Awaitable[object]]


@dataclass(kw_only=True)
class Comparison:
    """Compares, and calls `publish`. A missing event may still be in transit, so it is checked again after
    `grace_seconds`. Once one was really lost (`certain`), the others are published at once.
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
        more = _beyond(events, orders)
        if more and not self.certain:
            await asyncio.sleep(self.grace_seconds)
            orders = await self._orders_of(more)
            more = _beyond(more, orders)
            self.certain = bool(more)
        known = {each.order.id for each in orders.orders}
        for event in more:
            if event.session_id in known:
                self.stats.add_behind(event.session_id)
            else:
                self.stats.add_missing(event.session_id, event.age(datetime.now(UTC)))
        await self.publish_all(more)

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

    async def _orders_of(self, events: Sequence[SyntheticEvent]) -> Found:
        return await self.orders.get_all([each.session_id for each in events]) if events else Found(orders=())


def _beyond(events: Sequence[SyntheticEvent], orders: Found) -> list[SyntheticEvent]:
    """The events that claim more than their order. Unreadable orders are left out: their events would be parked."""
    status = {each.order.id: each.order.status for each in orders.orders}
    readable = [each for each in events if each.session_id not in orders.unreadable]
    return [each for each in readable if claims_more(each, status.get(each.session_id))]
