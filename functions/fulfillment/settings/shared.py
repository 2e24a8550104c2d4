"""What several entry points need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from fulfillment.domain.order_filter import OrderFilter
from fulfillment.settings import parsers
from fulfillment.settings.base import Settings, setting
from fulfillment.settings.hosts import parse_shop_url
from fulfillment.settings.mailbox import Mailbox, parse_sender
from fulfillment.settings.parsers import parse_api_key
from fulfillment.settings.secret_file import SecretFile, file

STRIPE_API = "https://api.stripe.com"


@dataclass(frozen=True, kw_only=True)
class OrdersSettings(Settings):
    """Where the orders are kept, and whose."""

    database: str = setting("FIRESTORE_DATABASE", parsers.database, default="(default)")
    collection: str = setting("ORDERS_COLLECTION", parsers.collection, default="orders")
    order_filter: OrderFilter | None = setting("ORDER_FILTER", OrderFilter.parse, default=None)


@dataclass(frozen=True, kw_only=True)
class StripeSettings(Settings):
    """What reading Stripe needs; without a key, nothing."""

    api_key: str | None = setting("STRIPE_API_KEY", parse_api_key, default=None, repr=False)
    api_key_file: SecretFile[str] | None = setting("STRIPE_API_KEY_FILE", file(parse_api_key), default=None)
    api_base: str = setting("STRIPE_API_BASE", parsers.api_base, default=STRIPE_API)

    @classmethod
    def _contradictions(cls, given: set[str], found: Mapping[str, Any]) -> list[str]:
        return super()._contradictions(given, found) + cls._key_problems(given, found)

    @classmethod
    def _key_problems(cls, given: set[str], found: Mapping[str, Any]) -> list[str]:
        if {"STRIPE_API_KEY", "STRIPE_API_KEY_FILE"} <= given:
            return ["STRIPE_API_KEY and STRIPE_API_KEY_FILE contradict each other: set one of them"]
        file, livemode = found.get("api_key_file"), found.get("livemode")
        key = file() if file else found.get("api_key")
        if key is None or livemode is None or parsers.is_organization(key) or ("_live_" in key[:8]) is livemode:
            return []
        mode, other = ("live", "test") if livemode else ("test", "live")
        return [f"the Stripe API key is of {other} mode, but STRIPE_LIVEMODE={str(livemode).lower()} means {mode} mode"]

    @property
    def stripe_key(self) -> Callable[[], str] | None:
        """Tells the API key in force now; None if there is none."""
        key = self.api_key
        return self.api_key_file or (None if key is None else lambda: key)


@dataclass(frozen=True, kw_only=True)
class ShopSettings(Settings):
    """The shop as a buyer knows it."""

    email_from: Mailbox | None = setting("EMAIL_FROM", parse_sender, default=None)
    shop_url: str | None = setting("SHOP_URL", parse_shop_url, default=None)
    time_zone: tzinfo = setting("SHOP_TIME_ZONE", parsers.time_zone, default=UTC)
