"""The deployment on this machine, used when the environment names both emulators. Terraform does not know it.

Its names come from the same settings as its functions': EVENTS_TOPIC, DEAD_LETTER_TOPIC, FIRESTORE_DATABASE,
ORDERS_COLLECTION, STRIPE_LIVEMODE, ABANDONED_CARTS, ROUTED_EVENTS and STRIPE_EVENTS_TOPIC, with the same defaults.
"""

import re
from collections.abc import Mapping

from ops.deployment.model import AfterSale, Deployment, Secrets, StripeEvents, Topics, Webhook
from ops.errors import WrongSettings

HOSTS = ("PUBSUB_EMULATOR_HOST", "FIRESTORE_EMULATOR_HOST")
API_VERSION = "2026-10-28.endive"


def is_emulated(env: Mapping[str, str]) -> bool:
    """Whether the emulators are used. WrongSettings if only one is set: the other half would be production."""
    named = [name for name in HOSTS if env.get(name)]
    if len(named) == 1:
        raise WrongSettings(f"{named[0]} is set alone: set both, {' and '.join(HOSTS)}, or none")
    return bool(named)


def emulated_deployment(env: Mapping[str, str]) -> Deployment:
    """The deployment of scripts/dev, or of any functions that run with the settings in `env`."""
    dead_letter = env.get("DEAD_LETTER_TOPIC") or "checkout-events-dead-letter"
    return Deployment(
        project=env.get("GOOGLE_CLOUD_PROJECT") or "local",
        project_number="0",
        region="local",
        livemode=env.get("STRIPE_LIVEMODE") == "true",
        name="local",
        api_version=API_VERSION,
        connect=False,
        order_filter=env.get("ORDER_FILTER") or None,
        database=env.get("FIRESTORE_DATABASE") or "(default)",
        collection=env.get("ORDERS_COLLECTION") or "orders",
        topics=Topics(events=env.get("EVENTS_TOPIC") or "checkout-events", dead_letter=dead_letter),
        dead_letter_subscription=dead_letter,
        webhook=Webhook(function="local", url="http://127.0.0.1:8080/", account="local"),
        subscribers={},
        secrets=Secrets(webhook="local"),
        stripe_events=_stripe_events(env),
        after_sale=AfterSale(abandoned_carts=env.get("ABANDONED_CARTS") == "true"),
    )


def _stripe_events(env: Mapping[str, str]) -> StripeEvents:
    """The topics of routed events, which exist here even if nothing is routed. DEAD_LETTER_TOPIC is that of orders."""
    topic = env.get("STRIPE_EVENTS_TOPIC") or "checkout-stripe-events"
    route = tuple(each for each in re.split(r"[,\s]+", env.get("ROUTED_EVENTS", "")) if each)
    dead_letter = f"{topic}-dead-letter"
    return StripeEvents(route=route, topic=topic, dead_letter=dead_letter, dead_letter_subscription=dead_letter)
