"""Reads Stripe's refunds and disputes, and turns them into synthetic events. An unreadable one stops no other."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fulfillment.domain.after_sale_objects import PATHS
from fulfillment.domain.found_objects import FoundObject, found_object
from fulfillment.domain.ids import OWN, Owner
from fulfillment.domain.order import Order
from fulfillment.domain.shape import ShapeError
from fulfillment.errors import StripeRefused
from fulfillment.reconcile.rate_limited_stripe import Listed, Reader
from fulfillment.reconcile.single_reads import SingleReads
from fulfillment.reconcile.stats import ReconcileStats


@dataclass(kw_only=True)
class AfterSaleReader:
    """Reads pages of lists, and objects one by one. Counts the lists that Stripe refuses, and what cannot be read.
    `livemode`: the deployment's.
    """

    stripe: Reader
    livemode: bool
    stats: ReconcileStats
    reads: SingleReads

    async def page(self, name: str, read: Awaitable[Listed]) -> tuple[Listed | None, list[FoundObject]]:
        """A page of the list `name` and its objects. No page if Stripe refuses the list. Raises StripeUnavailable."""
        at = datetime.now(UTC)
        try:
            page = await read
        except StripeRefused as error:
            self.stats.unlisted[name] = str(error)
            return None, []
        found = []
        for raw in page.data:
            if each := self._found(raw, OWN, at):
                found.append(each)
            else:
                self.stats.add_unreadable(str(raw.get("id")))
        return page, found

    async def object_of(self, order: Order, field: str, object_id: str) -> FoundObject | None:
        """An object of an order as it is now, or None if Stripe does not show it, or the answer cannot be read, or is
        another object. `field`: the order's. Raises StripeUnavailable if Stripe did not answer several reads in a row.
        """
        if field in self.stats.unlisted:  # without the permission there are only refusals
            return None
        at = datetime.now(UTC)
        raw = await self.reads.shown(order.id, self.stripe.object_at(f"{PATHS[field]}/{object_id}", order.owner))
        if raw is None:
            return None
        self.stats.add_compared(field)
        found = self._found(raw, order.owner, at)
        if found is None or found.fact.id != object_id:
            self.stats.add_unreadable(order.id)
            return None
        return found

    def _found(self, raw: Mapping[str, Any], owner: Owner, at: datetime) -> FoundObject | None:
        """The object's event, or None if this version cannot read it. `at`: before the request."""
        version = self.stripe.api_version
        try:
            return found_object(raw, owner=owner, livemode=self.livemode, api_version=version, at=at)
        except ShapeError:
            return None
