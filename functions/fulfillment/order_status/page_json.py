"""The order status page as JSON: the contract with a shop's own page, and which requests get it."""

from typing import Any

from fulfillment.domain.buyer_view import BuyerRefund
from fulfillment.domain.checkout import Checkout
from fulfillment.domain.order import Order
from fulfillment.domain.sums import amount, items_add_up, sums
from fulfillment.order_status.page import Page
from fulfillment.presentation.locales import Notation

_PARTS = ("subtotal", "discount", "shipping", "tax", "included_tax")


def prefers_json(accept: str) -> bool:
    """Whether the Accept header names JSON and does not prefer HTML."""
    weights: dict[str, float] = {}
    for each in accept.lower().split(","):
        kind, _, weight = each.replace(" ", "").partition(";q=")
        weights[kind.partition(";")[0]] = _weight(weight)
    return weights.get("application/json", 0) > weights.get("text/html", 0)


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0


def told(page: Page, checkout: Checkout | None, notation: Notation) -> dict[str, Any]:
    """The JSON of the contract."""
    presentment = checkout.presentment if checkout else None
    return {
        "status": page.view.status.value,
        "items": _items(checkout, notation) if isinstance(checkout, Order) else None,
        **(_sums(checkout, notation) if checkout else dict.fromkeys((*_PARTS, "total"))),
        "presented": _money(presentment.amount, presentment.currency, notation) if presentment else None,
        **_refund(page.view.refund, notation),
        "refresh_seconds": page.refresh,
        **({"problem": "broken_link"} if page.broken_link else {}),
    }


def _sums(checkout: Checkout, notation: Notation) -> dict[str, Any]:
    """The total, and its parts if they add up to it, else null. `included_tax` is not added."""
    parts, currency = sums(checkout), checkout.currency
    known = (
        (parts.subtotal, -parts.discount, parts.shipping, parts.added_tax, parts.contained_tax)
        if parts
        else [None] * len(_PARTS)
    )
    amounts = zip((*_PARTS, "total"), (*known, checkout.amount_total), strict=True)
    return {name: _money(minor, currency, notation) for name, minor in amounts}


def _refund(refund: BuyerRefund | None, notation: Notation) -> dict[str, Any]:
    """The word, and the amounts that were refunded and that are under way."""
    if refund is None:
        return dict.fromkeys(("refund", "refunded", "refunding"))
    return {
        "refund": refund.status.value,
        "refunded": _money(refund.refunded, refund.currency, notation),
        "refunding": _money(refund.refunding, refund.currency, notation),
    }


def _items(order: Order, notation: Notation) -> list[dict[str, Any]] | None:
    """The items, without amounts if those contradict the sums."""
    if order.line_items is None:
        return None
    with_amounts = items_add_up(order)
    return [
        {
            "description": each.description,
            "quantity": each.quantity,
            "amount": _money(amount(each) if with_amounts else None, each.currency or order.currency, notation),
        }
        for each in order.line_items
    ]


def _money(minor: int | None, currency: str | None, notation: Notation) -> dict[str, Any] | None:
    if minor is None or currency is None:
        return None
    return {"minor_units": minor, "currency": currency, "text": notation.money(minor, currency)}
