"""An invoice's payment in Stripe's format: it ties a PaymentIntent to the subscription that was paid. Pure."""

from dataclasses import dataclass

from fulfillment.domain.ids import Id


@dataclass(frozen=True, kw_only=True)
class _Details:
    subscription: Id | None = None


@dataclass(frozen=True, kw_only=True)
class _Parent:
    subscription_details: _Details | None = None


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """An invoice; of a subscription its parent says so."""

    id: Id
    parent: _Parent | None = None

    @property
    def subscription(self) -> str | None:
        """The subscription that it is of, or None."""
        details = self.parent and self.parent.subscription_details
        return details.subscription if details else None


@dataclass(frozen=True, kw_only=True)
class _Payment:
    payment_intent: Id | None = None


@dataclass(frozen=True, kw_only=True)
class InvoicePayment:
    """A payment of an invoice, which is expanded."""

    invoice: Invoice
    payment: _Payment | None = None

    @property
    def payment_intent(self) -> str | None:
        """The PaymentIntent that paid, or None."""
        return self.payment.payment_intent if self.payment else None
