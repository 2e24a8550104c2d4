"""Refunds and disputes, as an order keeps them."""

from typing import Any

from fulfillment.domain.after_sale import Claim, Dispute, Refund
from fulfillment.domain.ids import Currency
from support.builders import NOW


def refund(amount: int | None, status: str = "succeeded", currency: str | None = "usd", **changes: Any) -> Refund:
    """A refund that one event told of."""
    money = {"amount": amount, "currency": Currency(currency) if currency else None}
    return Refund(**{"status": status, "claims": claimed(status), "newest": NOW, **money, **changes})


def dispute(status: str, amount: int | None = 7693, **changes: Any) -> Dispute:
    """A dispute that one event told of."""
    money = {"amount": amount, "currency": Currency("usd")}
    return Dispute(**{"status": status, "claims": claimed(status), "newest": NOW, **money, **changes})


def claimed(status: str) -> dict[str, Claim]:
    """The claim of one event."""
    return {status: Claim(event=f"evt_{status}", created=NOW, received_at=NOW)}
