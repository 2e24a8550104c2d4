"""Reads refunds and disputes of orders one by one where Stripe's lists do not bring them, and compares them."""

from collections.abc import Sequence
from dataclasses import dataclass

from fulfillment.domain.after_sale import Dispute
from fulfillment.domain.cursor import Cursor
from fulfillment.domain.evidence import is_open
from fulfillment.domain.order import Order
from fulfillment.domain.order_money import MoneyStatus
from fulfillment.domain.unlisted import unlisted
from fulfillment.orders.firestore import Condition
from fulfillment.reconcile.after_sale_comparison import AfterSaleComparison, Placed
from fulfillment.reconcile.after_sale_reader import AfterSaleReader
from fulfillment.reconcile.dispute_levels import DisputeLevels
from fulfillment.reconcile.settings import ReconcileSettings


def _with_money(*statuses: MoneyStatus) -> Condition:
    return Condition(field="money.status", operator="in", value=[each.value for each in statuses])


DISPUTED = _with_money(MoneyStatus.DISPUTED, MoneyStatus.INQUIRY)
REFUNDED = _with_money(MoneyStatus.LOST, MoneyStatus.REFUNDED, MoneyStatus.REFUNDING, MoneyStatus.PARTLY_REFUNDED)
"""With DISPUTED, the orders of which a refund or a dispute may still change."""


@dataclass(kw_only=True)
class AfterSaleOrders:
    """Reads, compares and counts. A dispute that Stripe does not show is counted as the order has it."""

    settings: ReconcileSettings
    reader: AfterSaleReader
    compare: AfterSaleComparison
    levels: DisputeLevels

    async def compare_all(self, orders: Sequence[Order], reached: Cursor) -> None:
        """Compares what is unlisted: all of it in a thorough round, else the open disputes."""
        placed, lists = [], self.settings.lists_sessions
        for order in orders:
            for field, object_id, known in unlisted(order, reached.end, lists=lists):
                if not (reached.thorough or is_open(known)):
                    continue
                found = await self.reader.object_of(order, field, object_id)
                told = found.fact.told if found else known
                if isinstance(told, Dispute):
                    self.levels.add(order.id, object_id, told)
                if found:
                    placed.append(Placed(found=found, order=order))
        await self.compare.publish_unshown(placed)
