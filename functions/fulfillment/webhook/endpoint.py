"""A signed request becomes a verified event on the topic. Only then the answer is 200.

| request                                              | answer                                        |
|------------------------------------------------------|-----------------------------------------------|
| valid, an order's type or a routed one               | 200 once Pub/Sub has stored it                |
| valid, any other type                                | 200, nothing published                        |
| valid, of the other livemode                         | 200, nothing published, a warning             |
| no, wrong or stale signature; body no JSON object    | 400, one line; the log names the likely cause |
| not POST                                             | 405                                           |
| body over 1 MiB                                      | 413                                           |
| an order's type, but without a usable session id     | 200, published: the subscriber parks it       |
| Pub/Sub did not store it within 8 s                  | 503: Stripe tries again                       |
| any other error                                      | 500: Stripe tries again                       |
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from fulfillment.domain.event_types import order_types
from fulfillment.errors import MalformedEvent, PublishFailed
from fulfillment.http import BodyTooLarge, read_body
from fulfillment.telemetry import Line, Trace
from fulfillment.topic.attributes import attributes_of
from fulfillment.topic.publisher import Topic
from fulfillment.webhook import signature
from fulfillment.webhook.event_json import load_event
from fulfillment.webhook.settings import WebhookSettings

BODY_BYTES = 1024 * 1024


class Webhook:
    """The public endpoint that Stripe calls. `orders`: the topic of the orders' events, `routed`: of routed ones."""

    def __init__(self, settings: WebhookSettings, orders: Topic, routed: Topic | None = None) -> None:
        self.settings, self._orders, self._routed = settings, orders, routed
        self._types = order_types(abandoned_carts=settings.abandoned_carts)

    async def __call__(self, request: Request) -> Response:
        """The answer to one request. It never contains the text of an exception."""
        trace = Trace.of(request.headers)
        line = Line("stripe_webhook", self.settings.project, trace=trace)
        with line:
            try:
                status = await self._receive(request, trace, line)
            except Exception as error:  # noqa: BLE001 - an unknown error is retried: Stripe retries after a 500
                line.say("ERROR", "the webhook failed unexpectedly; Stripe will try again", outcome="failed")
                line.blame(error)
                status = 500
            line.note(status=status)
        return _RESPONSES[status]

    async def _receive(self, request: Request, trace: Trace, line: Line) -> int:
        """The status code for one request: verified before parsed, parsed before published."""
        if request.method != "POST":
            line.say("INFO", "not a POST", outcome="refused")
            return 405
        try:
            body = await read_body(request, BODY_BYTES)
            signature.verify(body, request.headers.get("stripe-signature"), self.settings.webhook_secrets())
            attributes = self._attributes(load_event(body), trace, line)
        except BodyTooLarge:
            line.say("WARNING", f"a body over {BODY_BYTES} bytes: not sent by Stripe", outcome="refused")
            return 413
        except (signature.BadSignature, MalformedEvent) as error:
            line.say("WARNING", f"refused: {error}", outcome="refused")
            line.note(cause=error.code)
            return 400
        except ClientDisconnect:
            line.say(
                "INFO",
                "the body did not arrive whole: the caller hung up, or asked for another protocol",
                outcome="refused",
            )
            return 400
        return 200 if attributes is None else await self._publish(body, attributes, line)

    def _attributes(self, event: Mapping[str, Any], trace: Trace, line: Line) -> dict[str, str] | None:
        """The attributes of a verified event to publish; None if no topic gets its type, or if its livemode is not this
        deployment's. The event itself is not kept while Pub/Sub stores it: its memory serves the next one.
        """
        attributes = attributes_of(event, trace.traceparent)
        told = attributes.get
        line.note(
            event=told("event_id"),
            event_type=told("event_type"),
            session=told("session_id"),
            object=told("object_id") if "session_id" not in attributes else None,
            account=told("account"),
            context=told("context"),
        )
        if not self._topics(told("event_type", "")):
            line.say("INFO", "not a routed type", outcome="ignored")
            return None
        other_livemode = not self.settings.livemode
        if event.get("livemode") is other_livemode:
            warning = "an event of the other livemode was dropped: is STRIPE_LIVEMODE right?"
            line.say("WARNING", warning, outcome="other_livemode")
            return None
        return attributes

    def _topics(self, event_type: str) -> Sequence[Topic]:
        """The topics that get the type: an order's type may be routed too."""
        orders, routes = event_type in self._types, self.settings.routes
        if self._routed is None or routes is None or event_type not in routes:
            return (self._orders,) if orders else ()
        return (self._orders, self._routed) if orders else (self._routed,)

    async def _publish(self, body: bytes, attributes: Mapping[str, str], line: Line) -> int:
        """200 once every topic has stored the event."""
        topics = self._topics(attributes["event_type"])
        try:
            message_id = await _store(topics, body, attributes)
        except PublishFailed as error:
            line.say("ERROR", f"{error}; Stripe will try again", outcome="publish_failed")
            line.blame(error)
            return 503
        if topics[0] is self._orders:
            line.say("INFO", "published", outcome="published")
        else:
            line.say("INFO", "routed", outcome="routed")
        line.note(message_id=message_id)
        return 200


async def _store(topics: Sequence[Topic], body: bytes, attributes: Mapping[str, str]) -> str:
    """The message's id in the first topic, once every topic has stored it. Raises PublishFailed."""
    if len(topics) == 1:
        return await topics[0].publish(body, attributes)
    stored = await asyncio.gather(*(topic.publish(body, attributes) for topic in topics), return_exceptions=True)
    for each in stored:
        if isinstance(each, BaseException):
            raise each
    return str(stored[0])


_ANSWERS = {
    200: "ok\n",
    400: "bad request\n",
    405: "method not allowed\n",
    413: "body too large\n",
    500: "internal error\n",
    503: "not stored, please try again\n",
}
_RESPONSES = {
    status: PlainTextResponse(text, status, {"Allow": "POST"} if status == 405 else None)
    for status, text in _ANSWERS.items()
}
"""A response keeps nothing of its request: each is made once."""
