"""The chain of an order's statuses. An order has the highest status that it ever reached, so it never goes back."""

import functools
from enum import Enum


@functools.total_ordering
class Status(Enum):
    """expired < awaiting_payment < payment_failed < paid < fulfilled.

    An event claims one of the first four. `fulfilled` is not a claim: it is `paid` with the effect `fulfill` done.
    `expired` is reserved: abandoned checkouts are not routed yet.
    """

    EXPIRED = "expired"
    AWAITING_PAYMENT = "awaiting_payment"
    PAYMENT_FAILED = "payment_failed"
    PAID = "paid"
    FULFILLED = "fulfilled"

    @property
    def rank(self) -> int:
        """The position in the chain, 0 for the lowest."""
        return list(Status).index(self)

    def __lt__(self, other: object) -> bool:
        return self.rank < other.rank if isinstance(other, Status) else NotImplemented
