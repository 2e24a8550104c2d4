"""What was bought, by whom and for how much: a Checkout Session in one shape, whichever API version
wrote it. Amounts are integers in the minor unit of their currency, never floats.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from fulfillment.domain.shape import ShapeError


class SessionId(str):
    """A Checkout Session's id that is fit to name a document (case-sensitive, up to 255 characters)."""

    __slots__ = ()
    _FIT = re.compile(r"(?!__.*__\Z)[A-Za-z0-9_-]{1,255}")

    @classmethod
    def read(cls, value: object, path: str = "session id") -> Self:
        """The value as a session id, or ShapeError."""
        if isinstance(value, str) and cls._FIT.fullmatch(value):
            return cls(value)
        raise ShapeError(path, "not a usable id: 1 to 255 letters, digits, - or _, and not __so__")


class EventId(str):
    """An event's id: Stripe's `evt_…`, or `reconcile:{session}:{claim}` for what we found ourselves."""

    __slots__ = ()
    FOUND = "reconcile:"
    _FIT = re.compile(r"(?!__.*__\Z)[A-Za-z0-9_:.-]{1,320}")

    @classmethod
    def read(cls, value: object, path: str = "event id") -> Self:
        """The value as an event id, or ShapeError."""
        if isinstance(value, str) and cls._FIT.fullmatch(value):
            return cls(value)
        raise ShapeError(path, "not a usable id: 1 to 320 letters, digits, - _ : or ., and not __so__")


class ContextPath(str):
    """Whose object it is, as an event's `context` tells: `acct_1`, or a path that ends there: `org_1/acct_1`. It is
    sent as the header `Stripe-Context`.
    """

    __slots__ = ()
    _FIT = re.compile(r"[A-Za-z0-9_./-]{1,512}")

    @classmethod
    def read(cls, value: object, path: str = "context") -> Self:
        """The value as a context, or ShapeError."""
        if isinstance(value, str) and cls._FIT.fullmatch(value):
            return cls(value)
        raise ShapeError(path, "expected ids, parted by /")

    @property
    def account(self) -> str | None:
        """The last part that is an account."""
        accounts = [part for part in self.split("/") if part.startswith("acct_")]
        return accounts[-1] if accounts else None


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Whose session it is, where that is not the API key's own account: a connected account's, an organization's."""

    account: str | None = None
    context: ContextPath | None = None

    @classmethod
    def told_by(cls, account: str | None, context: ContextPath | None) -> Self:
        """The owner in an event: some events name the account in their context alone."""
        return cls(account=account or (context.account if context else None), context=context)

    def told(self) -> dict[str, str]:
        """The owner as an event tells it."""
        fields = {"account": self.account, "context": self.context}
        return {name: value for name, value in fields.items() if value}


OWN = Owner()
"""The API key's own account."""


class Id(str):
    """The id of another Stripe object, whether it came as an id or expanded into the whole object."""

    __slots__ = ()

    @classmethod
    def read(cls, value: object, path: str) -> Self:
        """The id in the value, or ShapeError."""
        found = value.get("id") if isinstance(value, dict) else value
        if isinstance(found, str) and found:
            return cls(found)
        raise ShapeError(path, "expected an id, or an object that has one")


class Currency(str):
    """A currency code in lower case. Which ones exist is Stripe's business and changes."""

    __slots__ = ()
    _FIT = re.compile(r"[a-z][a-z0-9_]{1,31}")

    @classmethod
    def read(cls, value: object, path: str) -> Self:
        """The value as a currency code, or ShapeError."""
        if isinstance(value, str) and cls._FIT.fullmatch(code := value.lower()):
            return cls(code)
        raise ShapeError(path, "expected a currency code")


@dataclass(frozen=True, kw_only=True)
class Address:
    """A postal address as Stripe collects it; country is ISO 3166-1 alpha-2."""

    city: str | None = None
    country: str | None = None
    line1: str | None = None
    line2: str | None = None
    postal_code: str | None = None
    state: str | None = None


@dataclass(frozen=True, kw_only=True)
class TaxId:
    """A buyer's tax number, e.g. type `eu_vat`."""

    type: str | None = None
    value: str | None = None


@dataclass(frozen=True, kw_only=True)
class Customer:
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
class Shipping:
    """Where the goods go."""

    name: str | None = None
    phone: str | None = None
    address: Address | None = None


@dataclass(frozen=True, kw_only=True)
class ShippingCost:
    """The shipping that the buyer chose: `shipping_rate` is which, `amount_tax` the tax on it. `amount_total` is more
    than `amount_subtotal` where tax was added.
    """

    shipping_rate: Id | None = None
    amount_subtotal: int | None = None
    amount_tax: int | None = None
    amount_total: int | None = None


@dataclass(frozen=True, kw_only=True)
class Discount:
    """A coupon, and the promotion code by which it came, if the buyer used one."""

    coupon: Id | None = None
    promotion_code: Id | None = None


@dataclass(frozen=True, kw_only=True)
class Presentment:
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
