"""The settings of `on_checkout_session_expired`."""

from collections.abc import Callable
from dataclasses import dataclass

from fulfillment.domain.order_filter import OrderFilter
from fulfillment.settings import parsers, shared
from fulfillment.settings.base import Settings, setting


@dataclass(frozen=True, kw_only=True)
class AbandonedCartSettings(Settings):
    """The settings of `on_checkout_session_expired`. Without `stripe_key` a thin event is parked."""

    CHECKS = (shared.key_is_of_livemode,)

    project: str = shared.project()
    livemode: bool = shared.livemode()
    pubsub_emulator: str | None = shared.pubsub_emulator()
    dead_letter_topic: str = setting("DEAD_LETTER_TOPIC", parsers.topic, default="checkout-events-dead-letter")
    order_filter: OrderFilter | None = setting("ORDER_FILTER", OrderFilter.parse, default=None)
    stripe_key: Callable[[], str] | None = shared.stripe_key(default=None)
    api_base: str = shared.api_base()
    hook_timeout: int = setting("HOOK_TIMEOUT", parsers.hook_timeout, default=30)
