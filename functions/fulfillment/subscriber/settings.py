"""A subscriber's settings."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from fulfillment.domain import access
from fulfillment.domain.access import AccessRule
from fulfillment.domain.order_filter import OrderFilter
from fulfillment.settings import parsers, shared
from fulfillment.settings.base import Settings, secret, setting
from fulfillment.settings.hosts import SmtpServer

if TYPE_CHECKING:
    from fulfillment.settings.mailbox import Mailbox


def _mail_has_a_sender(given: Mapping[str, str], _found: Mapping[str, Any]) -> Iterator[str]:
    name = next((each for each in ("SMTP_URL", "SMTP_URL_FILE") if each in given), None)
    if name and "EMAIL_FROM" not in given:
        yield f"EMAIL_FROM is required with {name}"


@dataclass(frozen=True, kw_only=True)
class SubscriberSettings(Settings):
    """A subscriber's settings. Without `stripe_key` no line items are owed, without `smtp_server` no mails."""

    CHECKS = (shared.key_is_of_livemode, _mail_has_a_sender)

    project: str = shared.project()
    livemode: bool = shared.livemode()
    pubsub_emulator: str | None = shared.pubsub_emulator()
    dead_letter_topic: str = setting("DEAD_LETTER_TOPIC", parsers.topic, default="checkout-events-dead-letter")
    order_events_topic: str | None = setting("ORDER_EVENTS_TOPIC", parsers.topic, default=None)
    database: str = shared.database()
    collection: str = shared.collection()
    order_filter: OrderFilter | None = setting("ORDER_FILTER", OrderFilter.parse, default=None)
    stripe_key: Callable[[], str] | None = shared.stripe_key(default=None)
    api_base: str = shared.api_base()
    smtp_server: Callable[[], SmtpServer] | None = secret("SMTP_URL", SmtpServer.parse, default=None)
    email_from: "Mailbox | None" = shared.email_from()
    shop_url: str | None = shared.shop_url()
    time_zone: tzinfo = shared.time_zone()
    hook_timeout: int = setting("HOOK_TIMEOUT", parsers.hook_timeout, default=30)
    hold_on_review: bool = setting("HOLD_ON_REVIEW", parsers.true_or_false, default=False)
    access_policy: frozenset[AccessRule] = setting("ACCESS_POLICY", access.rules, default=access.DEFAULT_RULES)
    refund_mails: bool = setting("REFUND_MAILS", parsers.true_or_false, default=False)
    since: datetime | None = shared.since()
