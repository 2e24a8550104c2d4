"""A shop on the emulators that routes Stripe's other events, too: their topic, its dead letters, its archive."""

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from click.testing import Result

from fulfillment.topic.message import Message
from fulfillment.topic.publisher import PubSubTopic
from local.runtime.pipe import STRIPE_EVENTS, STRIPE_EVENTS_DEAD_LETTER, TOPIC
from support.deployments import told
from support.emulated_shop import EmulatedShop

EVENTS, EVENTS_DEAD_LETTER, BUCKET = STRIPE_EVENTS, STRIPE_EVENTS_DEAD_LETTER, "acme-shop-events"


class RoutedShop:
    """The deployment is in a file: unlike the emulated one, it has sinks."""

    def __init__(self, shop: EmulatedShop, folder: Path, **env: str) -> None:
        self.shop, self.file = shop, folder / "deployment.json"
        self.env = {"OPS_DEPLOYMENT": str(self.file), **env}
        shop.admin.keep(EVENTS)
        shop.admin.keep(TOPIC)
        self.has()

    def has(self, *, route: Iterable[str] = ("invoice.*", "customer.subscription.*"), **changes: Any) -> None:
        """Writes the deployment, with what is changed about it."""
        routed = {
            "route": list(route),
            "topic": EVENTS,
            "dead_letter": EVENTS_DEAD_LETTER,
            "dead_letter_subscription": EVENTS_DEAD_LETTER,
            "handlers": None,
            "bigquery": {"name": "checkout_events", "subscriptions": ["checkout-events-bigquery"]},
            "archive": {"name": BUCKET, "subscriptions": ["checkout-events-archive"]},
        }
        deployment = {"project": self.shop.project, "database": "(default)", "stripe_events": routed}
        self.file.write_text(json.dumps(told(**deployment | changes)))

    def runs(self, *args: str, **env: str | None) -> Result:
        """Runs a command."""
        return self.shop.runs(*args, **self.env | env)

    def reports(self, *args: str, **env: str | None) -> Any:
        """What a command says to a machine: nothing personal."""
        return self.shop.reports(*args, **self.env | env)

    def park(self, *letters: tuple[bytes, dict[str, str]]) -> None:
        """Puts messages into the events' dead letter."""

        async def publish() -> None:
            topic = PubSubTopic(self.shop.project, EVENTS_DEAD_LETTER, self.shop.emulated.pubsub)
            await asyncio.gather(*(topic.publish(data, attributes) for data, attributes in letters))

        asyncio.run(publish())

    def taken(self, topic: str = EVENTS) -> list[Message]:
        """What has come onto a topic since the last look."""
        found: list[Message] = []
        while some := self.shop.admin.take(topic):
            found += some
        return found
