"""Reads objects of Stripe one by one. One that Stripe does not show does not stop the others."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from fulfillment.errors import StripeRefused, StripeUnavailable, StripeUnreadable
from fulfillment.reconcile.stats import ReconcileStats

IN_A_ROW = 3  # failed reads after which Stripe counts as down
T = TypeVar("T")


@dataclass(kw_only=True)
class SingleReads:
    """Counts what Stripe does not show. `failures`: how many reads in a row Stripe did not answer, over all that a run
    reads one by one.
    """

    stats: ReconcileStats
    failures: int = 0

    async def shown(self, name: str, read: Awaitable[T | None]) -> T | None:
        """The object, or None if Stripe does not show it. `name`: the id that the problem is named by: an order's, or
        that of a dispute whose order is not known yet. Raises StripeUnavailable if Stripe did not answer several reads
        in a row.
        """
        try:
            found = await read
        except StripeUnavailable as error:
            answered = isinstance(error, StripeRefused | StripeUnreadable)
            self.failures = 0 if answered else self.failures + 1
            if self.failures >= IN_A_ROW:
                raise
            found = None
        else:
            self.failures = 0
        if found is None:
            self.stats.add_refused(name)
        return found
