"""Reads Stripe's lists of refunds and disputes, newest first, and compares each page with the orders.

What has no order here by its PaymentIntent is published in the thorough round, if it is new since the last one: the
subscriber finds the order of a subscription or of a lost sale, or sees that it is a stranger's. So a stranger's costs
about one message. Without a PaymentIntent it belongs to no Checkout.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fulfillment.domain.after_sale import Dispute
from fulfillment.domain.cursor import DISPUTE_DAYS, REFUND_DAYS, Cursor
from fulfillment.domain.evidence import is_due, is_open
from fulfillment.domain.found_objects import FoundObject
from fulfillment.reconcile.after_sale_comparison import AfterSaleComparison, Placed
from fulfillment.reconcile.after_sale_reader import AfterSaleReader
from fulfillment.reconcile.dispute_levels import SOON, DisputeLevels
from fulfillment.reconcile.paging import Paging
from fulfillment.reconcile.rate_limited_stripe import Reader
from fulfillment.reconcile.renewals import RenewalFinder
from fulfillment.reconcile.settings import ReconcileSettings
from fulfillment.reconcile.stats import ReconcileStats

REFUNDS, DISPUTES = "refunds", "disputes"


@dataclass(kw_only=True)
class AfterSaleLists:
    """Both lists. `paging`: the place in the one that is read."""

    settings: ReconcileSettings
    stripe: Reader
    reader: AfterSaleReader
    compare: AfterSaleComparison
    renewals: RenewalFinder
    levels: DisputeLevels
    stats: ReconcileStats
    paging: Paging = field(default_factory=Paging)

    async def disputes(self, reached: Cursor) -> Cursor:
        """Compares the next page of disputes."""
        if self.paging.listed is None and reached.before == reached.end:
            self.levels.begin()
        if not self.settings.lists_sessions:
            return reached.next_stage()
        start = reached.days_back(DISPUTE_DAYS)
        listed = self.stripe.disputes(start, reached.before, self.paging.listed)
        page, found = await self.reader.page(DISPUTES, listed)
        if page is None:
            self.levels.drop()
            return self.paging.after(page, reached)
        self.stats.disputes += len(page.data)
        placed = await self.compare.place([each for each in found if _is_compared(each, reached)])
        placed += await self._renewals_in(_without(found, placed))
        self._count_levels(placed)
        await self._publish(placed, found, reached)
        return self.paging.after(page, reached)

    async def refunds(self, reached: Cursor) -> Cursor:
        """Compares the next page of refunds, in a thorough round."""
        if not (reached.thorough and self.settings.lists_sessions):
            return reached.next_stage()
        start = reached.days_back(REFUND_DAYS)
        listed = self.stripe.refunds(start, reached.before, self.paging.listed)
        page, found = await self.reader.page(REFUNDS, listed)
        if page is None:
            return self.paging.after(page, reached)
        self.stats.refunds += len(page.data)
        await self._publish(await self.compare.place(found), found, reached)
        return self.paging.after(page, reached)

    async def _publish(self, placed: Sequence[Placed], found: Sequence[FoundObject], reached: Cursor) -> None:
        await self.compare.publish_unshown(placed)
        if reached.thorough:
            new = [each for each in _without(found, placed) if each.created >= reached.start]
            await self.compare.publish_unplaced([each for each in new if each.fact.payment_intent])

    def _count_levels(self, placed: Sequence[Placed]) -> None:
        for each in placed:
            fact = each.found.fact
            if isinstance(fact.told, Dispute):
                self.levels.add(each.order.id, fact.id, fact.told)

    async def _renewals_in(self, found: Sequence[FoundObject]) -> list[Placed]:
        """The disputes of renewals whose deadline is near. Asking Stripe for the invoice of each dispute without an
        order would cost a read for every stranger's dispute, in each run.
        """
        placed, now = [], datetime.now(UTC)
        for each in found:
            told = each.fact.told
            if (
                isinstance(told, Dispute)
                and is_due(told, now, SOON)
                and (order := await self.renewals.order_of(each.fact))
            ):
                placed.append(Placed(found=each, order=order))
        return placed


def _is_compared(dispute: FoundObject, reached: Cursor) -> bool:
    """Whether this round reads its order. Reading those of decided disputes in each run would cost thousands of reads
    for each dispute.
    """
    return reached.thorough or is_open(dispute.fact.told) or dispute.created >= reached.start


def _without(found: Sequence[FoundObject], placed: Sequence[Placed]) -> list[FoundObject]:
    ids = {each.found.fact.id for each in placed}
    return [each for each in found if each.fact.id not in ids]
