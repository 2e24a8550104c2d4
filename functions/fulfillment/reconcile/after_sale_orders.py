"""Reads refunds and disputes of orders one by one where Stripe's lists do not bring them, and compares them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fulfillment.domain.after_sale import Dispute
from fulfillment.domain.after_sale_objects import PATHS
from fulfillment.domain.cursor import Cursor
from fulfillment.domain.found_objects import FoundObject, found_object
from fulfillment.domain.order import Order
from fulfillment.domain.order_money import MoneyStatus
from fulfillment.domain.shape import ShapeError
from fulfillment.domain.unlisted import unlisted
from fulfillment.orders.firestore import Condition
from fulfillment.reconcile.after_sale_comparison import AfterSaleComparison, Placed
from fulfillment.reconcile.dispute_levels import DisputeLevels, is_open
from fulfillment.reconcile.rate_limited_stripe import Reader
from fulfillment.reconcile.settings import ReconcileSettings
from fulfillment.reconcile.single_reads import SingleReads
from fulfillment.reconcile.stats import ReconcileStats


def _with_money(*statuses: MoneyStatus) -> Condition:
    return Condition(field="money.status", operator="in", value=[each.value for each in statuses])


DISPUTED = _with_money(MoneyStatus.DISPUTED, MoneyStatus.INQUIRY)
REFUNDED = _with_money(MoneyStatus.LOST, MoneyStatus.REFUNDED, MoneyStatus.REFUNDING, MoneyStatus.PARTLY_REFUNDED)
"""With DISPUTED, the orders of which a refund or a dispute may still change."""


@dataclass(kw_only=True)
class AfterSaleOrders:
    """Reads, compares and counts. A dispute that Stripe does not show is counted as the order has it."""

    settings: ReconcileSettings
    stripe: Reader
    compare: AfterSaleComparison
    levels: DisputeLevels
    stats: ReconcileStats
    reads: SingleReads

    async def compare_all(self, orders: Sequence[Order], reached: Cursor) -> None:
        """Compares what is unlisted: all of it in a thorough round, else the open disputes."""
        placed, lists = [], self.settings.lists_sessions
        for order in orders:
            for field, object_id, known in unlisted(order, reached.end, lists=lists):
                if not (reached.thorough or is_open(known)):
                    continue
                found = await self._read(order, field, object_id)
                told = found.fact.told if found else known
                if isinstance(told, Dispute):
                    self.levels.add(order.id, object_id, told)
                if found:
                    placed.append(Placed(found=found, order=order))
        await self.compare.publish_unshown(placed)

    async def _read(self, order: Order, field: str, object_id: str) -> FoundObject | None:
        """The object as it is now, or None if Stripe does not show it, or the answer cannot be read, or is another."""
        if field in self.stats.unlisted:  # without the permission there are only refusals
            return None
        at = datetime.now(UTC)
        raw = await self.reads.shown(order.id, self.stripe.object_at(f"{PATHS[field]}/{object_id}", order.owner))
        if raw is None:
            return None
        self.stats.add_compared(field)
        version, livemode = self.stripe.api_version, self.settings.livemode
        try:
            found = found_object(raw, owner=order.owner, livemode=livemode, api_version=version, at=at)
        except ShapeError:
            found = None
        if found is None or found.fact.id != object_id:
            self.stats.add_unreadable(order.id)
            return None
        return found
