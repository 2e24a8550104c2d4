"""The objects of the time after the sale in Stripe's format. Each is read into the record that an order keeps of it.

`FIELD`: the order's field for them. `PATH`: where Stripe's API has them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from fulfillment.domain.after_sale import APPEALS, Dispute, FraudWarning, LedgerEntry, RadarReview, Refund
from fulfillment.domain.ids import Currency, Id, ObjectId
from fulfillment.domain.shape import ShapeError, read


class _Status(str):
    """A status in Stripe's words."""

    __slots__ = ()

    @classmethod
    def read(cls, value: object, path: str) -> "_Status":
        if isinstance(value, str) and value.isprintable() and 0 < len(value) <= 100:
            return cls(value)
        raise ShapeError(path, "expected a status")


UNSAID = "unknown"
"""The status of an object that has none."""


@dataclass(frozen=True, kw_only=True)
class RefundShape:
    """A refund."""

    FIELD: ClassVar[str] = "refunds"
    PATH: ClassVar[str] = "/v1/refunds"

    id: ObjectId
    status: _Status | None = None
    created: datetime | None = None
    amount: int | None = None
    currency: Currency | None = None
    reason: str | None = None
    failure_reason: str | None = None
    payment_intent: Id | None = None

    def record(self) -> Refund:
        """The refund, without its claim."""
        return Refund(
            status=self.status or UNSAID,
            claims={},
            created_at=self.created,
            amount=self.amount,
            currency=self.currency,
            reason=self.reason,
            failure_reason=self.failure_reason,
        )


@dataclass(frozen=True, kw_only=True)
class _Movement:
    id: ObjectId
    amount: int
    fee: int = 0
    net: int | None = None
    currency: Currency | None = None


@dataclass(frozen=True, kw_only=True)
class _Evidence:
    due_by: int | None = None
    submission_count: int | None = None
    has_evidence: bool | None = None


@dataclass(frozen=True, kw_only=True)
class DisputeShape:
    """A dispute. `balance_transactions` are whole objects."""

    FIELD: ClassVar[str] = "disputes"
    PATH: ClassVar[str] = "/v1/disputes"

    id: ObjectId
    status: _Status | None = None
    created: datetime | None = None
    amount: int | None = None
    currency: Currency | None = None
    reason: str | None = None
    evidence_details: _Evidence | None = None
    balance_transactions: tuple[_Movement, ...] | None = None
    payment_intent: Id | None = None

    def record(self) -> Dispute:
        """The dispute, without its claim."""
        evidence = self.evidence_details or _Evidence()
        status = self.status or UNSAID
        return Dispute(
            status=status,
            claims={},
            created_at=self.created,
            amount=self.amount,
            currency=self.currency,
            reason=self.reason,
            due_by=read(datetime, evidence.due_by, "evidence_details.due_by") if evidence.due_by else None,
            submission_count=evidence.submission_count or 0,
            has_evidence=evidence.has_evidence or False,
            appeal=APPEALS.get(status),
            ledger={
                each.id: LedgerEntry(
                    amount=each.amount,
                    fee=each.fee,
                    net=each.amount - each.fee if each.net is None else each.net,
                    currency=each.currency,
                )
                for each in self.balance_transactions or ()
            },
        )


@dataclass(frozen=True, kw_only=True)
class WarningShape:
    """An early fraud warning: its status is whether something can still be done."""

    FIELD: ClassVar[str] = "warnings"
    PATH: ClassVar[str] = "/v1/radar/early_fraud_warnings"

    id: ObjectId
    actionable: bool = True
    fraud_type: str | None = None
    payment_intent: Id | None = None

    def record(self) -> FraudWarning:
        """The warning, without its claim."""
        status = "actionable" if self.actionable else "settled"
        return FraudWarning(status=status, claims={}, fraud_type=self.fraud_type)


@dataclass(frozen=True, kw_only=True)
class ReviewShape:
    """A review in Radar."""

    FIELD: ClassVar[str] = "radar_reviews"
    PATH: ClassVar[str] = "/v1/reviews"

    id: ObjectId
    open: bool = True
    opened_reason: str | None = None
    closed_reason: str | None = None
    payment_intent: Id | None = None

    def record(self) -> RadarReview:
        """The review, without its claim."""
        status = "open" if self.open else "closed"
        return RadarReview(status=status, claims={}, reason=self.opened_reason, closed_reason=self.closed_reason)


OBJECTS: Mapping[str, Any] = {
    "refund": RefundShape,
    "dispute": DisputeShape,
    "radar.early_fraud_warning": WarningShape,
    "review": ReviewShape,
}
"""By the field `object`, which is a thin event's `related_object.type` too."""
PATHS: Mapping[str, str] = {shape.FIELD: shape.PATH for shape in OBJECTS.values()}
"""Where Stripe's API has an object, by the order's field for it."""
