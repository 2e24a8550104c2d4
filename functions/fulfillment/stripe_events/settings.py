"""The settings of `on_stripe_event`."""

from collections.abc import Callable
from dataclasses import dataclass

from fulfillment.domain.routes import Routes
from fulfillment.settings import parsers, shared
from fulfillment.settings.base import Settings, setting


@dataclass(frozen=True, kw_only=True)
class StripeEventSettings(Settings):
    """The settings of `on_stripe_event`. Without `stripe_key` a handler cannot read the object of a thin event."""

    CHECKS = (shared.key_is_of_livemode,)

    project: str = shared.project()
    livemode: bool = shared.livemode()
    pubsub_emulator: str | None = shared.pubsub_emulator()
    routes: Routes = setting("ROUTED_EVENTS", Routes.parse)
    dead_letter_topic: str = setting("DEAD_LETTER_TOPIC", parsers.topic, default="checkout-stripe-events-dead-letter")
    database: str = shared.database()
    collection: str = shared.collection()
    stripe_key: Callable[[], str] | None = shared.stripe_key(default=None)
    api_base: str = shared.api_base()
    hook_timeout: int = setting("HOOK_TIMEOUT", parsers.hook_timeout, default=30)
