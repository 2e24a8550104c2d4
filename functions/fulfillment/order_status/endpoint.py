"""The buyer's order status page: `success_url = …?session_id={CHECKOUT_SESSION_ID}`.

| request                                                       | answer                                        |
|---------------------------------------------------------------|-----------------------------------------------|
| OPTIONS                                                       | 204: pages of other origins may send requests |
| not GET, HEAD or OPTIONS                                      | 405                                           |
| no id, because the shop's success_url is wrong                | 404, a page that says so: nothing is read     |
| no id, or one of another format or of the other mode          | 404: Stripe and the orders are not read       |
| an id that Stripe does not know, or not of this deployment    | 404, the same page                            |
| an order that waits, failed, is paid or fulfilled             | 200                                           |
| not known yet: Stripe was not read, or the session may be of  | 202: the page reloads by itself               |
|   a connected account, which Stripe does not show             |                                               |
| Firestore did not answer, or another error here               | 503: the page reloads by itself               |

The page is HTML, or JSON on request (`Accept: application/json`). It shows the status, the items and the amounts, and
no personal data. Until its status is final it reloads with growing pauses (`domain.buyer_view`).
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
    "Access-Control-Allow-Headers": "*",  # a shop's page may send its own headers, for example for tracing
    "Access-Control-Max-Age": "7200",  # browsers cache it for about two hours at most
    "Allow": METHODS,
}
STORE_SECONDS = 8  # a buyer is waiting, but the first call on a cold instance is slow
_BROKEN = ANY_ORIGIN | {"Refresh": "60", "Retry-After": "60"}
_STATUS = {BuyerStatus.CONFIRMING: 202, BuyerStatus.NOT_FOUND: 404}


class OrderStatus:
    """The order status page. Without a lookup Stripe is not read."""

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
        """The page, or a line of text if the user's template fails."""
        try:
            return self._page.answer(page, request.headers)
        except Exception as error:  # noqa: BLE001 - the buyer must not see its text
            line.say("ERROR", "the page cannot be written: look at templates/order_status.html", outcome="failed")
            line.blame(error)
            line.note(status=503)
            return PlainTextResponse("Please look again in a minute.\n", 503, _BROKEN)

    async def _find(self, request: Request, line: Line) -> Page:
        """The page to show. Every error gives a page too."""
        ids = set(request.query_params.getlist(PARAMETER))
        only_id = ids.pop() if len(ids) == 1 else ""
        if not self._id.fullmatch(only_id):
            return _refused(request, line)
        session_id, cached = SessionId(only_id), self._sessions.of(only_id)
        line.note(session=session_id)
        http_status, view = 503, BuyerView(status=BuyerStatus.CONFIRMING)
        try:
            view = await self._look(session_id, cached, line)
            http_status = _STATUS.get(view.status, 200)
        except (StoreUnavailable, TimeoutError) as error:
            line.say("WARNING", "Firestore did not answer; the page will reload", outcome="unavailable")
            line.blame(error)
        except CorruptOrder as error:
            line.say("ERROR", f"a person must look: {error.reason}", outcome="failed")
        except Exception as error:  # noqa: BLE001 - the buyer gets a page after any error
            line.say("ERROR", "failed unexpectedly; the page will reload", outcome="failed")
            line.blame(error)
        if http_status == 404:
            return NOT_FOUND
        refresh = refresh_seconds(view.status, self._sessions.age(cached))
        quiet = request.query_params.get("refresh") == "off"
        return Page(view=view, http_status=http_status, session_id=session_id, refresh=refresh, quiet=quiet)

    async def _look(self, session_id: SessionId, cached: CachedSession, line: Line) -> BuyerView:
        """The view of the order and Stripe's answer. Raises StoreUnavailable, TimeoutError and CorruptOrder."""
        async with asyncio.timeout(STORE_SECONDS):
            stored = await self._orders.get(session_id)
        order = stored.order if stored else None
        answer = None
        if self._lookup and not is_settled(order):
            answer = await self._lookup.ask(session_id, order, cached, line)
            await self._claims.publish(cached, order, line)
        if self.settings.connect and answer and not answer.event:
            answer = None  # it may be of a connected account: only its event shows that
        view = buyer_view(order, answer)
        if not line.message:
            line.say("INFO", f"the buyer is told: {view.status.value}", outcome="shown")
        return view


def _without_a_page(method: str, line: Line) -> Response:
    """The answer to another method. A CORS preflight request is granted."""
    if method == "OPTIONS":
        line.say("INFO", "a preflight request of a page of another origin", outcome="preflight")
        line.note(status=204)
        return Response(status_code=204, headers=_PREFLIGHT)
    line.say("INFO", "not a GET", outcome="refused")
    line.note(status=405)
    return PlainTextResponse("method not allowed\n", 405, ANY_ORIGIN | {"Allow": METHODS})


def _refused(request: Request, line: Line) -> Page:
    """The page for an address without a valid session id."""
    if problem := fault(request.query_params.multi_items(), request.url.path):
        line.say("WARNING", f"the shop's success_url is wrong: {problem}; {RIGHT}", outcome="refused")
        line.note(cause="success_url")
        return BROKEN_LINK
    line.say("INFO", "not a session's id of this mode", outcome="refused")
    return NOT_FOUND
