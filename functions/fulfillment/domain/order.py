"""The order: a checkout with its history, and the values that are computed from it. `transitions` changes an order.

Status, source and paid_at are computed from the recorded events and not stored in the order, so they cannot contradict
the events.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fulfillment.domain.access import Access
from fulfillment.domain.after_sale import Dispute, FraudWarning, RadarReview, Refund, Renewals
from fulfillment.domain.checkout import Checkout
from fulfillment.domain.effects import FULFILL, Effects, EffectState
from fulfillment.domain.ids import Currency, EventId, Id
from fulfillment.domain.order_money import Money, MoneyStatus, money_of
from fulfillment.domain.records import Record
from fulfillment.domain.status import Status


@dataclass(frozen=True, kw_only=True)
class Seen(Record):
    """The record of an event: enough to compute the order's status and source again. `thin_events`: the ids of
    the thin events that told of a finding, sorted.
    """

    type: str
    claim: Status
    created: datetime
    received_at: datetime
    api_version: str | None = None
    thin_events: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LineItem(Record):
    """A line item as Stripe lists it. Amounts are in the minor unit of `currency`. `unit_amount` is the price of one;
    it is None for tiers, fractions, and amounts that the buyer chose.
    """

    id: str
    description: str | None = None
    quantity: int | None = None
    amount_subtotal: int | None = None
    amount_discount: int | None = None
    amount_tax: int | None = None
    amount_total: int | None = None
    currency: Currency | None = None
    price: Id | None = None
    product: Id | None = None
    lookup_key: str | None = None
    unit_amount: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The item in one line: `2 x Mug`. Without the number if Stripe gives no quantity, as for metered prices."""
        name = self.description or self.product or self.id
        return name if self.quantity is None else f"{self.quantity} x {name}"


@dataclass(frozen=True, kw_only=True)
class Lease(Record):
    """Which delivery performs the order's effects, and since when by the store's clock: a None `at` becomes the time of
    the write. The holder stores the `seconds`, so that a reader with other settings does not see it as expired.
    """

    owner: str
    at: datetime | None
    seconds: int = 60


@dataclass(frozen=True, kw_only=True)
class Announced(Record):
    """The money status that was announced last, and how often it has changed."""

    money: MoneyStatus = MoneyStatus.KEPT
    changes: int = 0


@dataclass(frozen=True, kw_only=True)
class Order(Checkout):
    """A checkout with its history, and what happened to its money later. Immutable: every change is a new order."""

    events: Mapping[str, Seen]
    created_at: datetime
    updated_at: datetime
    line_items: tuple[LineItem, ...] | None = None
    effects: Effects = field(default_factory=dict)
    lease: Lease | None = None
    review: tuple[str, ...] = ()
    granted: tuple[str, ...] = ()
    fulfilled_at: datetime | None = None
    erased_at: datetime | None = None
    refunds: Mapping[str, Refund] = field(default_factory=dict)
    disputes: Mapping[str, Dispute] = field(default_factory=dict)
    warnings: Mapping[str, FraudWarning] = field(default_factory=dict)
    radar_reviews: Mapping[str, RadarReview] = field(default_factory=dict)
    renewals: Renewals | None = None
    access: Access | None = None
    announced: Announced | None = None

    @property
    def money(self) -> Money:
        """What became of the order's money."""
        return money_of(self, self.refunds, self.disputes)

    @property
    def source(self) -> str:
        """The id of the event that the order's fields come from."""
        return min(self.events, key=lambda event_id: (-self.events[event_id].claim.rank, event_id))

    @property
    def status(self) -> Status:
        """The highest claim seen, or `fulfilled`."""
        claim = self.events[self.source].claim
        fulfill = self.effects.get(FULFILL)
        fulfilled = claim is Status.PAID and fulfill is not None and fulfill.state is EffectState.DONE
        return Status.FULFILLED if fulfilled else claim

    @property
    def paid_at(self) -> datetime | None:
        """When the payment succeeded by Stripe's clock, or when reconcile found it; None before."""
        source = self.events[self.source]
        return source.created if source.claim is Status.PAID else None

    @property
    def sold_at(self) -> datetime:
        """The time of the sale by Stripe's clock: when the payment succeeded, or else when the order was made.

        A synthetic event that no thin event told of only has the time when it was found, perhaps days later. Closer to
        the sale is the first event that Stripe delivered, or else the session's creation: a session ends within a day.
        """
        synthetic = {name: seen for name, seen in self.events.items() if name.startswith(EventId.FOUND)}
        found = {name for name, seen in synthetic.items() if not seen.thin_events}
        if self.paid_at and self.source not in found:
            return self.paid_at
        delivered = [seen.created for name, seen in self.events.items() if name not in found]
        return min(delivered, default=self.session_created_at or min(seen.created for seen in self.events.values()))
