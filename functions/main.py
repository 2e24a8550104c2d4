"""The entry points: wire and delegate, nothing else.

Wiring happens at start, in the server's first process. It reads the settings, and stops if one is missing. It creates
no client: the first request does, in the process that serves it.
"""

import functools
import gc
import importlib
import os
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from fulfillment import telemetry
from fulfillment.domain.event_types import AFTER_SALE, ON_DISPUTE, ON_EXPIRED, ON_REFUND, SUBSCRIBERS, EventType
from fulfillment.errors import ConfigurationError
from fulfillment.version import VERSION

if TYPE_CHECKING:
    from fulfillment.abandoned_carts.endpoint import AbandonedCarts
    from fulfillment.order_status.endpoint import OrderStatus
    from fulfillment.reconcile.endpoint import Reconcile
    from fulfillment.stripe_events.endpoint import StripeEvents
    from fulfillment.subscriber.after_sale import AfterSaleSubscriber
    from fulfillment.subscriber.endpoint import Subscriber
    from fulfillment.webhook.endpoint import Webhook

    _Door = Webhook | Subscriber | AfterSaleSubscriber | AbandonedCarts | Reconcile | OrderStatus | StripeEvents


@functions_framework.aio.http
async def stripe_webhook(request: Request) -> Response:
    """Verifies and publishes Stripe's POST, then answers it."""
    return await _webhook()(request)


@functions_framework.aio.http
async def on_checkout_session_completed(request: Request) -> Response:
    """The buyer has completed Checkout: paid, free, or with a delayed payment."""
    return await _subscriber(EventType.COMPLETED)(request)


@functions_framework.aio.http
async def on_async_payment_succeeded(request: Request) -> Response:
    """A delayed payment has succeeded."""
    return await _subscriber(EventType.ASYNC_PAYMENT_SUCCEEDED)(request)


@functions_framework.aio.http
async def on_async_payment_failed(request: Request) -> Response:
    """A delayed payment has failed."""
    return await _subscriber(EventType.ASYNC_PAYMENT_FAILED)(request)


@functions_framework.aio.http
async def on_refund(request: Request) -> Response:
    """A payment is refunded, or a refund has failed."""
    return await _after_sale(ON_REFUND)(request)


@functions_framework.aio.http
async def on_dispute(request: Request) -> Response:
    """A payment is disputed, suspected of fraud, or reviewed."""
    return await _after_sale(ON_DISPUTE)(request)


@functions_framework.aio.http
async def on_checkout_session_expired(request: Request) -> Response:
    """The buyer has left Checkout: the session has expired."""
    return await _abandoned_carts()(request)


@functions_framework.aio.http
async def reconcile(request: Request) -> Response:
    """Publishes the events that Stripe did not deliver. Cloud Scheduler calls it."""
    return await _reconcile()(request)


@functions_framework.aio.http
async def order_status(request: Request) -> Response:
    """The order status page, where a buyer lands after Checkout."""
    return await _order_status()(request)


@functions_framework.aio.http
async def on_stripe_event(request: Request) -> Response:
    """Runs your handler of a routed event."""
    return await _stripe_events()(request)


@functools.cache
def _webhook() -> "Webhook":
    from fulfillment.topic.publisher import PubSubTopic
    from fulfillment.webhook.endpoint import Webhook
    from fulfillment.webhook.settings import WebhookSettings

    settings = WebhookSettings.load(os.environ)
    topic = functools.partial(PubSubTopic, settings.project, emulator=settings.pubsub_emulator)
    routed = topic(settings.stripe_events_topic) if settings.routes else None
    return Webhook(settings, topic(settings.events_topic), routed)


@functools.cache
def _subscriber(event_type: EventType) -> "Subscriber":
    from fulfillment.orders.firestore_orders import FirestoreOrders
    from fulfillment.subscriber.endpoint import Subscriber
    from fulfillment.subscriber.executors import configured, stripe_api
    from fulfillment.subscriber.settings import SubscriberSettings
    from fulfillment.topic.publisher import PubSubTopic

    settings = SubscriberSettings.load(os.environ)
    orders = FirestoreOrders(settings.project, settings.database, settings.collection)
    dead_letter = PubSubTopic(settings.project, settings.dead_letter_topic, settings.pubsub_emulator)
    stripe = stripe_api(settings)
    executors = configured(settings, _users("hooks", "hooks.py"), stripe)
    return Subscriber(event_type, settings, orders, dead_letter, executors, stripe)


@functools.cache
def _after_sale(entry_point: str) -> "AfterSaleSubscriber":
    from fulfillment.orders.firestore_orders import FirestoreOrders
    from fulfillment.subscriber.after_sale import AfterSaleSubscriber
    from fulfillment.subscriber.executors import AFTER_THE_SALE, configured, stripe_api
    from fulfillment.subscriber.settings import SubscriberSettings
    from fulfillment.topic.publisher import PubSubTopic

    settings = SubscriberSettings.load(os.environ)
    orders = FirestoreOrders(settings.project, settings.database, settings.collection)
    dead_letter = PubSubTopic(settings.project, settings.dead_letter_topic, settings.pubsub_emulator)
    stripe = stripe_api(settings)
    executors = configured(settings, _users("hooks", "hooks.py"), stripe, AFTER_THE_SALE)
    return AfterSaleSubscriber(entry_point, settings, orders, dead_letter, executors, stripe)


