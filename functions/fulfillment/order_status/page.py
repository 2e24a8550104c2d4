"""The landing page as its reader wants it: HTML by the user's template, or JSON. Neither says anything personal.

The page has one inline stylesheet, named by its nonce, and nothing else: no script, nothing from elsewhere. It looks
again by a header, so that this works without JavaScript and whatever the template is.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, JSONResponse, Response

from fulfillment.domain.buyer_view import FINAL, BuyerStatus, BuyerView
from fulfillment.domain.checkout import Checkout
from fulfillment.domain.ids import SessionId
from fulfillment.domain.order import Order
from fulfillment.domain.sums import amount, items_add_up, sums
from fulfillment.order_status.settings import OrderStatusSettings
from fulfillment.presentation import statement
from fulfillment.presentation.locales import Notation
from fulfillment.presentation.templates import TEMPLATES, Templates

ORDER_STATUS = "order_status"
FINAL_SECONDS = 300
_PARTS = ("subtotal", "discount", "shipping", "tax", "included_tax")
_DONE = {BuyerStatus.AWAITING_PAYMENT: 1, BuyerStatus.PAID: 2, BuyerStatus.FULFILLED: 3}
_HEADERS = {
    "Vary": "Accept, Accept-Language",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",  # the session's id is in the address
    "Strict-Transport-Security": "max-age=31536000",
}
_HTML_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
"""The shop's own page may ask: the session's id is the key, from any page."""
_JSON_HEADERS = {
    **ANY_ORIGIN,
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@dataclass(frozen=True, kw_only=True)
class Page:
    """What is answered: the view, under an HTTP status. `refresh` is when the page looks again, if ever; `quiet` that
    the buyer does not want it to. `broken_link`: the address names no order, as the shop's success_url is wrong.
    """

    view: BuyerView
    http_status: int
    session_id: SessionId | None = None
    refresh: int | None = None
    quiet: bool = False
    broken_link: bool = False


class StatusPage:
    """Writes the page of one shop. ConfigurationError if a template is missing or cannot be read."""

    def __init__(self, settings: OrderStatusSettings, templates: Path = TEMPLATES) -> None:
        self._templates = Templates(templates, [f"{ORDER_STATUS}.html"])
        self._time_zone = settings.time_zone
        self._shop = {"name": _name(settings), "url": settings.shop_url}

    def answer(self, page: Page, asked: Mapping[str, str]) -> Response:
        """The whole answer to a request with those headers."""
        checkout = page.view.checkout
        checkout = checkout and statement.clean(checkout)
        zone, languages = self._time_zone, asked.get("accept-language", "")
        notation = Notation.of(checkout, zone) if checkout else Notation.spoken(languages, zone)
        headers = _HEADERS | {"Cache-Control": _caching(page)}
        headers |= {"Retry-After": str(page.refresh or 60)} if page.http_status == 503 else {}
        if prefers_json(asked.get("accept", "")):
            return JSONResponse(_told(page, checkout, notation), page.http_status, headers | _JSON_HEADERS)
        headers |= {"Refresh": str(page.refresh)} if page.refresh and not page.quiet else {}
        nonce = secrets.token_urlsafe(12)
        html = self._templates.render(ORDER_STATUS, "html", notation.tags, self._facts(page, checkout, notation, nonce))
        headers |= _HTML_HEADERS | {"Content-Security-Policy": _policy(nonce)}
        return HTMLResponse(html, page.http_status, headers)

    def _facts(self, page: Page, checkout: Checkout | None, notation: Notation, nonce: str) -> dict[str, Any]:
        """What the template is told; templates/README.md is its documentation."""
        status = page.view.status
        sold_at = statement.sold_at(checkout) if checkout else None
        address = f"?session_id={page.session_id}" if page.session_id else None
        return {
            "standing": status.value,
            "broken_link": page.broken_link,
            "steps_done": _DONE.get(status, 0),
            "shop": self._shop,
            "items": statement.items(checkout, notation) if isinstance(checkout, Order) else [],
            "totals": statement.totals(checkout, notation) if checkout else None,
            "date": notation.date(sold_at) if sold_at else None,
            "long_date": notation.date,
            "reference": page.session_id,
            "refreshing": bool(page.refresh) and not page.quiet,
            "again_url": address if status not in FINAL else None,
            "quiet_url": f"{address}&refresh=off",
            "nonce": nonce,
        }


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


def _told(page: Page, checkout: Checkout | None, notation: Notation) -> dict[str, Any]:
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


def _caching(page: Page) -> str:
    """What cannot change any more is kept for a while, by the buyer's own browser alone."""
    return f"private, max-age={FINAL_SECONDS}" if page.view.status is BuyerStatus.FULFILLED else "no-store"


def _policy(nonce: str) -> str:
    allowed = f"default-src 'none'; style-src 'nonce-{nonce}'; img-src data:"
    return f"{allowed}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def _name(settings: OrderStatusSettings) -> str | None:
    if settings.email_from:
        return settings.email_from.display_name or settings.email_from.domain
    return urlsplit(settings.shop_url).hostname if settings.shop_url else None
