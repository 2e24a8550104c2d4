"""Finds the order of a refund, a dispute, a fraud warning or a review.

| what is found by the PaymentIntent                            | result                                          |
|---------------------------------------------------------------|-------------------------------------------------|
| an order here                                                 | it                                              |
| an order here, of another account                             | a stranger's                                    |
| no order, no key, ORDER_FILTER is set: nothing can tell       | a stranger's                                    |
| no order, no key                                              | tried again for an hour, then parked            |
| no session, and the key may not read invoices                 | the same two: a stranger's, or parked           |
| a session at Stripe, ours                                     | its order, made by this delivery; older than a  |
|                                                               | day, it is held for review                      |
| a session at Stripe, not ours, or older than RECONCILE_SINCE  | a stranger's: something else may have fulfilled |
| an invoice of a subscription that an order here sold          | the order; a later invoice's is a renewal's     |
| an invoice of a subscription that a session of ours sold      | the same, made by this delivery                 |
| an expired session, or one that sells nothing                 | a stranger's                                    |
| an open session                                               | tried again: Stripe's answer is late            |
| nothing                                                       | a stranger's                                    |
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from fulfillment.domain.checkout import Checkout
from fulfillment.domain.cursor import OVERLAP_SECONDS
from fulfillment.domain.events import CheckoutEvent, parse
from fulfillment.domain.ids import Owner
from fulfillment.domain.invoices import Invoice, InvoicePayment
from fulfillment.domain.ownership import Ownership
from fulfillment.domain.shape import read
from fulfillment.domain.synthetic_events import synthetic_event
from fulfillment.errors import CorruptOrder, NoOrderKnown, OrderNotHere, StripeRefused
from fulfillment.orders.firestore import Condition
from fulfillment.orders.store import Orders, Stored
from fulfillment.subscriber.fact_reader import Stripe, reading_answers

NEW = timedelta(seconds=OVERLAP_SECONDS)
"""How old a session may be that makes an order here without RECONCILE_SINCE, and with it an order that is not late."""
PATIENCE = timedelta(hours=1)
"""How long an order may be late, if there is no key to ask Stripe for it."""
FEW = 10


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a fact belongs: the stored order, or the event that makes it. `renewal`: to a later invoice of it. `late`:
    reconcile should have made the order long ago; perhaps it was deleted, after the sale was fulfilled.
    """

    stored: Stored | None = None
    event: CheckoutEvent | None = None
    renewal: bool = False
    late: bool = False

    @property
    def checkout(self) -> Checkout:
        """The sale."""
        if self.stored:
            return self.stored.order
        assert self.event, "a place has an order or the event that makes it"  # noqa: S101
        return self.event.checkout


class OrderFinder:
    """Finds orders. `stripe` is None without a key. `since`: the setting RECONCILE_SINCE."""

    def __init__(self, orders: Orders, stripe: Stripe | None, ownership: Ownership, since: datetime | None) -> None:
        self._orders, self._stripe, self._ownership, self._since = orders, stripe, ownership, since

    async def find(self, payment_intent: str | None, owner: Owner, published_at: datetime | None) -> Place | None:
        """The place, or None if it is a stranger's. Raises PermanentError, TransientError."""
        if payment_intent is None:
            return None  # Checkout makes no payment without one
        stored = await self._stored("payment_intent", payment_intent)
        if stored:
            return Place(stored=stored) if _same_account(stored.order, owner) else None
        if self._stripe is None:
            self._wait_for_order(published_at)
            return None
        sessions = await self._stripe.sessions_of(owner, payment_intent=payment_intent)
        if sessions:
            return await self._of(self._stripe, sessions[0], owner)
        try:
            return await self._of_invoice(self._stripe, payment_intent, owner)
        except StripeRefused:
            if self._ownership.order_filter:
                return None  # other products of the account have refunds, too
            raise

    def _wait_for_order(self, published_at: datetime | None) -> None:
        if self._ownership.order_filter:
            return
        if published_at is None or datetime.now(UTC) - published_at < PATIENCE:
            raise OrderNotHere("its order is not here yet, and there is no key to ask Stripe for it")
        raise NoOrderKnown(
            "no order here has this PaymentIntent, and there is no key to ask Stripe whose it is: set STRIPE_API_KEY "
            "(in Terraform stripe_api_key) and replay it, or drop it if another product of the account sold it"
        )

    async def _of_invoice(self, stripe: Stripe, payment_intent: str, owner: Owner) -> Place | None:
        """The place of a payment of an invoice. No session names its PaymentIntent."""
        payments = await stripe.invoice_payments_of(owner, payment_intent=payment_intent)
        if not payments:
            return None
        invoice = _paid(payments[0])
        if stored := await self._stored("invoice", invoice.id):
            return Place(stored=stored) if _same_account(stored.order, owner) else None
        if invoice.subscription is None:
            return None
        if stored := await self._stored("subscription", invoice.subscription):
            return Place(stored=stored, renewal=True) if _same_account(stored.order, owner) else None
        sessions = await stripe.sessions_of(owner, subscription=invoice.subscription)
        place = await self._of(stripe, sessions[0], owner) if sessions else None
        return place and replace(place, renewal=place.checkout.invoice != invoice.id)

    async def _of(self, stripe: Stripe, session: Mapping[str, Any], owner: Owner) -> Place | None:
        """The place of a session's order, which may lack what it was searched by."""
        now = datetime.now(UTC)
        with reading_answers():
            found = synthetic_event(session, owner=owner, api_version=stripe.api_version, at=now)
        if found is None:
            if session.get("mode") == "setup" or session.get("status") == "expired":
                return None  # it sells nothing, and never will
            raise OrderNotHere("the session that Stripe returned is not complete")
        if not self._ownership.owns(found.checkout):
            return None
        if stored := await self._orders.get(found.session_id):
            return Place(stored=stored)
        if self._is_old(found.checkout, now):
            return None
        return Place(event=parse(found.body, now), late=_created(found.checkout, now) < now - NEW)

    def _is_old(self, sale: Checkout, now: datetime) -> bool:
        """Whether something else may have fulfilled the sale, because it was made before this deployment."""
        return _created(sale, now) < (self._since or now - NEW)

    async def _stored(self, field: str, value: str) -> Stored | None:
        found = await self._orders.find([Condition(field=field, operator="==", value=value)], None, FEW)
        if found.unreadable:
            raise CorruptOrder("the order of this payment cannot be read")
        return next(iter(found.orders), None)


def _created(sale: Checkout, now: datetime) -> datetime:
    return sale.session_created_at or now


def _same_account(sale: Checkout, owner: Owner) -> bool:
    """Whether the account is not another one. An event of the platform's own account names none."""
    return sale.account is None or owner.account is None or sale.account == owner.account


def _paid(payment: object) -> Invoice:
    with reading_answers():
        seen: InvoicePayment = read(InvoicePayment, payment)
    return seen.invoice
