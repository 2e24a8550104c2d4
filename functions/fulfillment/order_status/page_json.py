"""The landing page as JSON: the contract with a shop's own page, and who is answered in it."""

from typing import Any

from fulfillment.domain.checkout import Checkout
from fulfillment.domain.order import Order
from fulfillment.domain.sums import amount, items_add_up, sums
from fulfillment.order_status.page import Page
from fulfillment.presentation.locales import Notation

_PARTS = ("subtotal", "discount", "shipping", "tax", "included_tax")


def prefers_json(accept: str) -> bool:
    """Whether JSON is asked for by name, and HTML is not liked better."""
    liked: dict[str, float] = {}
    for each in accept.lower().split(","):
        kind, _, weight = each.replace(" ", "").partition(";q=")
        liked[kind.partition(";")[0]] = _weight(weight)
    return liked.get("application/json", 0) > liked.get("text/html", 0)


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0


def told(page: Page, checkout: Checkout | None, notation: Notation) -> dict[str, Any]:
    """The JSON of the contract."""
    seen = checkout.presentment if checkout else None
    return {
        "status": page.view.status.value,
        "items": _items(checkout, notation) if isinstance(checkout, Order) else None,
        **(_sums(checkout, notation) if checkout else dict.fromkeys((*_PARTS, "total"))),
        "presented": _money(seen.amount, seen.currency, notation) if seen else None,
        "refresh_seconds": page.refresh,
        **({"problem": "broken_link"} if page.broken_link else {}),
    }


def _sums(checkout: Checkout, notation: Notation) -> dict[str, Any]:
    """The total, and the parts that add up to it, `included_tax` apart; null where they do not."""
    parts, currency = sums(checkout), checkout.currency
    known = (
        (parts.subtotal, -parts.discount, parts.shipping, parts.added_tax, parts.contained_tax)
        if parts
        else [None] * len(_PARTS)
    )
    amounts = zip((*_PARTS, "total"), (*known, checkout.amount_total), strict=True)
    return {name: _money(minor, currency, notation) for name, minor in amounts}


def _items(order: Order, notation: Notation) -> list[dict[str, Any]] | None:
    """The items; without amounts where these contradict the sums."""
    if order.line_items is None:
        return None
    told = items_add_up(order)
    return [
        {
            "description": each.description,
            "quantity": each.quantity,
            "amount": _money(amount(each) if told else None, each.currency or order.currency, notation),
        }
        for each in order.line_items
    ]


def _money(minor: int | None, currency: str | None, notation: Notation) -> dict[str, Any] | None:
    if minor is None or currency is None:
        return None
    return {"minor_units": minor, "currency": currency, "text": notation.money(minor, currency)}
