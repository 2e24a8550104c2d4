"""Hostile thin events: to a subscriber with hostile answers of Stripe, and to the entry point of handlers."""

import base64
import json
from random import Random
from types import SimpleNamespace
from typing import Any

from fulfillment.domain.event_types import EventType
from fulfillment.stripe_events.endpoint import StripeEvents
from fulfillment.stripe_events.settings import StripeEventSettings
from fulfillment.subscriber.endpoint import Subscriber
from fulfillment.subscriber.executors import configured
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.topic.message import Message
from local.fakes.memory_topic import MemoryTopic, push_body
from local.fakes.stripe_events import COMPLETED, Json, thin_event
from prove import oracles
from prove.hostile_stripe import HostileStripe
from prove.mutations import hostile_bytes, hostile_json
from prove.targets import CheckedOrders, ask

ENV = {"GOOGLE_CLOUD_PROJECT": "local", "STRIPE_LIVEMODE": "false"}


class ThinPushes:
    """Hostile thin events, with sessions from hostile samples: each is acknowledged, parked unchanged, or retried until
    Stripe's session is complete.
    """

    def __init__(self) -> None:
        self._settings = SubscriberSettings.load(ENV)
        self._executors = configured(self._settings, SimpleNamespace(fulfill=_fulfill))
        self._parked = MemoryTopic()

    def make(self, random: Random, sample: bytes) -> bytes:
        """A hostile thin event and a hostile session, as one JSON object."""
        event = json.loads(sample)
        session = event.get("session") or (event.get("data") or {}).get("object") or {}
        thin = event.get("thin") or thin_event(COMPLETED, {"id": "cs_test_a1"}, id="evt_thin")
        one = random.random() < 0.5
        made = json.dumps({"thin": thin, "session": session}).encode()
        kept = json.loads(made)
        hostile = hostile_json(random, json.dumps(kept["thin" if one else "session"]).encode())
        try:
            kept["thin" if one else "session"] = json.loads(hostile)
        except (ValueError, RecursionError):
            return made
        return json.dumps(kept).encode()

    async def take(self, made: bytes) -> str:
        """Pushes the thin event twice, the second time as a redelivery."""
        given = json.loads(made)
        session = given["session"] if isinstance(given["session"], dict) else {}
        body = json.dumps(given["thin"]).encode()
        orders, self._parked.stored = CheckedOrders(), []
        stripe = HostileStripe(session)
        subscriber = Subscriber(EventType.COMPLETED, self._settings, orders, self._parked, self._executors, stripe)
        push = push_body(Message(data=body, attributes={"event_type": EventType.COMPLETED.thin}, id="1"), 1)
        first, second = [await ask(subscriber, push) for _ in range(2)]
        about = given["thin"].get("related_object") if isinstance(given["thin"], dict) else None
        asked = about.get("id") if isinstance(about, dict) else None
        retried = session.get("status") != "complete" or session.get("id") != asked
        oracles.hold(first == second and (first == 204 or (first == 503 and retried)), f"answered {first}, {second}")
        for message in self._parked.stored:
            oracles.hold(message.data == body, "parked with another body")
            oracles.hold(message.attributes.get("reason", "") != "", "parked without a reason")
        return f"{first} {sorted({each.attributes['reason'] for each in self._parked.stored})}"


class HandlerPushes:
    """Hostile events for a handler: it is called with the event as it came and a key, or the message is parked."""

    def __init__(self) -> None:
        settings = StripeEventSettings.load(ENV | {"ROUTED_EVENTS": "checkout.session.*"})
        self._parked, self._called = MemoryTopic(), list[tuple[Any, str]]()
        handlers = {"on_checkout_session_completed": self._handle}
        self._endpoint = StripeEvents(settings, handlers, self._parked)

    async def _handle(self, event: Json, key: str) -> None:
        self._called.append((event, key))

    def make(self, random: Random, sample: bytes) -> bytes:
        """A hostile event, thin or not, in a push that may be hostile too."""
        event = json.loads(sample)
        if random.random() < 0.5 and isinstance(event.get("data"), dict):
            sample = json.dumps(thin_event(COMPLETED, {"id": "cs_test_a1"}, snapshot_event="evt_1")).encode()
        body = hostile_json(random, sample)
        attributes = {"event_type": random.choice((COMPLETED, EventType.COMPLETED.thin))}
        inner = {"data": base64.b64encode(body).decode(), "attributes": attributes, "messageId": "1"}
        push = json.dumps({"message": inner}).encode()
        return hostile_bytes(random, push) if random.random() < 0.1 else push

    async def take(self, push: bytes) -> str:
        """Pushes it, and checks what the handler got."""
        self._called.clear()
        self._parked.stored.clear()
        status = await ask(self._endpoint, push)
        oracles.hold(status == 204, f"answered {status}")
        oracles.hold(len(self._called) + len(self._parked.stored) <= 1, "called and parked")
        for event, key in self._called:
            oracles.hold(key in {event.get("id"), event.get("snapshot_event")}, "a key that the event does not name")
        for message in self._parked.stored:
            oracles.hold(message.attributes.get("reason", "") != "", "parked without a reason")
        return f"{len(self._called)} {[each.attributes['reason'] for each in self._parked.stored]}"


async def _fulfill(_order: Any, _key: str) -> None:
    """Does nothing."""
