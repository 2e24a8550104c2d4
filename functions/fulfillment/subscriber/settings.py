"""What a subscriber needs of the environment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fulfillment.settings import parsers
from fulfillment.settings.base import setting
from fulfillment.settings.hosts import SmtpServer
from fulfillment.settings.secret_file import SecretFile, file
from fulfillment.settings.shared import OrdersSettings, ShopSettings, StripeSettings


@dataclass(frozen=True, kw_only=True)
class MailSettings(ShopSettings):
    """What sending mail needs; without a server, nothing."""

    smtp: SmtpServer | None = setting("SMTP_URL", SmtpServer.parse, default=None)
    smtp_file: SecretFile[SmtpServer] | None = setting("SMTP_URL_FILE", file(SmtpServer.parse), default=None)

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

    dead_letter_topic: str = setting("DEAD_LETTER_TOPIC", parsers.topic, default="checkout-events-dead-letter")
    order_events_topic: str | None = setting("ORDER_EVENTS_TOPIC", parsers.topic, default=None)
    hook_timeout: int = setting("HOOK_TIMEOUT", parsers.hook_timeout, default=30)
    hold_on_review: bool = setting("HOLD_ON_REVIEW", parsers.true_or_false, default=False)
