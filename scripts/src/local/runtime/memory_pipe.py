"""The whole pipe in one process, with Python alone: the real functions, on a topic and a store in memory."""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment.abandoned_carts.endpoint import AbandonedCarts
from fulfillment.abandoned_carts.hook import find
from fulfillment.abandoned_carts.settings import AbandonedCartSettings
from fulfillment.domain.event_types import (
    AFTER_SALE,
    EXPIRED,
    OLD_REFUNDS,
    ON_REFUND,
    SUBSCRIBERS,
    THIN,
    EventType,
)
from fulfillment.orders.store import Stored
from fulfillment.reconcile.endpoint import Reconcile
from fulfillment.reconcile.settings import ReconcileSettings
from fulfillment.stripe_api import StripeApi
from fulfillment.subscriber.after_sale import AfterSaleSubscriber
from fulfillment.subscriber.endpoint import Subscriber
from fulfillment.subscriber.executors import AFTER_THE_SALE, configured, stripe_api
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.topic.finder import Finder
from fulfillment.topic.message import Message
from fulfillment.webhook.endpoint import Webhook
from fulfillment.webhook.settings import WebhookSettings
from local.fakes.memory_checkpoint import MemoryCheckpoint
from local.fakes.memory_orders import MemoryOrders
from local.fakes.memory_topic import ORIGIN, MemoryTopic
from local.fakes.stripe_events import SECRET
from local.runtime import hooks_file

Handler = Webhook | Subscriber | AfterSaleSubscriber | AbandonedCarts | Reconcile


def subscribe(topic: MemoryTopic, subscriber_of: Callable[[EventType], Subscriber]) -> None:
    """Subscribes the subscriber of each event type of a sale to a topic, for snapshot and thin events."""
    for event_type in SUBSCRIBERS:
        _subscribe(topic, subscriber_of(event_type), (event_type.value,))


def subscribe_after_sale(topic: MemoryTopic, subscriber_of: Callable[[str], AfterSaleSubscriber]) -> None:
    """Subscribes the subscriber of each entry point for the time after the sale, by its name."""
    for entry_point, event_types in AFTER_SALE.items():
        old = OLD_REFUNDS if entry_point == ON_REFUND else ()
        _subscribe(topic, subscriber_of(entry_point), (*event_types, *old))


def _subscribe(topic: MemoryTopic, handler: Handler, event_types: Iterable[str]) -> None:
    push = functools.partial(_push, _client(handler))
    for event_type in event_types:
        topic.subscribe(push, event_type)
        topic.subscribe(push, f"{THIN}{event_type}")


class MemoryPipe:
    """The whole pipe in one process: the real webhook and subscribers, on a topic and a store in memory. `printed`:
    what this process has printed.
    """

    def __init__(self, more: Mapping[str, str] | None = None, printed: Callable[[], str] = str) -> None:
        self.printed = printed
        self._orders, self._topic, self._dead_letter = MemoryOrders(), MemoryTopic(), MemoryTopic()
        self._routed = MemoryTopic()
        self._env = {"GOOGLE_CLOUD_PROJECT": "local", "STRIPE_LIVEMODE": "false", **(more or {})}
        webhook = WebhookSettings.load(self._env | {"STRIPE_WEBHOOK_SECRETS": SECRET})
        self._webhook = _client(Webhook(webhook, self._topic, self._routed))
        self._checkpoint = MemoryCheckpoint()
        settings = SubscriberSettings.load(self._env)
        stripe = stripe_api(settings)
        hooks = hooks_file.load()
        executors = configured(settings, hooks, stripe)
        subscribe(
            self._topic,
            lambda each: Subscriber(each, settings, self._orders, self._dead_letter, executors, stripe),
        )
        afterwards = configured(settings, hooks, stripe, AFTER_THE_SALE)
        subscribe_after_sale(
            self._topic,
            lambda each: AfterSaleSubscriber(each, settings, self._orders, self._dead_letter, afterwards, stripe),
        )
        if webhook.abandoned_carts:
            carts = AbandonedCartSettings.load(self._env)
            _subscribe(self._topic, AbandonedCarts(carts, find(hooks), self._dead_letter, stripe), (EXPIRED,))

    async def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Stripe's POST to the webhook: the status of the answer."""
        return (await self._webhook.post("/", content=body, headers=headers)).status_code

    async def reconcile(self) -> int:
        """The schedule's call: the status of the answer."""
        settings, finder = ReconcileSettings.load(self._env), Finder(self._topic, "reconcile", ORIGIN)
        stripe = StripeApi(settings.stripe_key, settings.api_base)
        called = _client(Reconcile(settings, stripe, self._orders, self._checkpoint, finder))
        try:
            return (await called.post("/")).status_code
        finally:
            await stripe.close()

    async def order(self, session_id: str) -> Stored | None:
        """The order as it is in the store."""
        return await self._orders.get(session_id)

    async def parked(self) -> list[Message]:
        """The messages parked since the last call."""
        parked, self._dead_letter.stored = self._dead_letter.stored, []
        return parked

    async def routed(self) -> list[Message]:
        """The messages on the topic of routed events since the last call."""
        routed, self._routed.stored = self._routed.stored, []
        return routed

    async def write_by_hand(self, session_id: str, document: dict[str, Any] | None) -> None:
        """Replaces an order's document without any rule; None deletes it."""
        self._orders.write_by_hand(session_id, document)

    async def publish(self, data: bytes, attributes: Mapping[str, str]) -> str:
        """Publishes a message to the events topic."""
        return await self._topic.publish(data, attributes)


async def _push(subscriber: httpx.AsyncClient, body: bytes) -> int:
    return (await subscriber.post("/", content=body)).status_code


def _client(handler: Handler) -> httpx.AsyncClient:
    """A client of a handler, without a network."""

    async def handle(request: Request) -> Response:
        return await handler(request)

    app = Starlette(routes=[Route("/", handle, methods=["POST"])])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://memory")
