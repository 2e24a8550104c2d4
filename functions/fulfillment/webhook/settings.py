"""The webhook's settings."""

from collections.abc import Callable
from dataclasses import dataclass

from fulfillment.domain.routes import Routes
from fulfillment.settings import parsers, shared
from fulfillment.settings.base import Settings, secret, setting


@dataclass(frozen=True, kw_only=True)
class WebhookSettings(Settings):
    """The settings of `stripe_webhook`. `webhook_secrets` returns the current signing secrets."""

    project: str = shared.project()
    livemode: bool = shared.livemode()
    pubsub_emulator: str | None = shared.pubsub_emulator()
    webhook_secrets: Callable[[], tuple[str, ...]] = secret("STRIPE_WEBHOOK_SECRETS", parsers.parse_webhook_secrets)
    events_topic: str = shared.events_topic()
    abandoned_carts: bool = shared.abandoned_carts()
    routes: Routes | None = setting("ROUTED_EVENTS", Routes.parse, default=None)
    stripe_events_topic: str = setting("STRIPE_EVENTS_TOPIC", parsers.topic, default="checkout-stripe-events")

    def warnings(self) -> list[str]:
        """What the routes mean for Stripe."""
        return self.routes.warnings() if self.routes else []
