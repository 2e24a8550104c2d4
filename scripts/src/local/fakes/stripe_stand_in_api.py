"""The stand-in's API for reading, as Stripe's:

    GET /v1/checkout/sessions?limit=100&starting_after=cs_…&status=complete&created[gte]=…&created[lt]=…
    GET /v1/checkout/sessions?payment_intent=pi_…&expand[]=data.payment_intent, ?subscription=sub_…
    GET /v1/checkout/sessions/{session}?expand[]=payment_intent
    GET /v1/checkout/sessions/{session}/line_items?limit=100&starting_after=li_…
    GET /v1/payment_intents?limit=1&created[lt]=…               always empty
    GET /v1/payment_intents/{intent}?expand[]=latest_charge.review
    GET /v1/refunds, /v1/disputes, …, /v1/invoice_payments?…    by the filters of `stripe_lists`
    GET /v1/…, /v2/…                                            any other object, by its path

It answers 401 without a key, 400 for an organization's key without a context, 400 for a filter that the list does not
have, and 404 for an object that is unknown, of the other mode or of another account.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.fakes.stripe_events import Json
from local.fakes.stripe_lists import FILTERS, SESSIONS, by_id, expanded, is_live, selected, under


class ReadableStripe:
    """Sessions, their line items, and faults of reads. Everything may be set at any time:

    `sessions`    Checkout Sessions as they are now, by id, oldest first
    `intents`     PaymentIntents, by id
    `line_items`  the line items of each session, made by `stripe_events.line_item`, by the session's id
    `others`      any other object, by its path: `/v1/invoices/in_1`. It is in the list of its path
    `accounts`    the connected account of an object, by the object's id; without one it is our own
    `faults`      the next answers to reads: a status, a response, or None for a normal answer
    `delay`       seconds that every read takes
    `after_page`  called after every page of line items
    `reads`       every read request
    `lacking`     the permissions that keys do not have: a path -> Stripe's name of it
    """

    def __init__(self) -> None:
        self.sessions: dict[str, Json] = {}
        self.intents: dict[str, Json] = {}
        self.line_items: dict[str, list[Json]] = {}
        self.others: dict[str, Json] = {}
        self.accounts: dict[str, str] = {}
        self.faults: list[int | Response | None] = []
        self.delay = 0.0
        self.after_page: Callable[[], object] = lambda: None
        self.reads: list[Request] = []
        self.lacking: dict[str, str] = {}

    def read_routes(self) -> list[Route]:
        """The routes for reading."""
        return [
            *(Route(path, self._list, methods=["GET"]) for path in FILTERS),
            Route("/v1/checkout/sessions/{id}", self._session),
            Route("/v1/checkout/sessions/{id}/line_items", self._line_items),
            Route("/v1/payment_intents", self._intents),
            Route("/v1/payment_intents/{id}", self._intent),
        ]

    def other_routes(self) -> list[Route]:
        """The route for any other object. Routes for certain paths go before it."""
        return [Route("/{path:path}", self._other)]

    async def _other(self, request: Request) -> Response:
        if fault := await self._fault(request):
            return fault
        return JSONResponse(self._visible(request, self.others, request.url.path))

    async def _session(self, request: Request) -> Response:
        if fault := await self._fault(request):
            return fault
        return JSONResponse(expanded(self._visible_session(request), _expansions(request), self._known))

    async def _intent(self, request: Request) -> Response:
        if fault := await self._fault(request):
            return fault
        wanted = request.path_params["id"]
        known = wanted in self.intents
        found = self._visible(request, *((self.intents, wanted) if known else (self.others, request.url.path)))
        return JSONResponse(expanded(found, _expansions(request), self._known))

    async def _list(self, request: Request) -> Response:
        if fault := await self._fault(request):
            return fault
        path, account, livemode = request.url.path, _account(request), "_live_" in authorized(request)
        listed = self.sessions.values() if path == SESSIONS else under(path, self.others)
        own = [e for e in listed if self.accounts.get(e["id"]) == account and is_live(e, self._known) is livemode]
        answer = page(selected(own, _filters(request)), request)
        inside = [each.removeprefix("data.") for each in _expansions(request)]
        return JSONResponse(answer | {"data": [expanded(each, inside, self._known) for each in answer["data"]]})

    def _known(self, wanted: str) -> Json | None:
        """The object of that id, or None."""
        return by_id(wanted, self.others, self.intents, self.sessions)

    async def _intents(self, request: Request) -> Response:
        if fault := await self._fault(request):
            return fault
        return JSONResponse(page([], request))

    async def _line_items(self, request: Request) -> Response:
        if fault := await self._fault(request):
            return fault
        listed = page(self.line_items.get(self._visible_session(request)["id"], []), request)
        self.after_page()
        return JSONResponse(listed)

    async def _fault(self, request: Request) -> Response | None:
        self.reads.append(request)
        refuse_lacking(request, self.lacking)
        await asyncio.sleep(self.delay)
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, int):
            raise HTTPException(fault, "A fault from the test")
        return fault

    def _visible_session(self, request: Request) -> Json:
        """The requested session, if the key may see it."""
        return self._visible(request, self.sessions, request.path_params["id"])

    def _visible(self, request: Request, among: Mapping[str, Json], wanted: str) -> Json:
        """The requested object, if the key may see it."""
        key, found = authorized(request), find(among, wanted)
        own = _account(request) == self.accounts.get(found["id"])
        if not own or (key[2:7] != "_org_" and is_live(found, self._known) is not ("_live_" in key)):
            raise HTTPException(404, f"No such {found.get('object', 'object')}: '{found['id']}'")
        return found


def _expansions(request: Request) -> list[str]:
    return [text for name, text in request.query_params.multi_items() if name.startswith("expand[")]


def _filters(request: Request) -> dict[str, str]:
    """The filters of a list. 400 for an unknown one."""
    asked = {name: text for name, text in request.query_params.items() if not name.startswith("expand[")}
    filters = {name: text for name, text in asked.items() if name not in {"limit", "starting_after"}}
    if unknown := {name.partition("[")[0] for name in filters} - FILTERS[request.url.path]:
        raise HTTPException(400, f"Received unknown parameter: {min(unknown)}")
    return filters


def refuse_lacking(request: Request, lacking: Mapping[str, str]) -> None:
    """403 for a path under one whose permission the key does not have, as Stripe words it."""
    for path, permission in lacking.items():
        if request.url.path.startswith(path):
            key = f"The provided key '{authorized(request)[:8]}***' does not have the required permissions"
            raise HTTPException(403, f"{key} for this endpoint. Having the '{permission}' permission would allow it.")


def _account(request: Request) -> str | None:
    """The requested account: `Stripe-Account`, or the end of the path in `Stripe-Context`."""
    context = request.headers.get("stripe-context")
    if context is None and authorized(request)[2:7] == "_org_":
        raise HTTPException(400, "A request with an organization's key needs the header Stripe-Context")
    return context.rpartition("/")[2] if context else request.headers.get("stripe-account")


def authorized(request: Request) -> str:
    """The key of the request, or 401."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not key:
        raise HTTPException(401, "You did not provide an API key")
    return key


