"""The variables of several entry points. The settings of each entry point list those that it needs."""

from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

from fulfillment.settings import parsers
from fulfillment.settings.base import secret, setting
from fulfillment.settings.hosts import parse_shop_url

STRIPE_API = "https://api.stripe.com"


def project() -> Any:
    """The Google Cloud project's id."""
    return setting("GOOGLE_CLOUD_PROJECT", parsers.project)


def livemode() -> Any:
    """Whether this deployment is for live mode; False is test mode."""
    return setting("STRIPE_LIVEMODE", parsers.livemode)


def pubsub_emulator() -> Any:
    """Host and port of the Pub/Sub emulator, or None for Pub/Sub itself."""
    return setting("PUBSUB_EMULATOR_HOST", default=None)


def deployment() -> Any:
    """The deployment's name: with the project's id, the CloudEvents source of the messages that it makes itself."""
    return setting("DEPLOYMENT", parsers.deployment, default="checkout")


def events_topic() -> Any:
    """The topic that verified events are published to."""
    return setting("EVENTS_TOPIC", parsers.topic, default="checkout-events")


def abandoned_carts() -> Any:
    """Whether `checkout.session.expired` is handled."""
    return setting("ABANDONED_CARTS", parsers.true_or_false, default=False)


def since() -> Any:
    """Sessions that were created earlier belong to another system; None for no such time."""
    return setting("RECONCILE_SINCE", parsers.moment, default=None)


def database() -> Any:
    """The Firestore database with the orders."""
    return setting("FIRESTORE_DATABASE", parsers.database, default="(default)")


def collection() -> Any:
    """The collection of the orders."""
    return setting("ORDERS_COLLECTION", parsers.collection, default="orders")


def stripe_key(**default: Any) -> Any:
    """A function that returns the current key of Stripe's API."""
    return secret("STRIPE_API_KEY", parsers.parse_api_key, **default)


def api_base() -> Any:
    """The address of Stripe's API."""
    return setting("STRIPE_API_BASE", parsers.api_base, default=STRIPE_API)


def email_from() -> Any:
    """The sender of mails, or None."""
    return setting("EMAIL_FROM", parsers.sender, default=None)


def shop_url() -> Any:
    """The address of the shop's page, or None for no link."""
    return setting("SHOP_URL", parse_shop_url, default=None)


def time_zone() -> Any:
    """The shop's time zone, for the dates in mails and pages."""
    return setting("SHOP_TIME_ZONE", parsers.time_zone, default=UTC)


def key_is_of_livemode(_given: Mapping[str, str], found: Mapping[str, Any]) -> Iterator[str]:
    """A key of the other mode cannot read this deployment's sessions. An organization's key does not show its mode."""
    key, live = found.get("stripe_key"), found.get("livemode")
    if key is None or live is None or parsers.is_organization(key()) or ("_live_" in key()[:8]) is live:
        return
    mode, other = ("live", "test") if live else ("test", "live")
    yield f"the Stripe API key is of {other} mode, but STRIPE_LIVEMODE={str(live).lower()} means {mode} mode"
