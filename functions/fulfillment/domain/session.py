"""Converts Stripe's Checkout Session, in any API version since 2020-08-27, into one shape.

- the shipping address moved from `shipping` to `shipping_details` to `collected_information.shipping_details`
- ids may be expanded into whole objects
- with `presentment_details` (since 2025-03-31) it holds the buyer's amounts, and the session the merchant's;
  with `currency_conversion` (before) it holds the merchant's amounts, and the session the buyer's

Field names are Stripe's. Only the fields that are read are declared; `shape` ignores all others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fulfillment.domain.checkout import (
    Address,
    Checkout,
    Customer,
    Discount,
    Presentment,
    Shipping,
    ShippingCost,
    TaxId,
)
from fulfillment.domain.ids import Currency, Id, Owner, SessionId


@dataclass(frozen=True, kw_only=True)
class _Totals:
    amount_discount: int | None = None
    amount_shipping: int | None = None
    amount_tax: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Presented:
    presentment_amount: int | None = None
    presentment_currency: Currency | None = None


@dataclass(frozen=True, kw_only=True)
class _Conversion:
    amount_subtotal: int | None = None
    amount_total: int | None = None
    source_currency: Currency | None = None


@dataclass(frozen=True, kw_only=True)
class _Collected:
    business_name: str | None = None
    individual_name: str | None = None
    shipping_details: Shipping | None = None


@dataclass(frozen=True, kw_only=True)
class _CustomerDetails:
    email: str | None = None
    name: str | None = None
    business_name: str | None = None
    individual_name: str | None = None
    phone: str | None = None
    address: Address | None = None
    tax_ids: tuple[TaxId, ...] | None = None
    tax_exempt: str | None = None


@dataclass(frozen=True, kw_only=True)
class Session:
    """The fields that are read from a session."""

    id: SessionId
    created: datetime | None = None
    recovered_from: Id | None = None
    mode: str | None = None
    payment_status: str | None = None
    amount_total: int | None = None
    amount_subtotal: int | None = None
    currency: Currency | None = None
    total_details: _Totals | None = None
    shipping_cost: ShippingCost | None = None
    discounts: tuple[Discount, ...] | None = None
    presentment_details: _Presented | None = None
    currency_conversion: _Conversion | None = None
    locale: str | None = None
    customer: Id | None = None
    customer_account: Id | None = None
    customer_details: _CustomerDetails | None = None
    shipping: Shipping | None = None
    shipping_details: Shipping | None = None
    collected_information: _Collected | None = None
    payment_intent: Id | None = None
    subscription: Id | None = None
    invoice: Id | None = None
    payment_link: Id | None = None
    client_reference_id: str | None = None
    metadata: Mapping[str, Any] | None = None
    custom_fields: tuple[Any, ...] | None = None
    consent: Mapping[str, Any] | None = None


def to_checkout(session: Session, *, livemode: bool, owner: Owner) -> Checkout:
    """The session as a Checkout. `livemode` and `owner` come from the event around it."""
    return Checkout(
        id=session.id,
        payment_status=session.payment_status,
        mode=session.mode,
        livemode=livemode,
        account=owner.account,
        context=owner.context,
        session_created_at=session.created,
        recovered_from=session.recovered_from,
        **_amounts(session),
        discounts=session.discounts or (),
        locale=session.locale,
        customer=_customer(session),
        shipping=_shipping(session),
        payment_intent=session.payment_intent,
        subscription=session.subscription,
        invoice=session.invoice,
        payment_link=session.payment_link,
        client_reference_id=session.client_reference_id,
        metadata=session.metadata or {},
        custom_fields=session.custom_fields or (),
        consent=session.consent,
    )


def _amounts(session: Session) -> dict[str, Any]:
    """The amounts in the merchant's currency, and the buyer's amount if its currency differs."""
    totals, presented = session.total_details or _Totals(), session.presentment_details
    amounts = {
        "amount_total": session.amount_total,
        "amount_subtotal": session.amount_subtotal,
        "amount_discount": totals.amount_discount,
        "amount_tax": totals.amount_tax,
        "amount_shipping": totals.amount_shipping,
        "currency": session.currency,
        "shipping_cost": session.shipping_cost,
    }
    if presented:
        presentment = Presentment(amount=presented.presentment_amount, currency=presented.presentment_currency)
        return amounts | {"presentment": presentment}
    if session.currency_conversion:
        return amounts | _converted(session, session.currency_conversion, totals)
    return amounts


def _converted(session: Session, conversion: _Conversion, totals: _Totals) -> dict[str, Any]:
    """The amounts with `currency_conversion`. It has discount, tax and shipping only in the buyer's currency: a zero
    stays zero, any other amount is unknown.
    """
    return {
        "amount_total": conversion.amount_total,
        "amount_subtotal": conversion.amount_subtotal,
        "amount_discount": 0 if totals.amount_discount == 0 else None,
        "amount_tax": 0 if totals.amount_tax == 0 else None,
        "amount_shipping": 0 if totals.amount_shipping == 0 else None,
        "currency": conversion.source_currency,
        "shipping_cost": ShippingCost(shipping_rate=cost.shipping_rate) if (cost := session.shipping_cost) else None,
        "presentment": Presentment(amount=session.amount_total, currency=session.currency),
    }


def _customer(session: Session) -> Customer | None:
    details, collected = session.customer_details or _CustomerDetails(), session.collected_information or _Collected()
    customer = Customer(
        id=session.customer,
        account=session.customer_account,
        email=details.email,
        name=details.name,
        business_name=details.business_name or collected.business_name,
        individual_name=details.individual_name or collected.individual_name,
        phone=details.phone,
        address=details.address,
        tax_ids=details.tax_ids or (),
        tax_exempt=details.tax_exempt,
    )
    return None if customer == Customer() and session.customer_details is None else customer


def _shipping(session: Session) -> Shipping | None:
    collected = session.collected_information or _Collected()
    return collected.shipping_details or session.shipping_details or session.shipping
