"""What the landing page needs of the environment."""

from dataclasses import dataclass

from fulfillment.settings import parsers
from fulfillment.settings.base import setting
from fulfillment.settings.shared import OrdersSettings, ShopSettings, StripeSettings


@dataclass(frozen=True, kw_only=True)
class OrderStatusSettings(ShopSettings, OrdersSettings, StripeSettings):
    """What `order_status` needs."""

    events_topic: str = setting("EVENTS_TOPIC", parsers.topic, default="checkout-events")
    reads_per_minute: int = setting("ORDER_STATUS_READS_PER_MINUTE", parsers.count(0, 6000), default=60)
    connect: bool = setting("STRIPE_CONNECT", parsers.true_or_false, default=False)
