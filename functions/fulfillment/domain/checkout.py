"""A Checkout Session in one shape for all API versions: what was bought, by whom and for how much. Amounts are
integers in the minor unit of their currency, never floats.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fulfillment.domain.ids import ContextPath, Currency, Id, Owner, SessionId
from fulfillment.domain.records import Record


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
    """The buyer. `id` is None for guests, who order like any other buyer. `account` is the buyer's id in Stripe's
    Accounts v2.
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
    """The recipient of the goods."""

    name: str | None = None
    phone: str | None = None
    address: Address | None = None


@dataclass(frozen=True, kw_only=True)
class ShippingCost(Record):
    """The shipping rate that the buyer chose, with its amounts. `amount_total` exceeds `amount_subtotal` by the tax, if
    tax was added.
    """

    shipping_rate: Id | None = None
    amount_subtotal: int | None = None
    amount_tax: int | None = None
    amount_total: int | None = None


@dataclass(frozen=True, kw_only=True)
class Discount(Record):
    """A coupon, and the promotion code if the buyer entered one."""

    coupon: Id | None = None
    promotion_code: Id | None = None


@dataclass(frozen=True, kw_only=True)
class Presentment(Record):
    """The amount that the buyer saw, if it was not in the merchant's currency."""

    amount: int | None = None
    currency: Currency | None = None


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """The fields of an order that come from one event, its source."""

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
        """The session's owner. An old order has only the account: its version did not store `context`."""
        return Owner(account=self.account, context=self.context)
