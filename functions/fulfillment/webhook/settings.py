"""What the webhook needs of the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fulfillment.settings import parsers
from fulfillment.settings.base import Settings, setting
from fulfillment.settings.parsers import parse_webhook_secrets
from fulfillment.settings.secret_file import SecretFile, file


@dataclass(frozen=True, kw_only=True)
class WebhookSettings(Settings):
    """What `stripe_webhook` needs."""

    secrets: tuple[str, ...] = setting("STRIPE_WEBHOOK_SECRETS", parse_webhook_secrets, default=(), repr=False)
    secrets_file: SecretFile[tuple[str, ...]] | None = setting(
        "STRIPE_WEBHOOK_SECRETS_FILE", file(parse_webhook_secrets), default=None
    )
    events_topic: str = setting("EVENTS_TOPIC", parsers.topic, default="checkout-events")

    @classmethod
    def _contradictions(cls, given: set[str], _values: Mapping[str, Any]) -> list[str]:
        names = {"STRIPE_WEBHOOK_SECRETS", "STRIPE_WEBHOOK_SECRETS_FILE"}
        if len(given & names) == 1:
            return []
        return ["exactly one of STRIPE_WEBHOOK_SECRETS and STRIPE_WEBHOOK_SECRETS_FILE is required"]

    def webhook_secrets(self) -> tuple[str, ...]:
        """The signing secrets in force now, one or more."""
        return self.secrets_file() if self.secrets_file else self.secrets