def page(items: Sequence[Json], request: Request) -> Json:
    """One page: ten items by default, a hundred at most."""
    limit, after = int(request.query_params.get("limit", "10")), request.query_params.get("starting_after")
    if not 1 <= limit <= 100:
        raise HTTPException(400, "Invalid limit: it must be from 1 to 100")
    ids = [item["id"] for item in items]
    if after and after not in ids:
        raise HTTPException(400, f"No such item: '{after}'", {"Param": "starting_after"})
    start = ids.index(after) + 1 if after else 0
    data = items[start : start + limit]
    return {"object": "list", "data": data, "has_more": start + limit < len(items), "url": request.url.path}


def find(among: Mapping[str, Json], wanted: str) -> Json:
    """The object of that id, or 404."""
    if wanted not in among:
        raise HTTPException(404, f"No such object: '{wanted}'")
    return among[wanted]


async def refuse(request: Request, error: Exception) -> Response:
    """An error in Stripe's format."""
    refusal = error if isinstance(error, HTTPException) else HTTPException(500)
    message = f"{refusal.detail} ({request.method}: {request.url.path})"
    param = (refusal.headers or {}).get("Param")
    error_body = {"type": "invalid_request_error", "message": message} | ({"param": param} if param else {})
    if request.url.path.startswith("/v2/"):
        error_body = {"code": "not_found" if refusal.status_code == 404 else "invalid_fields", "message": message}
    return JSONResponse({"error": error_body}, refusal.status_code)
