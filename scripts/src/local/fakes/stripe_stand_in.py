"""A stand-in of Stripe on loopback, for the product and for the official Stripe CLI: no account, no internet.

The requests of the CLI 1.52.0:

    stripe listen         see `stripe_stand_in_cli`
    stripe trigger        POST /v1/products, POST /v1/prices, POST /v1/checkout/sessions,
      checkout.session.…  GET /v1/payment_pages/{session}, POST /v1/payment_methods,
                          POST /v1/payment_pages/{session}/confirm: the buyer pays
    stripe refunds create POST /v1/refunds
    stripe events resend  POST /v1/events/{event}/retry
    scripts/ops events    GET /v1/events?types[]=…&created[gte]=…&delivery_success=false

The product's requests: see `stripe_stand_in_api`; those of `scripts/ops`: `stripe_stand_in_endpoints` and
`stripe_stand_in_destinations`. Any other event: `stripe_stand_in_events`.

    python -m local.fakes.stripe_stand_in --port 4242
    stripe listen --api-base http://127.0.0.1:4242 --no-wss --events … --forward-to …
    STRIPE_API_KEY=sk_test_local_stand_in STRIPE_API_BASE=http://127.0.0.1:4242
"""

import argparse
import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from local.fakes.stripe_events import COMPLETED, FAILED, SECRET, SUCCEEDED, Json, event, line_item, new_id
from local.fakes.stripe_stand_in_api import ReadableStripe, authorized, find, page, refuse
from local.fakes.stripe_stand_in_cli import StripeListen
from local.fakes.stripe_stand_in_destinations import StripeDestinationsStandIn
from local.fakes.stripe_stand_in_endpoints import StripeEndpointsStandIn
from local.fakes.stripe_stand_in_events import SendableEvents
from local.fakes.stripe_stand_in_forms import form_of, open_session

PREFIXES = {"products": "prod", "prices": "price", "payment_methods": "pm"}
DELAYED = {"acss_debit", "au_becs_debit", "bacs_debit", "sepa_debit", "us_bank_account"}
BROKE = {"IT60X0542811101000000123456", "000111111113", "000111111116"}  # `stripe trigger` pays with the first


