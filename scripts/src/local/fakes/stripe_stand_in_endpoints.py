"""The webhook endpoints of the stand-in of Stripe, as `scripts/ops` calls them:

    GET  /v1/webhook_endpoints?limit=10&starting_after=we_…     newest first
    POST /v1/webhook_endpoints                                  the only answer with the secret
    GET, POST, DELETE /v1/webhook_endpoints/{endpoint}

As at Stripe: 401 without a key; an endpoint belongs to a mode, and a key sees only its own mode; the version cannot be
changed; 16 endpoints at most; a live one needs https; a repeated idempotency key gets the first answer again, also a
500.
"""

import itertools
import re
import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.fakes.stripe_events import Json, new_id
from local.fakes.stripe_stand_in_api import authorized, find, page, refuse_lacking
from local.fakes.stripe_stand_in_cli import API_VERSION

MOST = 16
APPLICATION = "ca_LocalStandIn"
CREATED = {"url", "enabled_events", "api_version", "connect", "metadata", "description"}
Handler = Callable[[Request], Awaitable[Response]]
UPDATED = {"url", "enabled_events", "disabled", "metadata", "description"}


class StripeEndpointsStandIn:
    """Webhook endpoints. Everything may be read and set at any time:

    `endpoints`         by id, oldest first, without their secrets
    `endpoint_secrets`  the signing secret of each, by id
    `endpoint_faults`   faults of the next requests: a response, with nothing done; a status, after the work is done; or
                        None
    `endpoint_calls`    every request: its method and path
    """

    lacking: dict[str, str]

    def __init__(self) -> None:
        self.endpoints: dict[str, Json] = {}
        self.endpoint_secrets: dict[str, str] = {}
        self.endpoint_faults: list[int | Response | None] = []
        self.endpoint_calls: list[str] = []
        self._answered: dict[str, str] = {}
        self._failed: dict[str, int] = {}
        self._clock = itertools.count(1_700_000_000)

    def endpoint_routes(self) -> list[Route]:
        """The routes for endpoints."""
        every, one = "/v1/webhook_endpoints", "/v1/webhook_endpoints/{id}"
        return [
            Route(every, self.faulty(self._list_endpoints)),
            Route(every, self.faulty(self._create_endpoint), methods=["POST"]),
            Route(one, self.faulty(self._read_endpoint)),
            Route(one, self.faulty(self._update_endpoint), methods=["POST"]),
            Route(one, self.faulty(self._delete_endpoint), methods=["DELETE"]),
        ]

    def add_endpoint(self, url: str, events: list[str], **changes: Any) -> Json:
        """An endpoint as the dashboard creates it, with `changes`."""
        made = {
            "id": new_id("we"),
            "object": "webhook_endpoint",
            "api_version": API_VERSION,
            "application": None,
            "created": next(self._clock),
            "description": None,
            "enabled_events": events,
            "livemode": False,
            "metadata": {},
            "status": "enabled",
            "url": url,
        } | changes
        self.endpoint_secrets[made["id"]] = f"whsec_{uuid.uuid4().hex}"
        self.endpoints[made["id"]] = made
        return made

    def faulty(self, handle: Handler) -> Handler:
        """A handler with the faults of a test before or after it."""

        async def answer(request: Request) -> Response:
            self.endpoint_calls.append(f"{request.method} {request.url.path}")
            refuse_lacking(request, self.lacking)
            fault = self.endpoint_faults.pop(0) if self.endpoint_faults else None
            if isinstance(fault, Response):
                return fault
            key = request.headers.get("idempotency-key", "")
            if key in self._failed:
                raise HTTPException(self._failed[key], "A repeated fault")
            done = await handle(request)
            if isinstance(fault, int):
                self._failed |= {key: fault} if key and fault >= 500 else {}
                raise HTTPException(fault, "A fault from the test")
            return done

        return answer

    async def _list_endpoints(self, request: Request) -> Response:
        seen = self._seen_endpoints(request)
        return JSONResponse(page(list(reversed(list(seen.values()))), request))

    async def _read_endpoint(self, request: Request) -> Response:
        found = find(self._seen_endpoints(request), request.path_params["id"])
        return JSONResponse(found)

    async def _create_endpoint(self, request: Request) -> Response:
        seen, form = self._seen_endpoints(request), await _form(request, CREATED)
        key = request.headers.get("idempotency-key", "")
        if key not in self._answered:
            if len(seen) >= MOST:
                raise HTTPException(400, f"You have reached the maximum of {MOST} test webhook endpoints")
            self._answered[key] = self._make_endpoint(form, livemode="_live_" in authorized(request))["id"]
        made = self._answered[key]
        return JSONResponse(self.endpoints[made] | {"secret": self.endpoint_secrets[made]})

    def _make_endpoint(self, form: Json, *, livemode: bool) -> Json:
        if not re.match("https://" if livemode else "https?://", form.get("url", "")):
            raise HTTPException(400, "Invalid URL: URL must be publicly accessible")
        if not form.get("enabled_events"):
            raise HTTPException(400, "Missing required param: enabled_events")
        if not re.fullmatch(r"\d{4}-\d\d-\d\d(\.[a-z]+)?", version := form.get("api_version", API_VERSION)):
            raise HTTPException(400, f"Invalid Stripe API version: {version}")
        known = {name: form[name] for name in ("metadata", "description") if name in form}
        application = APPLICATION if form.get("connect") == "true" else None
        fixed = {"api_version": version, "application": application, "livemode": livemode}
        return self.add_endpoint(form["url"], form["enabled_events"], **known, **fixed)

    async def _update_endpoint(self, request: Request) -> Response:
        found, form = find(self._seen_endpoints(request), request.path_params["id"]), await _form(request, UPDATED)
        found["metadata"] |= form.pop("metadata", {})
        if disabled := form.pop("disabled", None):
            found["status"] = "disabled" if disabled == "true" else "enabled"
        found.update(form)
        return JSONResponse(found)

    async def _delete_endpoint(self, request: Request) -> Response:
        found = find(self._seen_endpoints(request), request.path_params["id"])
        del self.endpoints[found["id"]]
        return JSONResponse({"id": found["id"], "object": found["object"], "deleted": True})

    def _seen_endpoints(self, request: Request) -> dict[str, Json]:
        """The endpoints of the key's mode."""
        livemode = "_live_" in authorized(request)
        return {name: each for name, each in self.endpoints.items() if each["livemode"] is livemode}


async def _form(request: Request, known: set[str]) -> Json:
    """Parses the form by its brackets: `a[0]=x` is a list item, `a[b]=x` an object's. 400 for an unknown name."""
    form: Json = {}
    for name, value in parse_qsl((await request.body()).decode(), keep_blank_values=True):
        first, *rest = re.findall(r"[^\[\]]+", name)
        if first not in known:
            raise HTTPException(400, f"Received unknown parameter: {first}")
        if not rest:
            form[first] = value
        elif rest[0].isdecimal():
            form.setdefault(first, []).append(value)
        else:
            form.setdefault(first, {})[rest[0]] = value
    return form
