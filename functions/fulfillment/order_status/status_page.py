"""Writes the order status page as HTML with the user's template, or as JSON. Neither holds personal data.

The page has one inline stylesheet with a nonce: no script, and nothing from other sites. It reloads by a header, which
works without JavaScript and with any template.
"""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, JSONResponse, Response

from fulfillment.domain.buyer_view import FINAL, BuyerRefund, BuyerStatus
from fulfillment.domain.checkout import Checkout
from fulfillment.domain.order import Order
from fulfillment.order_status.page import Page
from fulfillment.order_status.page_json import prefers_json, told
from fulfillment.order_status.settings import OrderStatusSettings
from fulfillment.presentation import statement
from fulfillment.presentation.locales import Notation
from fulfillment.presentation.templates import TEMPLATES, Templates

ORDER_STATUS = "order_status"
FINAL_SECONDS = 300
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
"""The shop's own page may send requests. The session's id is the key, so any origin is allowed."""
_JSON_HEADERS = {
    **ANY_ORIGIN,
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


class StatusPage:
    """Writes the page of one shop. Raises ConfigurationError if a template is missing or cannot be read."""

    def __init__(self, settings: OrderStatusSettings, templates: Path = TEMPLATES) -> None:
        self._templates = Templates(templates, [f"{ORDER_STATUS}.html"])
        self._time_zone = settings.time_zone
        self._shop = {"name": _name(settings), "url": settings.shop_url}

    def answer(self, page: Page, request_headers: Mapping[str, str]) -> Response:
        """The answer to a request with those headers."""
        checkout = page.view.checkout
        checkout = checkout and statement.clean(checkout)
        zone, languages = self._time_zone, request_headers.get("accept-language", "")
        notation = Notation.of(checkout, zone) if checkout else Notation.spoken(languages, zone)
        headers = _HEADERS | {"Cache-Control": _caching(page)}
        headers |= {"Retry-After": str(page.refresh or 60)} if page.http_status == 503 else {}
        if prefers_json(request_headers.get("accept", "")):
            return JSONResponse(told(page, checkout, notation), page.http_status, headers | _JSON_HEADERS)
        headers |= {"Refresh": str(page.refresh)} if page.refresh and not page.quiet else {}
        nonce = secrets.token_urlsafe(12)
        html = self._templates.render(ORDER_STATUS, "html", notation.tags, self._facts(page, checkout, notation, nonce))
        headers |= _HTML_HEADERS | {"Content-Security-Policy": _policy(nonce)}
        return HTMLResponse(html, page.http_status, headers)

    def _facts(self, page: Page, checkout: Checkout | None, notation: Notation, nonce: str) -> dict[str, Any]:
        """The variables of the template. templates/README.md documents them."""
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
            "refund": _refund(page.view.refund, notation),
            "date": notation.date(sold_at) if sold_at else None,
            "long_date": notation.date,
            "reference": page.session_id,
            "refreshing": bool(page.refresh) and not page.quiet,
            "again_url": address if status not in FINAL else None,
            "quiet_url": f"{address}&refresh=off",
            "nonce": nonce,
        }


def _refund(refund: BuyerRefund | None, notation: Notation) -> dict[str, Any] | None:
    """The refunds as texts. Unknown and zero amounts are None."""
    if refund is None:
        return None
    return {
        "status": refund.status.value,
        "refunded": statement.money(refund.refunded or None, refund.currency, notation),
        "refunding": statement.money(refund.refunding or None, refund.currency, notation),
        "in_full": refund.in_full,
    }


def _caching(page: Page) -> str:
    """The Cache-Control header. Only the buyer's browser caches the page, and only once the order is fulfilled."""
    return f"private, max-age={FINAL_SECONDS}" if page.view.status is BuyerStatus.FULFILLED else "no-store"


def _policy(nonce: str) -> str:
    allowed = f"default-src 'none'; style-src 'nonce-{nonce}'; img-src data:"
    return f"{allowed}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def _name(settings: OrderStatusSettings) -> str | None:
    if settings.email_from:
        return settings.email_from.display_name or settings.email_from.domain
    return urlsplit(settings.shop_url).hostname if settings.shop_url else None
