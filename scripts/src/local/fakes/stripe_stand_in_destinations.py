"""The event destinations of the stand-in of Stripe, as `scripts/ops` calls them: API version 2, JSON.

    GET  /v2/core/event_destinations?limit=20&include[0]=webhook_endpoint.url     newest first
    POST /v2/core/event_destinations                             the only answer with the secret, if it is included
    GET, POST, DELETE /v2/core/event_destinations/{destination}
    POST /v2/core/event_destinations/{destination}/enable, …/disable

As at Stripe: 401 without a key; a destination belongs to a mode; its type, payload and accounts cannot be changed; its
URL is told only where it is included; a live one needs https; thin types begin with `v1.` or `v2.`.
"""

import itertools
import json
import re
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.fakes.stripe_events import Json, new_id
from local.fakes.stripe_stand_in_api import authorized, find

PATH = "/v2/core/event_destinations"
MOST = 16
ACCOUNTS = {"@self", "@accounts"}
URL, SECRET = "webhook_endpoint.url", "webhook_endpoint.signing_secret"
NEEDED = {"type", "event_payload", "name", "enabled_events"}
CREATED = NEEDED | {"description", "events_from", "include", "metadata", "snapshot_api_version", "webhook_endpoint"}
UPDATED = {"description", "enabled_events", "include", "metadata", "name", "webhook_endpoint"}
Handler = Callable[[Request], Awaitable[Response]]


