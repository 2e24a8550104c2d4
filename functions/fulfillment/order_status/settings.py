"""The settings of the order status page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING

from fulfillment.domain.order_filter import OrderFilter
from fulfillment.settings import parsers, shared
from fulfillment.settings.base import Settings, setting

if TYPE_CHECKING:
    from fulfillment.settings.mailbox import Mailbox


@dataclass(frozen=True, kw_only=True)
class OrderStatusSettings(Settings):
    """The settings of `order_status`. Without `stripe_key` only orders are read. `email_from` has the shop's name."""

    CHECKS = (shared.key_is_of_livemode,)

    project: str = shared.project()
    livemode: bool = shared.livemode()
    pubsub_emulator: str | None = shared.pubsub_emulator()
    deployment: str = shared.deployment()
    events_topic: str = shared.events_topic()
    database: str = shared.database()
    collection: str = shared.collection()
    order_filter: OrderFilter | None = setting("ORDER_FILTER", OrderFilter.parse, default=None)
    stripe_key: Callable[[], str] | None = shared.stripe_key(default=None)
    api_base: str = shared.api_base()
    reads_per_minute: int = setting("ORDER_STATUS_READS_PER_MINUTE", parsers.count(0, 6000), default=60)
    connect: bool = setting("STRIPE_CONNECT", parsers.true_or_false, default=False)
    email_from: "Mailbox | None" = shared.email_from()
    shop_url: str | None = shared.shop_url()
    time_zone: tzinfo = shared.time_zone()