class StripeStandIn(ReadableStripe, StripeListen, SendableEvents, StripeEndpointsStandIn, StripeDestinationsStandIn):
    """Stripe, as far as a checkout, the product and the CLI need it. These may be read at any time:

    `objects`     products, prices and payment methods, by id
    `events`      every event, by id, oldest first
    `undelivered` the ids of events that no endpoint accepted
    `resent`      each resent event, and the endpoint in the request: (id, we_… or None)
    and the attributes of its base classes
    """

    def __init__(self, secret: str = SECRET, webhook: str | None = None) -> None:
        ReadableStripe.__init__(self)
        StripeListen.__init__(self, secret)
        SendableEvents.__init__(self, webhook)
        StripeEndpointsStandIn.__init__(self)
        StripeDestinationsStandIn.__init__(self)
        self.objects: dict[str, Json] = {}
        self.events: dict[str, Json] = {}
        self.undelivered: set[str] = set()
        self.resent: list[tuple[str, str | None]] = []

    def app(self) -> Starlette:
        """The API. An unknown path gets a 404 in Stripe's format that names it."""
        post = ["POST"]
        routes = [
            Route("/", _greet),
            *self.listen_routes(),
            *self.read_routes(),
            *self.sending_routes(),
            *self.endpoint_routes(),
            *self.destination_routes(self.faulty),
            *(Route(f"/v1/{kind}", self._create, methods=post) for kind in PREFIXES),
            Route("/v1/checkout/sessions", self._open, methods=post),
            Route("/v1/payment_pages/{id}", self._page),
            Route("/v1/payment_pages/{id}/confirm", self._confirm, methods=post),
            Route("/v1/events", self._list_events),
            Route("/v1/events/{id}/retry", self._retry, methods=post),
            *self.other_routes(),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: refuse})

    async def send(self, event_type: str, of: Json) -> Json:
        """Makes an event about a session as it is now, and delivers it."""
        made = event(event_type, dict(of))
        self.events[made["id"]] = made
        await self.deliver(made)
        return made

    async def _create(self, request: Request) -> Response:
        kind = request.url.path.rpartition("/")[2]
        made = {"id": new_id(PREFIXES[kind]), "object": kind.removesuffix("s"), **await form_of(request)}
        self.objects[made["id"]] = made
        return JSONResponse(made)

    async def _open(self, request: Request) -> Response:
        """Opens a session that is not paid yet."""
        form = await form_of(request)
        items = [self._item(each) for each in form["line_items"].values()]
        opened = open_session(items, form)
        self.sessions[opened["id"]], self.line_items[opened["id"]] = opened, items
        return JSONResponse(opened)

    def _item(self, line: Json) -> Json:
        price = find(self.objects, line.get("price", ""))
        amounts = {"unit_amount": int(price["unit_amount"]), "currency": price["currency"]}
        name = self.objects.get(price.get("product", ""), {}).get("name")
        item = line_item(**amounts, quantity=int(line.get("quantity", "1")), description=name)
        own = {"id": item["price"]["id"]}  # fixed, for hooks that check price ids
        return item | {"price": item["price"] | price | amounts | own}

    async def _page(self, request: Request) -> Response:
        return JSONResponse(find(self.sessions, request.path_params["id"]))

    async def _confirm(self, request: Request) -> Response:
        paying = find(self.sessions, request.path_params["id"])
        method = find(self.objects, (await form_of(request)).get("payment_method", ""))
        if paying["status"] != "open":
            raise HTTPException(400, "This Checkout Session is no longer open")
        await self._pay(paying, method)
        return JSONResponse(paying)

    async def _pay(self, paying: Json, method: Json) -> None:
        """Completes the checkout. A delayed payment succeeds or fails right after it."""
        delayed = method["type"] in DELAYED
        paying |= {"status": "complete", "payment_status": "unpaid" if delayed else "paid"}
        paying |= {"payment_intent": new_id("pi"), "customer_details": method.get("billing_details")}
        await self.send(COMPLETED, paying)
        if delayed:
            fails = not BROKE.isdisjoint(method[method["type"]].values())
            paying["payment_status"] = "unpaid" if fails else "paid"
            await self.send(FAILED if fails else SUCCEEDED, paying)

    async def _list_events(self, request: Request) -> Response:
        asked = request.query_params
        types = {text for name, text in asked.multi_items() if name.startswith("types[")}
        fitting = [
            each
            for each in self.events.values()
            if each["livemode"] is ("_live_" in authorized(request))
            and (not types or each["type"] in types)
            and each["created"] >= int(asked.get("created[gte]", "0"))
            and asked.get("delivery_success", str(each["id"] not in self.undelivered).lower())
            == str(each["id"] not in self.undelivered).lower()
        ]
        return JSONResponse(page(fitting[::-1], request))

    async def _retry(self, request: Request) -> Response:
        known = find(self.events, request.path_params["id"])
        self.resent.append((known["id"], (await form_of(request)).get("webhook_endpoint")))
        await self.deliver(known)
        return JSONResponse(known)


class _Server(uvicorn.Server):
    """Leaves the signals to the program in which it serves."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures nothing."""
        yield


@contextlib.asynccontextmanager
async def serve(stand_in: StripeStandIn) -> AsyncIterator[str]:
    """Serves it in this event loop on a free port of loopback; yields its base URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else every answer waits for an ack
        config = uvicorn.Config(stand_in.app(), log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        server = _Server(config)
        serving = asyncio.create_task(server.serve([listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


async def _greet(_request: Request) -> Response:
    return PlainTextResponse("A stand-in of Stripe.\n")


def main() -> None:
    """Serves until it is stopped."""
    parser = argparse.ArgumentParser(description="A stand-in of Stripe on loopback: its API and its CLI.")
    parser.add_argument("--port", type=int, default=4242)
    parser.add_argument("--webhook", help="the URL to which POST /local/events sends events")
    asked = parser.parse_args()
    app = StripeStandIn(webhook=asked.webhook).app()
    uvicorn.run(app, host="127.0.0.1", port=asked.port, timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
