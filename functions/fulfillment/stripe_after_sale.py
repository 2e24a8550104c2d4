"""Reads what happens after the sale from Stripe's API, and to which session or invoice it belongs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fulfillment.domain.ids import OWN, Owner
from fulfillment.domain.shape import read
from fulfillment.stripe_client import Objects, StripeReader, created_within, starting
from fulfillment.stripe_errors import (
    DISPUTES,
    INVOICES,
    OBJECT_ADVICE,
    REFUNDS,
    REVIEWS,
    SCOPES,
    SESSION_ADVICE,
    advice_of,
)

_OF_ALL = {404: OBJECT_ADVICE[404]}  # a list has no session that could be missing


class AfterSaleReader(StripeReader):
    """Reads sessions, refunds, disputes, reviews and invoices. Each method raises StripeUnavailable, or its subclass
    StripeRefused if a retry would get the same answer. `owner`: whose the objects are. Lists are newest first.
    """

    async def sessions_of(
        self, owner: Owner, *, payment_intent: str | None = None, subscription: str | None = None
    ) -> tuple[Mapping[str, Any], ...]:
        """The Checkout Sessions of a PaymentIntent or of a subscription, with their PaymentIntents expanded."""
        asked = one_of(payment_intent=payment_intent, subscription=subscription) | {"expand": ["data.payment_intent"]}
        return await self._all("/v1/checkout/sessions", asked, owner, SESSION_ADVICE | _OF_ALL)

    async def refunds_of(self, payment_intent: str, owner: Owner) -> tuple[Mapping[str, Any], ...]:
        """All refunds of a PaymentIntent."""
        return await self._all(SCOPES[REFUNDS], one_of(payment_intent=payment_intent), owner, advice_of(REFUNDS))

    async def disputes_of(self, payment_intent: str, owner: Owner) -> tuple[Mapping[str, Any], ...]:
        """All disputes and inquiries of a PaymentIntent."""
        return await self._all(SCOPES[DISPUTES], one_of(payment_intent=payment_intent), owner, advice_of(DISPUTES))

    async def refunds(self, created_from: int, created_until: int, after: str | None = None) -> Objects:
        """A page of up to 100 refunds of our own, starting after the refund `after`. They were created from
        `created_from` until before `created_until` (epoch seconds).
        """
        return await self._created(REFUNDS, created_from, created_until, after)

    async def disputes(self, created_from: int, created_until: int, after: str | None = None) -> Objects:
        """The same of disputes."""
        return await self._created(DISPUTES, created_from, created_until, after)

    async def invoice_payments_of(
        self, owner: Owner, *, payment_intent: str | None = None, invoice: str | None = None
    ) -> tuple[Mapping[str, Any], ...]:
        """The payments of an invoice, or those made with a PaymentIntent, with their invoices expanded."""
        asked = one_of(payment_intent=payment_intent, invoice=invoice)
        if payment_intent is not None:
            asked = {"payment": {"type": "payment_intent", **asked}}
        return await self._all(SCOPES[INVOICES], asked | {"expand": ["data.invoice"]}, owner, advice_of(INVOICES))

    async def invoice(self, invoice_id: str, owner: Owner) -> Mapping[str, Any]:
        """An invoice."""
        path = f"/v1/invoices/{quote(invoice_id, safe='')}"
        return await self._ask(lambda: self._get(path, owner), owner, advice_of(INVOICES))

    async def open_review_of(self, payment_intent: str, owner: Owner) -> Mapping[str, Any] | None:
        """The open Radar review of a PaymentIntent's charge, or None if there is none."""
        return await self._ask(lambda: self._open_review(payment_intent, owner), owner, advice_of(REFUNDS, REVIEWS))

    async def _open_review(self, payment_intent: str, owner: Owner) -> Mapping[str, Any] | None:
        path = f"/v1/payment_intents/{quote(payment_intent, safe='')}"
        paid: _Paid = read(_Paid, await self._get(path, owner, {"expand": ["latest_charge.review"]}))
        review = paid.latest_charge and paid.latest_charge.review
        return review if review and review.get("open") is True else None

    async def _created(self, scope: str, created_from: int, created_until: int, after: str | None) -> Objects:
        params = {**created_within(created_from, created_until), **starting(after)}
        return await self._ask(lambda: self._page(SCOPES[scope], params, OWN), OWN, advice_of(scope))


@dataclass(frozen=True, kw_only=True)
class _Charge:
    review: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class _Paid:
    latest_charge: _Charge | None = None


def one_of(**filters: str | None) -> dict[str, Any]:
    """The one filter that is given. Raises ValueError for none or several: without one, a list is the whole account."""
    given = {name: value for name, value in filters.items() if value}
    if len(given) != 1:
        raise ValueError(f"name one of {', '.join(filters)}")
    return given
