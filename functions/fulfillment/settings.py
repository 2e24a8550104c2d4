"""The environment, read once at start. What an entry point needs and lacks, or finds misspelled, stops it
there, all of it named at once. Secrets are stripped of whitespace and never shown.
"""

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, tzinfo
from typing import Any, Self

from fulfillment import values
from fulfillment.addresses import SmtpServer, parse_shop_url
from fulfillment.errors import ConfigurationError
from fulfillment.mailbox import Mailbox, parse_sender
from fulfillment.values import OrderFilter, SecretFile, parse_api_key, parse_webhook_secrets

STRIPE_API = "https://api.stripe.com"


def _setting(name: str, parse: Callable[[str], Any] = str, **default: Any) -> Any:
    """A dataclass field that is read from the environment variable `name`; required without a default."""
    return field(metadata={"name": name, "parse": parse}, **default)


def _stripped(text: str) -> str:
    """Without ASCII's blanks around it. Any other may be the fault of a copy, and is left for the parser to name."""
    return text.strip(string.whitespace)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What every entry point needs."""

    project: str = _setting("GOOGLE_CLOUD_PROJECT", values.project)
    livemode: bool = _setting("STRIPE_LIVEMODE", values.livemode)
    pubsub_emulator: str | None = _setting("PUBSUB_EMULATOR_HOST", default=None)

    @classmethod
    def load(cls, env: Mapping[str, str]) -> Self:
        """The settings in `env`, or a `ConfigurationError` that names everything that is wrong with it."""
        found: dict[str, Any] = {}
        problems: list[str] = []
        for each in fields(cls):
            name, text = each.metadata["name"], _stripped(env.get(each.metadata["name"], ""))
            try:
                if text:
                    found[each.name] = each.metadata["parse"](text)
                elif each.default is each.default_factory:  # neither is given: both are MISSING
                    problems.append(f"{name} is required")
            except ValueError as error:
                problems.append(f"{name} {error}")
        problems += cls._contradictions({name for name in env if _stripped(env[name])}, found)
        if problems:
            raise ConfigurationError("; ".join(problems))
        return cls(**found)

    @classmethod
    def _contradictions(cls, _given: set[str], _values: Mapping[str, Any]) -> list[str]:
        """What is wrong with the settings taken together: the names of those given, and what was read of them."""
        return []

    def left_out(self) -> list[str]:
        """The optional settings that are not set, by name."""
        unset = {each.metadata["name"] for each in fields(self) if getattr(self, each.name) is None}
        in_files = {name for name in unset if f"{name}_FILE" in self._names() - unset}
        return sorted(name for name in unset - in_files if not name.endswith(("_EMULATOR_HOST", "_FILE")))

    @classmethod
    def _names(cls) -> set[str]:
        return {each.metadata["name"] for each in fields(cls)}


@dataclass(frozen=True, kw_only=True)
class WebhookSettings(Settings):
    """What `stripe_webhook` needs."""

    secrets: tuple[str, ...] = _setting("STRIPE_WEBHOOK_SECRETS", parse_webhook_secrets, default=(), repr=False)
    secrets_file: SecretFile[tuple[str, ...]] | None = _setting(
        "STRIPE_WEBHOOK_SECRETS_FILE", values.file(parse_webhook_secrets), default=None
    )
    events_topic: str = _setting("EVENTS_TOPIC", values.topic, default="checkout-events")

    @classmethod
    def _contradictions(cls, given: set[str], _values: Mapping[str, Any]) -> list[str]:
        names = {"STRIPE_WEBHOOK_SECRETS", "STRIPE_WEBHOOK_SECRETS_FILE"}
        if len(given & names) == 1:
            return []
        return ["exactly one of STRIPE_WEBHOOK_SECRETS and STRIPE_WEBHOOK_SECRETS_FILE is required"]

    def webhook_secrets(self) -> tuple[str, ...]:
        """The signing secrets in force now, one or more."""
        return self.secrets_file() if self.secrets_file else self.secrets


@dataclass(frozen=True, kw_only=True)
class OrdersSettings(Settings):
    """Where the orders are kept, and whose."""

    database: str = _setting("FIRESTORE_DATABASE", values.database, default="(default)")
    collection: str = _setting("ORDERS_COLLECTION", values.collection, default="orders")
    order_filter: OrderFilter | None = _setting("ORDER_FILTER", OrderFilter.parse, default=None)


@dataclass(frozen=True, kw_only=True)
class StripeSettings(Settings):
    """What reading Stripe needs; without a key, nothing."""

    api_key: str | None = _setting("STRIPE_API_KEY", parse_api_key, default=None, repr=False)
    api_key_file: SecretFile[str] | None = _setting("STRIPE_API_KEY_FILE", values.file(parse_api_key), default=None)
    api_base: str = _setting("STRIPE_API_BASE", values.api_base, default=STRIPE_API)

    @classmethod
    def _contradictions(cls, given: set[str], found: Mapping[str, Any]) -> list[str]:
        return super()._contradictions(given, found) + cls._key_problems(given, found)

    @classmethod
    def _key_problems(cls, given: set[str], found: Mapping[str, Any]) -> list[str]:
        if {"STRIPE_API_KEY", "STRIPE_API_KEY_FILE"} <= given:
            return ["STRIPE_API_KEY and STRIPE_API_KEY_FILE contradict each other: set one of them"]
        file, livemode = found.get("api_key_file"), found.get("livemode")
        key = file() if file else found.get("api_key")
        if key is None or livemode is None or values.is_organization(key) or ("_live_" in key[:8]) is livemode:
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

    email_from: Mailbox | None = _setting("EMAIL_FROM", parse_sender, default=None)
    shop_url: str | None = _setting("SHOP_URL", parse_shop_url, default=None)
    time_zone: tzinfo = _setting("SHOP_TIME_ZONE", values.time_zone, default=UTC)


@dataclass(frozen=True, kw_only=True)
class MailSettings(ShopSettings):
    """What sending mail needs; without a server, nothing."""

    smtp: SmtpServer | None = _setting("SMTP_URL", SmtpServer.parse, default=None)
    smtp_file: SecretFile[SmtpServer] | None = _setting("SMTP_URL_FILE", values.file(SmtpServer.parse), default=None)

    @classmethod
    def _contradictions(cls, given: set[str], found: Mapping[str, Any]) -> list[str]:
        return super()._contradictions(given, found) + cls._mail_problems(given)

    @classmethod
    def _mail_problems(cls, given: set[str]) -> list[str]:
        servers = sorted({"SMTP_URL", "SMTP_URL_FILE"} & given)
        if len(servers) == 2:
            return ["SMTP_URL and SMTP_URL_FILE contradict each other: set one of them"]
        return [f"EMAIL_FROM is required with {name}" for name in servers if "EMAIL_FROM" not in given]

    @property
    def smtp_server(self) -> Callable[[], SmtpServer] | None:
        """Tells the mail server in force now; None if there is none: mails are not owed."""
        server = self.smtp
        return self.smtp_file or (None if server is None else lambda: server)


@dataclass(frozen=True, kw_only=True)
class SubscriberSettings(MailSettings, OrdersSettings, StripeSettings):
    """What a subscriber needs."""

    dead_letter_topic: str = _setting("DEAD_LETTER_TOPIC", values.topic, default="checkout-events-dead-letter")
    order_events_topic: str | None = _setting("ORDER_EVENTS_TOPIC", values.topic, default=None)
    hook_timeout: int = _setting("HOOK_TIMEOUT", values.hook_timeout, default=30)
    hold_on_review: bool = _setting("HOLD_ON_REVIEW", values.true_or_false, default=False)


@dataclass(frozen=True, kw_only=True)
class OrderStatusSettings(ShopSettings, OrdersSettings, StripeSettings):
    """What `order_status` needs."""

    events_topic: str = _setting("EVENTS_TOPIC", values.topic, default="checkout-events")
    reads_per_minute: int = _setting("ORDER_STATUS_READS_PER_MINUTE", values.count(0, 6000), default=60)
    connect: bool = _setting("STRIPE_CONNECT", values.true_or_false, default=False)


@dataclass(frozen=True, kw_only=True)
class ReconcileSettings(OrdersSettings, StripeSettings):
    """What `reconcile` needs."""

    events_topic: str = _setting("EVENTS_TOPIC", values.topic, default="checkout-events")
    since: datetime | None = _setting("RECONCILE_SINCE", values.moment, default=None)
    max_age_days: int = _setting("RECONCILE_MAX_AGE_DAYS", values.count(1, 365), default=30)
    late_minutes: int = _setting("RECONCILE_LATE_MINUTES", values.count(20, 1440), default=30)
    grace_seconds: int = _setting("RECONCILE_GRACE_SECONDS", values.count(0, 120), default=20)
    run_seconds: int = _setting("RECONCILE_RUN_SECONDS", values.count(1, 3300), default=600)
    reads_per_second: int = _setting("RECONCILE_READS_PER_SECOND", values.count(1, 100), default=10)

    @classmethod
    def _contradictions(cls, given: set[str], found: Mapping[str, Any]) -> list[str]:
        keyless = not {"STRIPE_API_KEY", "STRIPE_API_KEY_FILE"} & given
        return ["STRIPE_API_KEY or STRIPE_API_KEY_FILE is required"] * keyless + super()._contradictions(given, found)

    @property
    def stripe_key(self) -> Callable[[], str]:
        """Tells the API key in force now."""
        return self.api_key_file or (lambda: self.api_key or "")

    @property
    def lists_sessions(self) -> bool:
        """Whether Stripe lists sessions to this key: to an organization's only those of an account that is named."""
        return not values.is_organization(self.stripe_key())
