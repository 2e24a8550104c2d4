"""The tests that guard each file of the product, fast ones first. A mutant runs only these."""

_EVENTS = ("tests/unit/test_events.py", "tests/unit/test_event_shapes.py", "tests/unit/test_event_bodies.py")
_ORDER = "tests/unit/test_order.py"
_EFFECTS = (
    *("tests/unit/test_effects.py", "tests/unit/test_refusals.py", "tests/unit/test_held_effects.py"),
    *("tests/unit/test_hooks.py", "tests/unit/test_executors.py"),
)
_DOCUMENTS = "tests/unit/test_documents.py"
_ITEMS = "tests/unit/test_items.py"
_SOURCE_EVENT = "tests/unit/test_source_event.py"
_NEWER = "tests/unit/test_newer_versions.py"
_STORED = "tests/unit/test_stored_samples.py"
_SETTLEMENT = "tests/unit/test_settlement.py"
_AFTER_SALE = "tests/unit/test_after_sale.py"
_AFTER_SALE_EVENTS = ("tests/unit/test_after_sale_events.py", "tests/unit/test_after_sale_samples.py")
_SUBSCRIBER = ("tests/unit/test_after_sale_subscriber.py", "tests/unit/test_after_sale_reads.py")

GUARDS = {
    "domain/checkout.py": (*_EVENTS, _DOCUMENTS, _ITEMS),
    "domain/ids.py": (*_EVENTS, _DOCUMENTS, "tests/unit/test_synthetic_events.py", "tests/unit/test_topic.py"),
    "domain/lifecycle.py": ("tests/unit/test_lifecycle.py", _SETTLEMENT, _NEWER, *_EFFECTS),
    "domain/decision.py": (_SETTLEMENT, "tests/unit/test_delivery.py", *_EFFECTS),
    "domain/effects.py": ("tests/unit/test_lifecycle.py", _SETTLEMENT, _NEWER, *_EFFECTS, _ORDER, _DOCUMENTS),
    "domain/erasure.py": ("tests/unit/test_erasure.py", _SETTLEMENT, _ITEMS, _STORED),
    "domain/event_types.py": ("tests/unit/test_event_types.py", *_EVENTS, _ORDER),
    "domain/envelope.py": (*_EVENTS, "tests/unit/test_synthetic_events.py", "tests/unit/test_found_objects.py"),
    "domain/events.py": (*_EVENTS, "tests/unit/test_topic.py"),
    "domain/routes.py": ("tests/unit/test_routes.py",),
    "domain/thin_events.py": ("tests/unit/test_thin_events.py",),
    "domain/synthetic_events.py": ("tests/unit/test_synthetic_events.py",),
    "domain/items.py": (_ITEMS, _DOCUMENTS),
    "domain/json_object.py": (*_EVENTS, "tests/unit/test_topic.py"),
    "domain/money.py": ("tests/unit/test_money.py",),
    "domain/order.py": (_DOCUMENTS, _ITEMS, _ORDER, "tests/unit/test_sale_day.py", "tests/unit/test_thin_sales.py"),
    "domain/order_filter.py": ("tests/unit/test_settings.py",),
    "domain/ownership.py": ("tests/unit/test_ownership.py",),
    "domain/source_event.py": (_SOURCE_EVENT,),
    "domain/evidence.py": ("tests/unit/test_found_objects.py", "tests/unit/test_erasure.py"),
    "domain/found_objects.py": ("tests/unit/test_found_objects.py",),
    "domain/cursor.py": ("tests/unit/test_cursor.py", _STORED),
    "domain/session.py": (*_EVENTS,),
    "domain/records.py": (_STORED, _DOCUMENTS),
    "domain/shape.py": (*_EVENTS, _DOCUMENTS, _ITEMS, _STORED),
    "domain/buyer_view.py": ("tests/unit/test_buyer_view.py",),
    "domain/cart.py": ("tests/unit/test_abandoned_carts.py",),
    "domain/status.py": (_DOCUMENTS, _ORDER),
    "domain/sums.py": ("tests/unit/test_sums.py",),
    "domain/transitions.py": (_ORDER, _ITEMS, *_EVENTS, _SOURCE_EVENT, "tests/unit/test_thin_sales.py"),
    "abandoned_carts/endpoint.py": ("tests/unit/test_abandoned_carts.py",),
    "abandoned_carts/hook.py": ("tests/unit/test_abandoned_carts.py",),
    "abandoned_carts/thin_carts.py": ("tests/unit/test_abandoned_carts.py",),
    "domain/after_sale.py": (_AFTER_SALE, "tests/unit/test_after_sale_subscriber.py"),
    "domain/joins.py": (_AFTER_SALE,),
    "domain/after_sale_events.py": (*_AFTER_SALE_EVENTS, _AFTER_SALE),
    "domain/after_sale_objects.py": _AFTER_SALE_EVENTS,
    "domain/invoices.py": (
        "tests/unit/test_invoices.py",
        "tests/unit/test_order_finder.py",
        "tests/unit/test_after_sale_found.py",
    ),
    "domain/unlisted.py": ("tests/unit/test_unlisted.py", "tests/unit/test_reconcile_money.py"),
    "domain/facts.py": (
        *("tests/unit/test_facts.py", "tests/unit/test_radar_reviews.py", "tests/unit/test_after_sale_reads.py"),
        *("tests/unit/test_after_sale_found.py", "tests/unit/test_after_sale_subscriber.py", _AFTER_SALE),
    ),
    "domain/order_money.py": ("tests/unit/test_order_money.py", _AFTER_SALE),
    "domain/access.py": ("tests/unit/test_access.py", "tests/unit/test_settlement.py"),
    "domain/settlement.py": ("tests/unit/test_settlement.py", "tests/unit/test_after_sale_hooks.py"),
    "stripe_events/endpoint.py": ("tests/unit/test_stripe_events.py",),
    "stripe_events/event.py": ("tests/unit/test_stripe_events.py",),
    "stripe_events/registry.py": ("tests/unit/test_handlers.py",),
    "orders/wire.py": ("tests/unit/test_wire.py",),
    "webhook/endpoint.py": ("tests/unit/test_webhook.py", "tests/unit/test_routing.py"),
    "webhook/event_json.py": ("tests/unit/test_event_json.py",),
    "subscriber/endpoint.py": ("tests/unit/test_subscriber.py",),
    "subscriber/after_sale.py": (*_SUBSCRIBER, "tests/unit/test_after_sale_found.py"),
    "subscriber/order_finder.py": ("tests/unit/test_order_finder.py", "tests/unit/test_after_sale_subscriber.py"),
    "subscriber/fact_gatherer.py": ("tests/unit/test_after_sale_reads.py", "tests/unit/test_after_sale_found.py"),
    "subscriber/fact_reader.py": ("tests/unit/test_after_sale_reads.py", "tests/unit/test_order_finder.py"),
    "subscriber/reporting.py": ("tests/unit/test_after_sale_subscriber.py", "tests/unit/test_subscriber.py"),
    "subscriber/thin_sales.py": ("tests/unit/test_thin_sales.py",),
    "subscriber/delivery.py": ("tests/unit/test_delivery.py", *_EFFECTS, "tests/unit/test_subscriber.py"),
    "effects/attempts.py": (*_EFFECTS, "tests/unit/test_subscriber.py"),
    "effects/runner.py": ("tests/unit/test_delivery.py", *_EFFECTS),
    "topic/attributes.py": ("tests/unit/test_topic.py", "tests/unit/test_delivery.py"),
    "topic/message.py": ("tests/unit/test_topic.py", "tests/unit/test_delivery.py"),
    "topic/push_endpoint.py": ("tests/unit/test_subscriber.py", "tests/unit/test_stripe_events.py"),
    "topic/publisher.py": ("tests/unit/test_topic.py", "tests/integration/test_topic_calls.py"),
    "webhook/signature.py": ("tests/unit/test_signature.py",),
    "thin_reads.py": ("tests/unit/test_thin_sales.py", "tests/unit/test_abandoned_carts.py"),
    "telemetry.py": ("tests/unit/test_telemetry.py", "tests/unit/test_subscriber.py"),
    "http.py": ("tests/unit/test_http.py",),
}

PRELOADED = (
    *("anyio.pytest_plugin", "pytest_asyncio.plugin", "pytest_randomly", "pytest_timeout", "xdist.plugin"),
    *("pytest", "hypothesis", "httpx", "uvicorn", "starlette.applications", "functions_framework.aio"),
    *("google.pubsub_v1", "google.cloud.firestore", "google.auth", "stripe", "jinja2", "babel.numbers", "aiosmtplib"),
)
