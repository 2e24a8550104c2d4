"""Finds the order of a subscription by the PaymentIntent of one of its later invoices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.after_sale import Fact
from fulfillment.domain.ids import OWN
from fulfillment.domain.invoices import InvoicePayment
from fulfillment.domain.order import Order
from fulfillment.domain.shape import ShapeError, read
from fulfillment.errors import StripeRefused
from fulfillment.orders.firestore import Condition
from fulfillment.orders.store import Orders
from fulfillment.reconcile.rate_limited_stripe import Reader
from fulfillment.reconcile.single_reads import SingleReads
from fulfillment.reconcile.stats import ReconcileStats

INVOICES = "invoice_payments"


@dataclass(kw_only=True)
class RenewalFinder:
    """Asks Stripe for the invoice, and the store for the order. Without the permission no order is found."""

    stripe: Reader
    orders: Orders
    stats: ReconcileStats
    reads: SingleReads

    async def order_of(self, fact: Fact) -> Order | None:
        """The order of the subscription whose invoice was paid with the object's PaymentIntent."""
        if fact.payment_intent is None or INVOICES in self.stats.unlisted:
            return None
        payments = await self.reads.shown(fact.id, self._payments(fact.payment_intent))
        subscriptions = {found for each in payments or () if (found := subscription_of(each))}
        for subscription in sorted(subscriptions):
            condition = Condition(field="subscription", operator="==", value=subscription)
            page = await self.orders.find([condition], None, 1)
            if page.orders:
                return page.orders[0].order
        return None

    async def _payments(self, payment_intent: str) -> Sequence[Mapping[str, Any]]:
        """The payments of invoices; none without the permission."""
        try:
            return await self.stripe.invoice_payments_of(OWN, payment_intent=payment_intent)
        except StripeRefused as error:
            self.stats.unlisted[INVOICES] = str(error)
            return ()


def subscription_of(payment: Any) -> str | None:
    """The subscription of an invoice's payment, or None if it has none."""
    try:
        seen: InvoicePayment = read(InvoicePayment, payment)
    except ShapeError:
        return None
    return seen.invoice.subscription
