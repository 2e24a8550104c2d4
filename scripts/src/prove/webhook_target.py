"""The webhook with hostile requests, with valid and forged signatures, without a network."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from fulfillment.domain.event_types import ORDER_TYPES
from fulfillment.domain.routes import Routes
from fulfillment.topic.message import Message
from fulfillment.topic.publisher import Topic
from fulfillment.webhook.endpoint import BODY_BYTES, Webhook
from fulfillment.webhook.settings import WebhookSettings
from local.fakes.memory_topic import MemoryTopic
from local.fakes.stripe_events import SECRET
from prove import oracles
from prove.mutations import hostile_bytes, hostile_json
from prove.targets import Handler, Headers, ask

ROUTES = Routes.parse("invoice.paid,checkout.session.async_payment_failed,customer.subscription.*")
SETTINGS = WebhookSettings(project="local", livemode=False, webhook_secrets=lambda: (SECRET,), routes=ROUTES)
OTHER = "whsec_" + "f" * 32
_ANSWERS = {200, 400, 405, 413}


@dataclass(frozen=True)
class HostileRequest:
    """One request to the webhook. `honest`: signed as Stripe signs, and not changed afterwards."""

    body: bytes
    signature: str | None
    honest: bool
    more: Headers = ()
    method: str = "POST"


class WebhookTarget:
    """The webhook without a network: it publishes only signed bodies, each on the topics of its type, and gives each
    the expected answer.
    """

    def __init__(
        self, webhook: Callable[[Topic, Topic], Handler] = lambda orders, routed: Webhook(SETTINGS, orders, routed)
    ) -> None:
        self._topic, self._routed = MemoryTopic(), MemoryTopic()
        self._handler = webhook(self._topic, self._routed)

    def make(self, random: Random, sample: bytes) -> HostileRequest:
        """A hostile request, honestly signed or not."""
        if random.random() < 0.2:
            event = json.loads(sample)
            event["type"] = random.choice(("invoice.paid", "v1.invoice.paid", "v1.checkout.session.completed"))
            sample = json.dumps(event).encode()
        return make_request(random, sample)

    async def take(self, request: HostileRequest) -> str:
        """Sends the request, and returns the result."""
        signature = () if request.signature is None else ((b"stripe-signature", request.signature.encode("latin-1")),)
        status = await ask(self._handler, request.body, (*signature, *request.more), request.method)
        stored, self._topic.stored = self._topic.stored, []
        routed, self._routed.stored = self._routed.stored, []
        oracles.hold(status in _ANSWERS, f"answered {status}")
        oracles.hold(status == 200 or not (stored or routed), f"published, and answered {status}")
        for message in (*stored, *routed):
            signed = oracles.is_signed(request.signature or "", message.data, SECRET, time.time())
            oracles.hold(signed and message.data == request.body, "published without a valid signature")
            _attributes_fit(message.attributes)
        if request.honest:
            oracles.hold(status == expected(request.body), f"a request signed by Stripe was answered {status}")
        _on_the_right_topic(stored, routed)
        return f"{status} {stored[0].attributes.get('session_id') if stored else None} {len(routed)}"


def _on_the_right_topic(orders: Sequence[Message], routed: Sequence[Message]) -> None:
    types = {each.attributes.get("event_type", "") for each in orders}
    oracles.hold(types <= ORDER_TYPES, "an event that is no order's on the orders' topic")
    oracles.hold(all(each.attributes["event_type"] in ROUTES for each in routed), "routed against the list")
    oracles.hold(routed != [] or not any(each in ROUTES for each in types), "an order's event was not routed")


def make_request(random: Random, sample: bytes) -> HostileRequest:
    """A hostile request made from a sample event."""
    body = hostile_json(random, sample)
    if random.random() < 0.01:
        body += b" " * BODY_BYTES
    honest = random.random() < 0.5
    signature = _signature(random, body, honest=honest)
    more = () if honest else _headers(random)
    method = "POST" if honest or random.random() < 0.9 else random.choice(("GET", "PUT", "HEAD", "OPTIONS", "BREW"))
    return HostileRequest(body, signature, honest, more, method)


def expected(body: bytes) -> int:
    """The expected status for an honest request."""
    if len(body) > BODY_BYTES:
        return 413
    try:
        return 200 if isinstance(json.loads(body.decode(), parse_constant=_no_json, parse_float=_finite), dict) else 400
    except (ValueError, RecursionError):
        return 400


def _signature(random: Random, body: bytes, *, honest: bool) -> str | None:
    at = int(time.time())
    if honest:
        return f"t={at},v1={oracles.digest(SECRET, at, body)}"
    at += random.choice((0, 0, 0, -400, 400, 10**6, 10**12))
    secret = random.choice((SECRET, SECRET, OTHER, ""))
    good = f"t={at},v1={oracles.digest(secret, at, body)}"
    match random.randrange(6):
        case 0:
            return None
        case 1:
            return good.replace("v1", random.choice(("v0", "v2", "V1", "")))
        case 2:
            return ",".join(random.sample([*good.split(","), "v1=0", "t=1", "v0=x", "=", "v1"], 4))
        case 3:
            bent = hostile_bytes(random, good.encode())
            return bent.translate(None, b"\r\n\0")[:20_000].decode("latin-1")
        case 4:
            return good.replace(str(at), random.choice(("", "-1", "9" * 400, "9" * 5000, "1_0", " 1", "0x1", "1.5")))
        case _:
            return good


def _headers(random: Random) -> Headers:
    names = (b"content-length", b"traceparent", b"x-cloud-trace-context", b"content-type", b"content-encoding")
    zeros = b"00-" + b"0" * 32 + b"-" + b"1" * 16 + b"-01"
    values = (b"", b"0", b"-1", b"1e9", b"\xb2", b"9" * 5000, b"gzip", zeros, b"\xff")
    return tuple((random.choice(names), random.choice(values)) for _ in range(random.randrange(3)))


def _attributes_fit(attributes: Mapping[str, str]) -> None:
    for value in attributes.values():
        oracles.hold(value.isprintable() and 0 < len(value.encode()) <= 1024, "an attribute that Pub/Sub refuses")


def _finite(text: str) -> float:
    if float(text) in (float("inf"), float("-inf")):
        raise ValueError
    return float(text)


def _no_json(_name: str) -> Any:
    raise ValueError
