"""The targets of hostile input in this process. A target makes its input from a sample, gives it to the product, checks
the guarantees, and returns a text for the result.
"""

import base64
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from random import Random
from types import SimpleNamespace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fulfillment.domain.event_types import EventType
from fulfillment.domain.events import CheckoutEvent, parse
from fulfillment.domain.order import Order
from fulfillment.domain.transitions import apply
from fulfillment.errors import MalformedEvent
from fulfillment.orders.documents import from_document, to_document
from fulfillment.orders.store import Stored
from fulfillment.subscriber.endpoint import Subscriber
from fulfillment.subscriber.executors import configured
from fulfillment.subscriber.settings import SubscriberSettings
from local.fakes.memory_orders import MemoryOrders
from local.fakes.memory_topic import MemoryTopic
from prove import oracles
from prove.mutations import hostile_bytes, hostile_json
from prove.seeds import FIELDS, TYPES

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
Handler = Callable[[Request], Awaitable[Response]]
Headers = tuple[tuple[bytes, bytes], ...]


class Events:
    """Event bodies, parsed, applied to an order and stored: MalformedEvent, or an order that is read back unchanged."""

    def __init__(self, parse: Callable[[bytes, datetime], CheckoutEvent] = parse) -> None:
        self._parse = parse

    def make(self, random: Random, sample: bytes) -> bytes:
        """A hostile event."""
        return hostile_json(random, sample)

    async def take(self, body: bytes) -> str:
        """Parses the event, and returns the result."""
        try:
            event = self._parse(body, NOW)
        except MalformedEvent as error:
            oracles.hold(not any(word in str(error) for word in oracles.PERSON), "an error that quotes a person")
            return str(error)
        order = apply(None, event).order
        oracles.hold(apply(order, event).order is order, "an event that counts twice")
        document = to_document(order)
        oracles.fits_firestore(order.id, document)
        oracles.hold(from_document(document) == order, "an order that is not read back unchanged")
        return f"{order.status.value} {order.review}"


class CheckedOrders(MemoryOrders):
    """Orders in memory; each write is checked against Firestore's limits first."""

    async def create(self, order: Order) -> Stored | None:
        """Stores a new order."""
        oracles.fits_firestore(order.id, to_document(order))
        return await super().create(order)

    async def replace(self, order: Order, version: Any) -> Stored | None:
        """Replaces that version of the order."""
        oracles.fits_firestore(order.id, to_document(order))
        return await super().replace(order, version)


class Pushes:
    """Hostile push requests to a subscriber: each is acknowledged, or parked unchanged."""

    def __init__(self) -> None:
        env = {"GOOGLE_CLOUD_PROJECT": "local", "STRIPE_LIVEMODE": "false", "HOLD_ON_REVIEW": "true"}
        self._settings = SubscriberSettings.load(env)
        self._executors = configured(self._settings, SimpleNamespace(fulfill=_fulfill))
        self._parked = MemoryTopic()

    def make(self, random: Random, sample: bytes) -> bytes:
        """A hostile event in a hostile envelope."""
        body = hostile_json(random, sample)
        attributes = {"event_type": random.choice(TYPES) if random.random() < 0.1 else TYPES[0]}
        if random.random() < 0.2:
            attributes |= {random.choice(FIELDS): random.choice(("true", "", "x" * 2000, "é"))}
        inner = {"data": base64.b64encode(body).decode(), "attributes": attributes, "messageId": "1"}
        push = json.dumps({"message": inner, "subscription": "s"}).encode()
        return hostile_bytes(random, push) if random.random() < 0.2 else _hostile_envelope(random, push)

    async def take(self, push: bytes) -> str:
        """Pushes it twice to the subscriber of completed events, the second time as a redelivery."""
        orders = CheckedOrders()
        self._parked.stored.clear()
        subscriber = Subscriber(EventType.COMPLETED, self._settings, orders, self._parked, self._executors)
        first, second = [await ask(subscriber, push) for _ in range(2)]
        oracles.hold((first, second) == (204, 204), f"answered {first}, then {second}")
        for message in self._parked.stored:
            oracles.hold(message.attributes.get("reason", "") != "", "parked without a reason")
        return str(sorted({each.attributes["reason"] for each in self._parked.stored}))


async def _fulfill(_order: Order, _key: str) -> None:
    """Does nothing."""


def _hostile_envelope(random: Random, push: bytes) -> bytes:
    return hostile_json(random, push) if random.random() < 0.3 else push


async def ask(handler: Handler, body: bytes, headers: Headers = (), method: str = "POST") -> int:
    """The status of a handler's answer, without a network."""
    return (await answer(handler, body, headers, method)).status_code


async def answer(handler: Handler, body: bytes, headers: Headers, method: str, query: bytes = b"") -> Response:
    """The whole answer."""
    scope = {"type": "http", "method": method, "path": "/", "query_string": query, "headers": list(headers)}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return await handler(Request(scope, receive))
