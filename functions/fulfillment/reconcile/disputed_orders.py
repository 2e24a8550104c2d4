"""Reads the open disputes of orders that the entries of Stripe's list do not name. The list has none of connected
accounts. A subscription's dispute names the PaymentIntent of an invoice, which the order does not know.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fulfillment.domain.after_sale import Dispute, Renewals
from fulfillment.domain.found_objects import FoundObject, found_object
from fulfillment.domain.order import Order
from fulfillment.domain.order_money import MoneyStatus
from fulfillment.domain.shape import ShapeError
from fulfillment.orders.firestore import Condition
from fulfillment.reconcile.after_sale_comparison import AfterSaleComparison, Placed
from fulfillment.reconcile.dispute_levels import DisputeLevels, is_open
from fulfillment.reconcile.rate_limited_stripe import Reader
from fulfillment.reconcile.single_reads import SingleReads
from fulfillment.reconcile.stats import ReconcileStats

_STATUSES = (MoneyStatus.DISPUTED, MoneyStatus.INQUIRY)
DISPUTED = Condition(field="money.status", operator="in", value=[each.value for each in _STATUSES])
DISPUTES = "disputes"


def read_singly(order: Order) -> Iterator[tuple[str, Dispute]]:
    """The open disputes of an order that are read one by one, by their ids."""
    is_found_by_list = order.account is None and order.payment_intent is not None
    if is_found_by_list or order.money.status not in _STATUSES:
        return
    renewals = order.renewals or Renewals()
    for dispute_id, dispute in {**renewals.disputes, **order.disputes}.items():
        if is_open(dispute):
            yield dispute_id, dispute


@dataclass(kw_only=True)
class DisputedOrders:
    """Reads, compares and counts. A dispute that Stripe does not show is counted as the order has it."""

    stripe: Reader
    compare: AfterSaleComparison
    levels: DisputeLevels
    stats: ReconcileStats
    livemode: bool

    def __post_init__(self) -> None:
        self._reads = SingleReads(stats=self.stats)

    async def compare_all(self, orders: Sequence[Order]) -> None:
        """Compares the disputes of orders that are disputed."""
        placed = []
        for order in orders:
            for dispute_id, known in read_singly(order):
                found = await self._read(order, dispute_id)
                told = found.fact.told if found else known
                if isinstance(told, Dispute):
                    self.levels.add(order.id, told)
                if found:
                    placed.append(Placed(found=found, order=order))
        await self.compare.publish_unshown(placed)

    async def _read(self, order: Order, dispute_id: str) -> FoundObject | None:
        """The dispute as it is now, or None if Stripe does not show it, or this version cannot read it."""
        if DISPUTES in self.stats.unlisted:  # without the permission there are only refusals
            return None
        at = datetime.now(UTC)
        raw = await self._reads.shown(order.id, self.stripe.object_at(f"/v1/disputes/{dispute_id}", order.owner))
        if raw is None:
            return None
        self.stats.disputes += 1
        version = self.stripe.api_version
        try:
            return found_object(raw, owner=order.owner, livemode=self.livemode, api_version=version, at=at)
        except ShapeError:
            self.stats.add_unreadable(order.id)
            return None
