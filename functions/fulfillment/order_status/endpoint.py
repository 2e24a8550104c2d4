"""Where is my order? The buyer's landing page: `success_url = …?session_id={CHECKOUT_SESSION_ID}`.

| request                                                       | answer                                        |
|---------------------------------------------------------------|-----------------------------------------------|
| OPTIONS                                                       | 204: a page of another origin may ask         |
| not GET, HEAD or OPTIONS                                      | 405                                           |
| no id, by a success_url that is wrong (`success_url`)         | 404, a page of its own: no read               |
| no id at all, or one of another shape or of the other mode    | 404, without a read of Stripe or the orders   |
| an id that Stripe does not know, or that is no order of ours  | 404, the very same page                       |
| an order that waits, failed, is paid or fulfilled             | 200                                           |
| not known yet: Stripe could not be asked, or there are        | 202: the page looks again by itself           |
|   connected accounts, whose sessions it does not show         |                                               |
| Firestore did not answer, or anything else is broken here     | 503: the page looks again by itself           |

The page is HTML, or JSON for who asks for it (`Accept: application/json`), and tells nothing personal: the status, what
was bought, and for how much. While it is not final it looks again by itself, ever more seldom (`domain.buyer_view`).
"""

import asyncio
import re
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from fulfillment.domain.buyer_view import BuyerStatus, BuyerView, buyer_view, is_settled, refresh_seconds
from fulfillment.domain.ids import SessionId
from fulfillment.errors import CorruptOrder, StoreUnavailable
from fulfillment.order_status.lookup import Lookup
from fulfillment.order_status.page import Page
from fulfillment.order_status.publisher import ClaimPublisher
from fulfillment.order_status.session_cache import CachedSession, SessionCache
from fulfillment.order_status.settings import OrderStatusSettings
from fulfillment.order_status.status_page import ANY_ORIGIN, StatusPage
from fulfillment.order_status.success_url import PARAMETER, RIGHT, fault
from fulfillment.orders.store import Orders
from fulfillment.telemetry import Line, Trace

NOT_FOUND = Page(view=BuyerView(status=BuyerStatus.NOT_FOUND), http_status=404)
BROKEN_LINK = replace(NOT_FOUND, broken_link=True)
METHODS = "GET, HEAD, OPTIONS"
_PREFLIGHT = ANY_ORIGIN | {
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": "*",  # a shop's page may bring headers of its own, as tracing does
    "Access-Control-Max-Age": "7200",  # no browser remembers it for much longer
    "Allow": METHODS,
}
STORE_SECONDS = 8  # a buyer is waiting; a first call on a cold instance takes its time
_BROKEN = ANY_ORIGIN | {"Refresh": "60", "Retry-After": "60"}
_STATUS = {BuyerStatus.CONFIRMING: 202, BuyerStatus.NOT_FOUND: 404}


class OrderStatus:
    """The landing page. Without a lookup Stripe is not asked."""

    def __init__(
        self,
        settings: OrderStatusSettings,
        orders: Orders,
        lookup: Lookup | None,
        claims: ClaimPublisher,
        page: StatusPage,
    ) -> None:
        self.settings, self._orders, self._lookup, self._claims, self._page = settings, orders, lookup, claims, page
        self._sessions = SessionCache()
        self._id = re.compile(rf"cs_{'live' if settings.livemode else 'test'}_[A-Za-z0-9_]{{1,240}}")

    async def __call__(self, request: Request) -> Response:
        """The answer to one request."""
        with Line("order_status", self.settings.project, trace=Trace.of(request.headers)) as line:
            if request.method not in {"GET", "HEAD"}:
                return _without_a_page(request.method, line)
            page = await self._find(request, line)
            line.note(standing=page.view.status.value, status=page.http_status)
            return self._answer(page, request, line)

    def _answer(self, page: Page, request: Request, line: Line) -> Response:
        """The page, or, if the user's own template breaks it, a line of text."""
        try:
            return self._page.answer(page, request.headers)
        except Exception as error:  # noqa: BLE001 - its text is nothing for a buyer
            line.say("ERROR", "the page cannot be written: look at templates/order_status.html", outcome="failed")
            line.blame(error)
            line.note(status=503)
            return PlainTextResponse("Please look again in a minute.\n", 503, _BROKEN)

    async def _find(self, request: Request, line: Line) -> Page:
        """What is shown, whatever happens."""
        asked = set(request.query_params.getlist(PARAMETER))
        wanted = asked.pop() if len(asked) == 1 else ""
        if not self._id.fullmatch(wanted):
            return _refused(request, line)
        session_id, cached = SessionId(wanted), self._sessions.of(wanted)
        line.note(session=session_id)
        http_status, view = 503, BuyerView(status=BuyerStatus.CONFIRMING)
        try:
            view = await self._look(session_id, cached, line)
            http_status = _STATUS.get(view.status, 200)
        except (StoreUnavailable, TimeoutError) as error:
            line.say("WARNING", "Firestore did not answer; the page will look again", outcome="unavailable")
            line.blame(error)
        except CorruptOrder as error:
            line.say("ERROR", f"a person must look: {error.reason}", outcome="failed")
        except Exception as error:  # noqa: BLE001 - the buyer sees a page, whatever is broken
            line.say("ERROR", "failed unexpectedly; the page will look again", outcome="failed")
            line.blame(error)
        if http_status == 404:
            return NOT_FOUND
        refresh = refresh_seconds(view.status, self._sessions.age(cached))
        quiet = request.query_params.get("refresh") == "off"
        return Page(view=view, http_status=http_status, session_id=session_id, refresh=refresh, quiet=quiet)

    async def _look(self, session_id: SessionId, cached: CachedSession, line: Line) -> BuyerView:
        """The order, and what Stripe adds to it. Raises StoreUnavailable, TimeoutError and CorruptOrder."""
        async with asyncio.timeout(STORE_SECONDS):
            stored = await self._orders.get(session_id)
        order = stored.order if stored else None
        answer = None
        if self._lookup and not is_settled(order):
            answer = await self._lookup.ask(session_id, order, cached, line)
            await self._claims.publish(cached, order, line)
        if self.settings.connect and answer and not answer.event:
            answer = None  # it may be of any connected account: only its event tells
        view = buyer_view(order, answer)
        if not line.message:
            line.say("INFO", f"the buyer is told: {view.status.value}", outcome="shown")
        return view


def _without_a_page(method: str, line: Line) -> Response:
    """The answer to another method. What a browser asks beforehand, for a page of another origin, is granted."""
    if method == "OPTIONS":
        line.say("INFO", "a browser asks whether a page of another origin may ask", outcome="preflight")
        line.note(status=204)
        return Response(status_code=204, headers=_PREFLIGHT)
    line.say("INFO", "not a GET", outcome="refused")
    line.note(status=405)
    return PlainTextResponse("method not allowed\n", 405, ANY_ORIGIN | {"Allow": METHODS})


def _refused(request: Request, line: Line) -> Page:
    """What is shown where the address has no id that could be one of ours."""
    if problem := fault(request.query_params.multi_items(), request.url.path):
        line.say("WARNING", f"the shop's success_url is wrong: {problem}; {RIGHT}", outcome="refused")
        line.note(cause="success_url")
        return BROKEN_LINK
    line.say("INFO", "not a session's id of this mode", outcome="refused")
    return NOT_FOUND