class StripeDestinationsStandIn:
    """Event destinations. Everything may be read and set at any time:

    `destinations`      by id, oldest first, with their URLs and without their secrets
    and `endpoint_secrets`, `endpoint_faults` and `endpoint_calls` of the endpoints
    """

    endpoint_secrets: dict[str, str]

    def __init__(self) -> None:
        self.destinations: dict[str, Json] = {}
        self._made: dict[str, str] = {}
        self._destinations_clock = itertools.count(1_700_000_500)

    def destination_routes(self, faulty: Callable[[Handler], Handler]) -> list[Route]:
        """The routes for destinations. `faulty` adds the faults of a test."""
        one = f"{PATH}/{{id}}"
        handlers: list[tuple[str, Handler, str]] = [
            (PATH, self._list_destinations, "GET"),
            (PATH, self._create_destination, "POST"),
            (one, self._read_destination, "GET"),
            (one, self._update_destination, "POST"),
            (one, self._delete_destination, "DELETE"),
            (f"{one}/{{verb:str}}", self._switch_destination, "POST"),
        ]
        return [Route(path, faulty(handle), methods=[method]) for path, handle, method in handlers]

    def add_destination(self, url: str, events: list[str], **changes: Any) -> Json:
        """A destination as the dashboard creates it, with `changes`."""
        created = datetime.fromtimestamp(next(self._destinations_clock), UTC).isoformat().replace("+00:00", "Z")
        made: Json = {
            "id": new_id("ed_test"),
            "object": "v2.core.event_destination",
            "type": "webhook_endpoint",
            "created": created,
            "updated": created,
            "name": "from the dashboard",
            "description": "",
            "enabled_events": events,
            "event_payload": "thin",
            "events_from": ["@self"],
            "livemode": False,
            "metadata": {},
            "snapshot_api_version": None,
            "status": "enabled",
            "status_details": None,
            "webhook_endpoint": {"url": url},
            **changes,
        }
        self.endpoint_secrets[made["id"]] = f"whsec_{uuid.uuid4().hex}"
        self.destinations[made["id"]] = made
        return made

    async def _list_destinations(self, request: Request) -> Response:
        """One page. The URL of the next one has this one's parameters."""
        seen = list(reversed(list(self._seen_destinations(request).values())))
        asked = dict(request.query_params)
        limit, start = int(asked.get("limit", "20")), int(asked.get("page", "0"))
        if not 1 <= limit <= 100:
            raise HTTPException(400, "limit: must be from 1 to 100")
        include = {text for name, text in asked.items() if name.startswith("include")}
        after = start + limit
        following = request.url.include_query_params(page=after)
        data = [_shown(each, include) for each in seen[start:after]]
        url = f"{following.path}?{following.query}" if after < len(seen) else None
        return JSONResponse({"data": data, "next_page_url": url, "previous_page_url": None})

    async def _read_destination(self, request: Request) -> Response:
        include = {text for name, text in request.query_params.multi_items() if name.startswith("include")}
        return JSONResponse(_shown(self._asked_destination(request), include))

    async def _create_destination(self, request: Request) -> Response:
        seen, body = self._seen_destinations(request), await _body(request, CREATED)
        key = request.headers.get("idempotency-key", "")
        if key not in self._made:
            if len(seen) >= MOST:
                raise HTTPException(400, f"You have reached the maximum of {MOST} event destinations")
            self._made[key] = self._make_destination(body, livemode="_live_" in authorized(request))["id"]
        made = self._made[key]
        include, secret = set(body.get("include", [])), self.endpoint_secrets[made]
        return JSONResponse(_shown(self.destinations[made], include, secret))

    def _make_destination(self, body: Json, *, livemode: bool) -> Json:
        if missing := sorted(NEEDED - body.keys()):
            raise HTTPException(400, f"{missing[0]}: is required")
        if body["type"] != "webhook_endpoint" or body["event_payload"] != "thin":
            raise HTTPException(400, "This stand-in has only webhook endpoints for thin events")
        if "snapshot_api_version" in body:
            raise HTTPException(400, "snapshot_api_version: is for snapshot events only")
        if not set(body.get("events_from", ["@self"])) <= ACCOUNTS:
            raise HTTPException(400, f"events_from[0]: valid values are: {', '.join(sorted(ACCOUNTS))}")
        _check(body, livemode=livemode)
        names = ("name", "description", "metadata", "events_from")
        known = {name: body[name] for name in names if name in body}
        return self.add_destination(body["webhook_endpoint"]["url"], body["enabled_events"], livemode=livemode, **known)

    async def _update_destination(self, request: Request) -> Response:
        found, body = self._asked_destination(request), await _body(request, UPDATED)
        _check({**found, **body}, livemode=found["livemode"])
        merged = found["metadata"] | body.pop("metadata", {})
        found["metadata"] = {name: text for name, text in merged.items() if text is not None}
        include = set(body.pop("include", []))
        found.update(body)
        return JSONResponse(_shown(found, include))

    async def _switch_destination(self, request: Request) -> Response:
        found, verb = self._asked_destination(request), request.path_params["verb"]
        if verb not in {"enable", "disable"}:
            raise HTTPException(404, "Unrecognized request URL")
        reason = {"disabled": {"reason": "user"}} if verb == "disable" else None
        found |= {"status": f"{verb}d", "status_details": reason}
        return JSONResponse(_shown(found, set()))

    async def _delete_destination(self, request: Request) -> Response:
        found = self._asked_destination(request)
        del self.destinations[found["id"]]
        return JSONResponse({"id": found["id"], "object": found["object"]})

    def _asked_destination(self, request: Request) -> Json:
        return find(self._seen_destinations(request), request.path_params["id"])

    def _seen_destinations(self, request: Request) -> dict[str, Json]:
        """The destinations of the key's mode."""
        livemode = "_live_" in authorized(request)
        return {name: each for name, each in self.destinations.items() if each["livemode"] is livemode}


def _shown(destination: Json, include: set[str], secret: str | None = None) -> Json:
    url = destination["webhook_endpoint"]["url"]
    webhook = {"url": url if URL in include else None, "signing_secret": secret if SECRET in include else None}
    return destination | {"webhook_endpoint": webhook}


def _check(destination: Json, *, livemode: bool) -> None:
    if not re.match(
        "https://" if livemode else "https?://", (destination.get("webhook_endpoint") or {}).get("url", "")
    ):
        raise HTTPException(400, "webhook_endpoint.url: must be publicly accessible")
    events = destination["enabled_events"]
    if not events or not all(each == "*" or each.startswith(("v1.", "v2.")) for each in events):
        raise HTTPException(400, "enabled_events: must be types of thin events")


async def _body(request: Request, known: set[str]) -> Json:
    """The JSON body. 400 for another content, and for an unknown name."""
    if request.headers.get("content-type") != "application/json":
        raise HTTPException(400, "Content-Type: must be application/json")
    body: Json = json.loads(await request.body())
    if unknown := sorted(body.keys() - known):
        raise HTTPException(400, f"{unknown[0]}: unknown field")
    return body
