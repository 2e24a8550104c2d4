"""Sends any event through the stand-in of Stripe, for handlers. Stripe has no such request:

    POST /local/events?type=invoice.paid                the body is the event's object, in Stripe's format
    POST /local/events?type=invoice.paid&thin=true      the thin event; the object is then read at its own path

The event goes to the webhook itself, so no `stripe listen` is needed. 400 for what cannot be an event, 409 without a
webhook, 502 if the webhook does not take the event.
"""

import re

import httpx
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fulfillment.domain.event_types import THIN
from fulfillment.domain.json_object import load_object
from fulfillment.domain.routes import Routes
from fulfillment.errors import MalformedEvent
from fulfillment.stripe_types import SNAPSHOT
from fulfillment.stripe_types import THIN as THIN_TYPES
from local.fakes.stripe_events import Json, body, event, signature, thin_event
from local.fakes.stripe_stand_in_refunds import RefundableStripe

PATH = "/local/events"
SECONDS = 30
_NAMES = {"id": re.compile(r"[A-Za-z0-9_-]+"), "object": re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")}


class SendableEvents(RefundableStripe):
    """Makes an event about any object, and refunds. `webhook`: the URL to which it is posted, or None."""

    secret: str
    undelivered: set[str]

    def __init__(self, webhook: str | None = None) -> None:
        self.webhook = webhook

    def sending_routes(self) -> list[Route]:
        """The routes for sending."""
        return [Route(PATH, self._send_event, methods=["POST"]), *self.refund_routes()]

    async def _send_event(self, request: Request) -> Response:
        if self.webhook is None:
            raise HTTPException(409, "This stand-in knows no webhook: start it with --webhook URL, as scripts/dev does")
        (family, thin), of = _type_in(request.query_params), _object_in(await request.body())
        told = thin_event(family, of, snapshot_event=self._twin(family, of))
        self._keep(told["related_object"]["url"], of)
        made = told if thin else event(family, of)
        if not thin:
            self.events[made["id"]] = made
        status = await self._post(made, self.webhook)
        return JSONResponse({"id": made["id"], "type": made["type"], "webhook": status})

    def _twin(self, family: str, of: Json) -> str | None:
        """The newest snapshot event that tells the same."""
        twins = (each for each in reversed(self.events.values()) if each["type"] == family)
        return next((each["id"] for each in twins if each["data"]["object"].get("id") == of["id"]), None)

    def _keep(self, path: str, of: Json) -> None:
        """Makes the object readable, in place of an older state."""
        if of["object"] == "checkout.session":
            self.sessions[of["id"]] = of
        else:
            self.others[path] = of

    async def _post(self, made: Json, webhook: str) -> int:
        """The webhook's status, which is 200."""
        payload = body(made)
        self.undelivered.add(made["id"])
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=SECONDS) as client:
                answer = await client.post(webhook, content=payload, headers=signature(payload, self.secret))
        except httpx.HTTPError as error:
            problem = f"The webhook at {webhook} did not answer ({type(error).__name__})"
            raise HTTPException(502, f"{problem}: is scripts/dev running?") from None
        if answer.status_code != 200:
            problem = f"The webhook at {webhook} answered {answer.status_code}"
            raise HTTPException(502, f"{problem}: its log line in scripts/dev says why")
        self.undelivered.discard(made["id"])
        return answer.status_code


def _type_in(asked: QueryParams) -> tuple[str, bool]:
    """The requested type, without `v1.`, and whether the thin event is meant: some types have no other."""
    said, thin = asked.get("type", ""), asked.get("thin", "false")
    try:
        (family,) = Routes.parse(said).names
    except ValueError:
        raise HTTPException(400, "type: must be the type of one event, such as ?type=invoice.paid") from None
    if thin not in {"true", "false"}:
        raise HTTPException(400, "thin: must be true or false")
    name = family if family.startswith("v2.") else f"{THIN}{family}"
    if thin == "true" and family in SNAPSHOT and name not in THIN_TYPES:
        raise HTTPException(400, f"thin: {family} exists only as a snapshot event")
    only_thin = family not in SNAPSHOT and (name in THIN_TYPES or name == family)
    return family, thin == "true" or said != family or only_thin


def _object_in(payload: bytes) -> Json:
    """The object in a request, in test mode as everything here."""
    try:
        of = load_object(payload)
    except MalformedEvent as error:
        raise HTTPException(400, f"{error}: it must be the event's object, such as -d @invoice.json") from None
    if of.get("object") in {"event", "v2.core.event"}:
        raise HTTPException(400, "object: must be the object that the event is about, and not the event")
    for name, rule in _NAMES.items():
        if not isinstance(of.get(name), str) or not rule.fullmatch(of[name]):
            raise HTTPException(
                400, f'{name}: must be as Stripe writes it, such as {{"id": "in_1", "object": "invoice"}}'
            )
    return of | {"livemode": False}
