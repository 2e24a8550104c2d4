"""What happened to an order's money after the sale: refunds, disputes, early fraud warnings and Radar reviews.

Each object of Stripe's is joined from all that was told of it. An event claims the status of the object in it, a read
claims the status that it found. `merge` is a join: the same events and reads give the same object, in any order and any
number. The highest claim leads; the other fields come from its event.

    refund          requires_action < pending < succeeded < canceled < failed
    dispute         warning_needs_response < warning_under_review < warning_closed < needs_response < under_review
                    < prevented < lost < appeal_needs_response < appeal_under_review < won
    fraud warning   actionable < settled
    Radar review    open < closed
    any other       lower than these, and under review

Three paths go down this chain: a refund that the buyer's bank sends back (succeeded, requires_action), an appeal that
is lost (appeal_under_review, lost), a prevented dispute that is opened again. There a read decides, whichever of the
two comes first: if it is newer than all events, by more than the clocks may differ, its status is the object's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from fulfillment.domain.ids import Currency
from fulfillment.domain.records import Record

SLACK = timedelta(seconds=60)
"""What the clocks of Stripe and of a function may differ."""


@dataclass(frozen=True, kw_only=True)
class Claim(Record):
    """The event that claims a status; of several, the one with the smallest id. A read claims as `reconcile:…`."""

    event: str
    created: datetime
    received_at: datetime
    api_version: str | None = None


@dataclass(frozen=True, kw_only=True)
class StatusRead(Record):
    """The status that Stripe showed. `at`: before the request, by this product's clock."""

    at: datetime
    status: str


@dataclass(frozen=True, kw_only=True)
class AfterSale(Record):
    """An object of Stripe's, joined. `status` is computed by `merge`: the newest read's if it is newer than all events,
    else the highest claim. `newest`: when the newest event was created, by Stripe's clock; None for reads alone.
    """

    CHAIN: ClassVar[tuple[str, ...]] = ()
    """The statuses, lowest first."""
    UNKNOWN: ClassVar[str] = ""
    """The review code of an order that has such an object with an unknown status."""

    status: str
    claims: Mapping[str, Claim]
    newest: datetime | None = None
    read: StatusRead | None = None

    @property
    def highest(self) -> str:
        """The highest status that was claimed."""
        return max(self.claims, key=self.rank)

    @classmethod
    def rank(cls, status: str) -> tuple[int, str]:
        """The place of a status in the chain. Unknown ones come first, by name."""
        return (cls.CHAIN.index(status) if status in cls.CHAIN else -1, status)

    @property
    def is_settled(self) -> bool:
        """Whether the newest read and the claims agree, or the read is newer than all events."""
        return self.read is None or self.read.status == self.highest or self.is_read_last

    @property
    def is_read_last(self) -> bool:
        """Whether the newest read is newer than all events."""
        return self.read is not None and (self.newest is None or self.read.at - SLACK > self.newest)

    def needs_read(self, told: "AfterSale") -> bool:
        """Whether an event that is not older than the newest claims less than the highest claim, or an older one claims
        more. Only a read tells whether the object has stepped down since.
        """
        if told.newest is None:
            return False
        claimed, highest = self.rank(told.highest), self.rank(self.highest)
        is_late = self.newest is not None and told.newest < self.newest
        return claimed > highest if is_late else claimed < highest


@dataclass(frozen=True, kw_only=True)
class Refund(AfterSale):
    """A refund. `amount` is in the minor unit of `currency`. `created_at`: when it was made, by Stripe's clock."""

    CHAIN = ("requires_action", "pending", "succeeded", "canceled", "failed")
    UNKNOWN = "unknown_refund_status"

    created_at: datetime | None = None
    amount: int | None = None
    currency: Currency | None = None
    reason: str | None = None
    failure_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class LedgerEntry(Record):
    """What a dispute moved on the account's balance: a withdrawal is negative. Minor units of `currency`, which may not
    be the order's.
    """

    amount: int
    fee: int
    net: int
    currency: Currency | None = None


APPEALS: Mapping[str, str] = {"appeal_needs_response": "needs_response", "appeal_under_review": "under_review"}
"""What an appeal's status says of the appeal. Each also claims `lost`."""


@dataclass(frozen=True, kw_only=True)
class Dispute(AfterSale):
    """A dispute, or an inquiry that may become one (`warning_…`). `amount` may exceed the charge. `due_by`: until when
    evidence counts; None if no answer is possible. `appeal`: of an open appeal.
    """

    CHAIN = (
        *("warning_needs_response", "warning_under_review", "warning_closed", "needs_response", "under_review"),
        *("prevented", "lost", *APPEALS, "won"),
    )
    UNKNOWN = "unknown_dispute_status"

    created_at: datetime | None = None
    amount: int | None = None
    currency: Currency | None = None
    reason: str | None = None
    due_by: datetime | None = None
    submission_count: int = 0
    has_evidence: bool = False
    appeal: str | None = None
    ledger: Mapping[str, LedgerEntry] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FraudWarning(AfterSale):
    """An early fraud warning: the card's issuer suspects fraud. `settled`: refunded in full, or disputed."""

    CHAIN = ("actionable", "settled")

    fraud_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class RadarReview(AfterSale):
    """A manual review in Stripe's Radar."""

    CHAIN = ("open", "closed")

    reason: str | None = None
    closed_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Renewals(Record):
    """The same of a subscription's later invoices. They are not this order's money."""

    refunds: Mapping[str, Refund] = field(default_factory=dict)
    disputes: Mapping[str, Dispute] = field(default_factory=dict)
    warnings: Mapping[str, FraudWarning] = field(default_factory=dict)
    radar_reviews: Mapping[str, RadarReview] = field(default_factory=dict)


KINDS: Mapping[str, type[AfterSale]] = {
    "refunds": Refund,
    "disputes": Dispute,
    "warnings": FraudWarning,
    "radar_reviews": RadarReview,
}
"""By the field of an order that holds them."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One object, as an event or a read tells it: `told` has one claim. `field` is the order's field for it. `renewal`:
    whether it belongs to a later invoice of the order's subscription.
    """

    field: str
    id: str
    told: AfterSale
    payment_intent: str | None = None
    renewal: bool = False
