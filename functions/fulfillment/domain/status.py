"""The chain of an order's statuses. An order is the highest it has ever been, so it never goes back."""

import functools
from enum import Enum


@functools.total_ordering
class Status(Enum):
    """expired < awaiting_payment < payment_failed < paid < fulfilled.

    What an event claims is one of the first four; `fulfilled` is no claim, it is `paid` with the
    `fulfill` effect done. `expired` is reserved: abandoned checkouts are not routed yet.
    """

    EXPIRED = "expired"
    AWAITING_PAYMENT = "awaiting_payment"
    PAYMENT_FAILED = "payment_failed"
    PAID = "paid"
    FULFILLED = "fulfilled"

    @property
    def rank(self) -> int:
        """The place in the chain, 0 for the lowest."""
        return list(Status).index(self)

    def __lt__(self, other: object) -> bool:
        return self.rank < other.rank if isinstance(other, Status) else NotImplemented
