"""Compares refunds and disputes with the orders, and publishes those of which their orders do not show all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fulfillment.domain.found_objects import FoundObject, shows
from fulfillment.domain.order import Order
from fulfillment.orders.firestore import Condition
from fulfillment.reconcile.comparison import Comparison

VALUES = 30  # of one condition `in`: Firestore allows no more
ORDERS = 100  # of one query. A PaymentIntent has one order


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A found object and its order."""

    found: FoundObject
    order: Order

    @property
    def is_shown(self) -> bool:
        """Whether the order shows all of it."""
        return shows(self.order, self.found.fact)


@dataclass(kw_only=True)
class AfterSaleComparison:
    """Compares, and publishes, as the comparison of sessions does."""

    comparison: Comparison

    async def place(self, found: Sequence[FoundObject]) -> list[Placed]:
        """The objects that have an order, by their PaymentIntents."""
        orders: dict[str | None, Order] = {}
        for wanted in _portions({each.fact.payment_intent for each in found} - {None}):
            condition = Condition(field="payment_intent", operator="in", value=wanted)
            page = await self.comparison.orders.find([condition], None, ORDERS)
            self.comparison.count_unreadable(page)
            orders |= {each.order.payment_intent: each.order for each in page.orders}
        with_order = [(each, orders.get(each.fact.payment_intent)) for each in found]
        return [Placed(found=each, order=order) for each, order in with_order if order]

    async def publish_unshown(self, placed: Sequence[Placed]) -> None:
        """Publishes the objects of which their orders do not show all."""
        behind = await self.comparison.confirmed(_behind(placed), self._still_behind)
        for each in behind:
            self.comparison.stats.add_money_behind(each.order.id)
        await self.comparison.publish_all([each.found for each in behind])

    async def publish_unplaced(self, found: Sequence[FoundObject]) -> None:
        """Publishes objects that have no order here: only the subscriber can tell whether they are a stranger's."""
        self.comparison.stats.unplaced += len(found)
        await self.comparison.publish_all(found)

    async def _still_behind(self, placed: Sequence[Placed]) -> list[Placed]:
        page = await self.comparison.orders.get_all(sorted({each.order.id for each in placed}))
        orders = {each.order.id: each.order for each in page.orders}
        kept = [each for each in placed if each.order.id in orders]
        return _behind([Placed(found=each.found, order=orders[each.order.id]) for each in kept])


def _behind(placed: Sequence[Placed]) -> list[Placed]:
    return [each for each in placed if not each.is_shown]


def _portions(wanted: set[str | None]) -> Iterator[list[str | None]]:
    """The values, as many at a time as one query may have."""
    values = sorted(wanted, key=str)
    for start in range(0, len(values), VALUES):
        yield values[start : start + VALUES]
