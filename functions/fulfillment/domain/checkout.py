"""What was bought, by whom and for how much: a Checkout Session in one shape, whichever API version
wrote it. Amounts are integers in the minor unit of their currency, never floats.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fulfillment.domain.ids import ContextPath, Currency, Id, Owner, SessionId
from fulfillment.domain.shape import Record


@dataclass(frozen=True, kw_only=True)
class Address(Record):
    """A postal address as Stripe collects it; country is ISO 3166-1 alpha-2."""

    city: str | None = None
    country: str | None = None
    line1: str | None = None
    line2: str | None = None
    postal_code: str | None = None
    state: str | None = None


@dataclass(frozen=True, kw_only=True)
class TaxId(Record):
    """A buyer's tax number, e.g. type `eu_vat`."""

    type: str | None = None
    value: str | None = None


@dataclass(frozen=True, kw_only=True)
class Customer(Record):
    """The buyer. `id` is null for guests: a guest's order is an order. `account` is the buyer as an Account of
    Stripe's Accounts v2.
    """

    id: Id | None = None
    account: Id | None = None
    email: str | None = None
    name: str | None = None
    business_name: str | None = None
    individual_name: str | None = None
    phone: str | None = None
    address: Address | None = None
    tax_ids: tuple[TaxId, ...] = ()
    tax_exempt: str | None = None


@dataclass(frozen=True, kw_only=True)
class Shipping(Record):
    """Where the goods go."""

    name: str | None = None
    phone: str | None = None
    address: Address | None = None


@dataclass(frozen=True, kw_only=True)
class ShippingCost(Record):
    """The shipping that the buyer chose: `shipping_rate` is which, `amount_tax` the tax on it. `amount_total` is more
    than `amount_subtotal` where tax was added.
    """

    shipping_rate: Id | None = None
    amount_subtotal: int | None = None
    amount_tax: int | None = None
    amount_total: int | None = None


@dataclass(frozen=True, kw_only=True)
class Discount(Record):
    """A coupon, and the promotion code by which it came, if the buyer used one."""

    coupon: Id | None = None
    promotion_code: Id | None = None


@dataclass(frozen=True, kw_only=True)
class Presentment(Record):
    """What the buyer saw, when that is not the merchant's currency."""

    amount: int | None = None
    currency: Currency | None = None


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """The fields of an order that come from one event: its source."""

    id: SessionId
    payment_status: str | None
    mode: str | None
    livemode: bool
    account: str | None = None
    context: ContextPath | None = None
    session_created_at: datetime | None = None
    recovered_from: Id | None = None
    amount_total: int | None = None
    amount_subtotal: int | None = None
    amount_discount: int | None = None
    amount_tax: int | None = None
    amount_shipping: int | None = None
    currency: Currency | None = None
    shipping_cost: ShippingCost | None = None
    discounts: tuple[Discount, ...] = ()
    presentment: Presentment | None = None
    locale: str | None = None
    customer: Customer | None = None
    shipping: Shipping | None = None
    payment_intent: Id | None = None
    subscription: Id | None = None
    invoice: Id | None = None
    payment_link: Id | None = None
    client_reference_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    custom_fields: tuple[Any, ...] = ()
    consent: Mapping[str, Any] | None = None

    @property
    def owner(self) -> Owner:
        """Whose session it is. An order of before `context` was kept knows its account alone."""
        return Owner(account=self.account, context=self.context)