def _users(module: str, file: str) -> ModuleType:
    """A module of the user's. Raises ConfigurationError if it imports a package that is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        advice = "add a missing package to functions/requirements.in, and run scripts/lock"
        raise ConfigurationError(f"functions/{file} cannot be imported: {error}; {advice}") from None


@functools.cache
def _reconcile() -> "Reconcile":
    from fulfillment.orders.firestore_orders import FirestoreOrders
    from fulfillment.reconcile.checkpoint import FirestoreCheckpoint
    from fulfillment.reconcile.endpoint import Reconcile
    from fulfillment.reconcile.rate_limited_stripe import RateLimitedStripe
    from fulfillment.reconcile.settings import ReconcileSettings
    from fulfillment.stripe_api import StripeApi
    from fulfillment.topic.finder import Finder, origin_of
    from fulfillment.topic.publisher import PubSubTopic

    settings = ReconcileSettings.load(os.environ)
    stripe = RateLimitedStripe(StripeApi(settings.stripe_key, settings.api_base), settings.reads_per_second)
    orders = FirestoreOrders(settings.project, settings.database, settings.collection)
    checkpoint = FirestoreCheckpoint(settings.project, settings.database, settings.collection)
    topic = PubSubTopic(settings.project, settings.events_topic, settings.pubsub_emulator)
    finder = Finder(topic, "reconcile", origin_of(settings.project, settings.deployment))
    return Reconcile(settings, stripe, orders, checkpoint, finder)


@functools.cache
def _order_status() -> "OrderStatus":
    from fulfillment.order_status.endpoint import OrderStatus
    from fulfillment.order_status.lookup import configured
    from fulfillment.order_status.publisher import ClaimPublisher
    from fulfillment.order_status.settings import OrderStatusSettings
    from fulfillment.order_status.status_page import StatusPage
    from fulfillment.orders.firestore_orders import FirestoreOrders
    from fulfillment.topic.finder import Finder, origin_of
    from fulfillment.topic.publisher import PubSubTopic

    settings = OrderStatusSettings.load(os.environ)
    orders = FirestoreOrders(settings.project, settings.database, settings.collection)
    topic = PubSubTopic(settings.project, settings.events_topic, settings.pubsub_emulator)
    finder = Finder(topic, "order_status", origin_of(settings.project, settings.deployment))
    return OrderStatus(settings, orders, configured(settings), ClaimPublisher(finder), StatusPage(settings))


@functools.cache
def _stripe_events() -> "StripeEvents":
    from fulfillment.stripe_events.endpoint import StripeEvents
    from fulfillment.stripe_events.registry import find
    from fulfillment.stripe_events.settings import StripeEventSettings
    from fulfillment.topic.publisher import PubSubTopic

    settings = StripeEventSettings.load(os.environ)
    dead_letter = PubSubTopic(settings.project, settings.dead_letter_topic, settings.pubsub_emulator)
    return StripeEvents(settings, find(_users("handlers", "handlers"), settings.routes), dead_letter)


@functools.cache
def _abandoned_carts() -> "AbandonedCarts":
    from fulfillment.abandoned_carts.endpoint import AbandonedCarts
    from fulfillment.abandoned_carts.hook import find
    from fulfillment.abandoned_carts.settings import AbandonedCartSettings
    from fulfillment.topic.publisher import PubSubTopic

    settings = AbandonedCartSettings.load(os.environ)
    stripe = None
    if settings.stripe_key:
        from fulfillment.stripe_api import StripeApi

        stripe = StripeApi(settings.stripe_key, settings.api_base)
    dead_letter = PubSubTopic(settings.project, settings.dead_letter_topic, settings.pubsub_emulator)
    return AbandonedCarts(settings, find(_users("hooks", "hooks.py")), dead_letter, stripe)


def _start(entry_point: str) -> None:
    """Wires one entry point. On a configuration error it logs one line that names all problems, and exits."""
    subscribers = {name: functools.partial(_subscriber, event_type) for event_type, name in SUBSCRIBERS.items()}
    entry_points: dict[str, Callable[[], _Door]] = {
        "stripe_webhook": _webhook,
        **subscribers,
        **{name: functools.partial(_after_sale, name) for name in AFTER_SALE},
        ON_EXPIRED: _abandoned_carts,
        "reconcile": _reconcile,
        "order_status": _order_status,
        "on_stripe_event": _stripe_events,
    }
    gc.disable()  # imports make objects that stay: to look for garbage among them took a tenth of a cold start
    try:
        if entry_point not in entry_points:
            raise ConfigurationError(f"it is none of {', '.join(entry_points)}")  # noqa: TRY301
        wired = entry_points[entry_point]()
    except ConfigurationError as error:
        telemetry.emit({"severity": "CRITICAL", "message": f"{entry_point} cannot start: {error}", "version": VERSION})
        raise SystemExit(1) from None
    finally:
        gc.enable()
    gc.freeze()  # imported objects stay: each garbage collection over them blocked all requests for 30 ms
    gc.set_threshold(10_000, 20, 20)  # nearly all objects of a request are freed without it: it took 8 % of the CPU
    left_out = ", ".join(wired.settings.left_out()) or "nothing"
    message = f"{entry_point} starts; optional and not set: {left_out}"
    telemetry.emit({"severity": "INFO", "message": message, "version": VERSION})
    for warning in wired.settings.warnings():
        telemetry.emit({"severity": "WARNING", "message": warning, "version": VERSION})


_start(os.environ["FUNCTION_TARGET"])
