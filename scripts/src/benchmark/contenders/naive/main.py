"""The naive way, as guides show it: Flask, `construct_event`, and the publisher client's future."""

import os

import flask
import functions_framework
import stripe
from google.cloud import pubsub_v1  # type: ignore[attr-defined]

_publisher = pubsub_v1.PublisherClient()
_topic = _publisher.topic_path(os.environ["GOOGLE_CLOUD_PROJECT"], os.environ["EVENTS_TOPIC"])


@functions_framework.http
def naive(request: flask.Request) -> tuple[str, int]:
    """Verifies, publishes, and waits for Pub/Sub's answer."""
    try:
        header = request.headers.get("Stripe-Signature")
        event = stripe.Webhook.construct_event(request.get_data(), header, os.environ["STRIPE_WEBHOOK_SECRETS"])
    except (ValueError, stripe.SignatureVerificationError):
        return "bad request\n", 400
    _publisher.publish(_topic, request.get_data(), event_id=event.id, event_type=event.type).result()
    return "ok\n", 200
