"""The order: a checkout with its history. What it is, and what follows from it; `transitions` is how it changes.

Status, source and paid_at are computed from the events on record and never kept beside them, so they cannot
disagree with their reasons.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fulfillment.domain.checkout import Checkout
from fulfillment.domain.effects import FULFILL, Effects, EffectState
from fulfillment.domain.ids import Currency, EventId, Id
from fulfillment.domain.shape import Record
from fulfillment.domain.status import Status


@dataclass(frozen=True, kw_only=True)
class Seen(Record):
    """What is kept of an event: enough to compute the order's status and source again."""

    type: str
    claim: Status
    created: datetime
    received_at: datetime
    api_version: str | None = None


@dataclass(frozen=True, kw_only=True)
class LineItem(Record):
    """One thing bought, as Stripe lists it; amounts in the minor unit of `currency`. `unit_amount` is what its price
    says of one, and null where no such number exists: tiers, fractions, an amount that the buyer chose.
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
        """The item in a line: `2 x Mug`. Without a number where Stripe tells none, as of metered prices."""
        name = self.description or self.product or self.id
        return name if self.quantity is None else f"{self.quantity} x {name}"


@dataclass(frozen=True, kw_only=True)
class Lease(Record):
    """Who performs what the order owes, since when by the store's clock (a null `at` is "now", when written), and
    for how long: the holder's word, so that whoever reads it under other settings does not take it for dead.
    """

    owner: str
    at: datetime | None
    seconds: int = 60


@dataclass(frozen=True, kw_only=True)
class Order(Checkout):
    """A checkout with its history. Immutable: every change is a new order."""

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

    @property
    def source(self) -> str:
        """The id of the event that the fields come from."""
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
        """When the money came, by Stripe's clock, or was found, where Stripe never told; null before."""
        source = self.events[self.source]
        return source.created if source.claim is Status.PAID else None

    @property
    def sold_at(self) -> datetime:
        """The sale's own time, by Stripe's clock: when the money came, or before that when the order was made.

        Of what reconcile found it is known when it was found, perhaps days later. Nearer to the sale is the first event
        that Stripe did tell, or else the session's creation: a session ends within a day.
        """
        found = {name for name in self.events if name.startswith(EventId.FOUND)}
        if self.paid_at and self.source not in found:
            return self.paid_at
        told = [seen.created for name, seen in self.events.items() if name not in found]
        return min(told, default=self.session_created_at or min(seen.created for seen in self.events.values()))
