"""What became of an order's money, computed from its refunds and disputes. Pure.

The status is a level: it may rise and fall, because a refund that has succeeded can fail weeks later.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fulfillment.domain.after_sale import Dispute, Refund
from fulfillment.domain.checkout import Checkout

DIFFERS = "currency_differs"
"""The review code of an order whose refund is in neither of its currencies."""


class MoneyStatus(StrEnum):
    """What became of an order's money."""

    DISPUTED = "disputed"
    INQUIRY = "inquiry"
    LOST = "lost"
    REFUNDED = "refunded"
    REFUNDING = "refunding"
    PARTLY_REFUNDED = "partly_refunded"
    WON = "won"
    KEPT = "kept"


@dataclass(frozen=True, kw_only=True)
class Money:
    """`refunded` and `refunding` in the minor unit of `currency`: the order's, or the refunds' if it is another one;
    None if the refunds are in several. `kept`: what is left of `amount_total`, without fees; None before the
    payment, and if it cannot be computed in one currency.
    """

    status: MoneyStatus
    currency: str | None
    refunded: int | None
    refunding: int | None
    kept: int | None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the table below asks."""

    disputes: frozenset[str]
    refunds: frozenset[str]
    in_full: bool

    def any(self, *statuses: str) -> bool:
        """Whether a dispute has one of the statuses."""
        return not self.disputes.isdisjoint(statuses)


OPEN = ("needs_response", "under_review", "appeal_needs_response", "appeal_under_review")
INQUIRIES = ("warning_needs_response", "warning_under_review")
PENDING = ("pending", "requires_action")

TABLE: tuple[tuple[MoneyStatus, Callable[[Facts], bool]], ...] = (
    (MoneyStatus.DISPUTED, lambda of: of.any(*OPEN)),
    (MoneyStatus.INQUIRY, lambda of: of.any(*INQUIRIES)),
    (MoneyStatus.LOST, lambda of: of.any("lost")),
    (MoneyStatus.REFUNDED, lambda of: of.in_full or of.any("prevented")),
    (MoneyStatus.REFUNDING, lambda of: not of.refunds.isdisjoint(PENDING)),
    (MoneyStatus.PARTLY_REFUNDED, lambda of: "succeeded" in of.refunds),
    (MoneyStatus.WON, lambda of: of.any("won")),
    (MoneyStatus.KEPT, lambda _: True),
)
"""The first status that holds."""


def money_of(sale: Checkout, refunds: Mapping[str, Refund], disputes: Mapping[str, Dispute]) -> Money:
    """What became of the money of a sale."""
    facts = Facts(
        disputes=frozenset(each.status for each in disputes.values()),
        refunds=frozenset(each.status for each in refunds.values()),
        in_full=is_refunded_in_full(sale, refunds.values()),
    )
    status = next(each for each, holds in TABLE if holds(facts))
    currencies = {each.currency for each in refunds.values()} or {sale.currency}
    currency = currencies.pop() if len(currencies) == 1 else None
    known = currency is not None
    refunded = _sum(refunds.values(), "succeeded")
    return Money(
        status=status,
        currency=currency,
        refunded=refunded if known else None,
        refunding=_sum(refunds.values(), *PENDING) if known else None,
        kept=_kept(sale, refunded, disputes) if currency == sale.currency else None,
    )


def is_refunded_in_full(sale: Checkout, refunds: Iterable[Refund]) -> bool:
    """Whether the refunds that succeeded reach the total: in the order's currency, or in the one that the buyer saw."""
    given = [each for each in refunds if each.status == "succeeded"]
    return any(
        total is not None and 0 < total <= sum(each.amount or 0 for each in given if each.currency == currency)
        for currency, total in _totals(sale).items()
    )


def differs(sale: Checkout, refunds: Mapping[str, Refund]) -> bool:
    """Whether a refund is in neither of the sale's currencies."""
    return any(each.currency not in _totals(sale) for each in refunds.values())


def _totals(sale: Checkout) -> dict[str | None, int | None]:
    """The sale's total by currency."""
    shown: dict[str | None, int | None] = (
        {sale.presentment.currency: sale.presentment.amount} if sale.presentment else {}
    )
    return {**shown, sale.currency: sale.amount_total}


def _sum(refunds: Iterable[Refund], *statuses: str) -> int:
    return sum(each.amount or 0 for each in refunds if each.status in statuses)


def _kept(sale: Checkout, refunded: int, disputes: Mapping[str, Dispute]) -> int | None:
    moved = [entry for each in disputes.values() for entry in each.ledger.values()]
    if (
        sale.payment_status == "unpaid"
        or sale.amount_total is None
        or any(each.currency != sale.currency for each in moved)
    ):
        return None
    return sale.amount_total - refunded + sum(each.amount for each in moved)
