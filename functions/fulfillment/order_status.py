"""Where is my order? The buyer's landing page: `success_url = …?session_id={CHECKOUT_SESSION_ID}`.

| request                                                       | answer                                        |
|---------------------------------------------------------------|-----------------------------------------------|
| not GET or HEAD                                               | 405                                           |
| an id of another shape, or of the other mode                  | 404, and nobody is asked                      |
| an id that Stripe does not know, or that is no order of ours  | 404, the very same page                       |
| an order that waits, failed, is paid or fulfilled             | 200                                           |
| not known yet: Stripe could not be asked, or there are        | 202: the page looks again by itself           |
|   connected accounts, whose sessions it does not show         |                                               |
| Firestore did not answer, or anything else is broken here     | 503: the page looks again by itself           |

The page is HTML, or JSON for who asks for it (`Accept: application/json`), and tells nothing personal: the status, what
was bought, and for how much. While it is not final it looks again by itself, ever more seldom (`domain.standing`).
"""

import asyncio
import re

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from fulfillment.domain.checkout import SessionId
from fulfillment.domain.standing import Known, Standing, is_settled, known, refresh_seconds
from fulfillment.errors import CorruptOrder, StoreUnavailable
from fulfillment.lookup import Lookup
from fulfillment.orders import Orders
from fulfillment.settings import OrderStatusSettings
from fulfillment.status_page import StatusPage, View
from fulfillment.telemetry import Line, Trace
from fulfillment.visits import Visit, Visits

NOT_FOUND = View(known=Known(standing=Standing.NOT_FOUND), status=404)
STORE_SECONDS = 8  # a buyer is waiting; a first call on a cold instance takes its time
_STATUS = {Standing.CONFIRMING: 202, Standing.NOT_FOUND: 404}


class OrderStatus:
    """The landing page. Without a lookup Stripe is not asked."""

    def __init__(
        self, settings: OrderStatusSettings, orders: Orders, lookup: Lookup | None, page: StatusPage, visits: Visits
    ) -> None:
        self.settings, self._orders, self._lookup, self._page, self._visits = settings, orders, lookup, page, visits
        self._id = re.compile(rf"cs_{'live' if settings.livemode else 'test'}_[A-Za-z0-9_]{{1,240}}")

    async def __call__(self, request: Request) -> Response:
        """The answer to one request."""
        with Line("order_status", self.settings.project, trace=Trace.of(request.headers)) as line:
            if request.method not in {"GET", "HEAD"}:
                line.say("INFO", "not a GET", outcome="refused")
                line.note(status=405)
                return PlainTextResponse("method not allowed\n", 405, {"Allow": "GET, HEAD"})
            view = await self._view(request, line)
            line.note(standing=view.known.standing.value, status=view.status)
            return self._answer(view, request, line)

    def _answer(self, view: View, request: Request, line: Line) -> Response:
        """The page, or, if the user's own template breaks it, a line of text."""
        try:
            return self._page.answer(view, request.headers)
        except Exception as error:  # noqa: BLE001 - its text is nothing for a buyer
            line.say("ERROR", "the page cannot be written: look at templates/order_status.html", outcome="failed")
            line.blame(error)
            line.note(status=503)
            return PlainTextResponse("Please look again in a minute.\n", 503, {"Refresh": "60", "Retry-After": "60"})

    async def _view(self, request: Request, line: Line) -> View:
        """What is shown, whatever happens."""
        asked = request.query_params.getlist("session_id")
        if len(asked) != 1 or not self._id.fullmatch(asked[0]):
            line.say("INFO", "not a session's id of this mode", outcome="refused")
            return NOT_FOUND
        session_id, visit = SessionId(asked[0]), self._visits.of(asked[0])
        line.note(session=session_id)
        status, standing = 503, Known(standing=Standing.CONFIRMING)
        try:
            standing = await self._look(session_id, visit, line)
            status = _STATUS.get(standing.standing, 200)
        except (StoreUnavailable, TimeoutError) as error:
            line.say("WARNING", "Firestore did not answer; the page will look again", outcome="unavailable")
            line.blame(error)
        except CorruptOrder as error:
            line.say("ERROR", f"a person must look: {error.reason}", outcome="failed")
        except Exception as error:  # noqa: BLE001 - the buyer sees a page, whatever is broken
            line.say("ERROR", "failed unexpectedly; the page will look again", outcome="failed")
            line.blame(error)
        if status == 404:
            return NOT_FOUND
        refresh = refresh_seconds(standing.standing, self._visits.age(visit))
        quiet = request.query_params.get("refresh") == "off"
        return View(known=standing, status=status, session_id=session_id, refresh=refresh, quiet=quiet)

    async def _look(self, session_id: SessionId, visit: Visit, line: Line) -> Known:
        """The order, and what Stripe adds to it. Raises StoreUnavailable, TimeoutError and CorruptOrder."""
        async with asyncio.timeout(STORE_SECONDS):
            stored = await self._orders.get(session_id)
        order = stored.order if stored else None
        reading = None
        if self._lookup and not is_settled(order):
            reading = await self._lookup.ask(session_id, order, visit, line)
        if self.settings.connect and reading and not reading.found:
            reading = None  # it may be of any connected account: only its event tells
        seen = known(order, reading)
        if not line.message:
            line.say("INFO", f"the buyer is told: {seen.standing.value}", outcome="shown")
        return seen
