"""The in-memory topic. It passes the same contract tests as Pub/Sub's emulator."""

import asyncio
import base64
import itertools
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fulfillment.errors import PublishFailed
from fulfillment.topic.message import Message

Push = Callable[[bytes], Awaitable[int]]
ACKS = (200, 201, 202, 204)
ORIGIN = "//local/checkout"
"""The CloudEvents source of a local deployment's own messages."""


@dataclass(frozen=True)
class _Subscription:
    push: Push
    event_type: str | None
    backoff: float


class MemoryTopic:
    """A topic that pushes to its subscriptions until they acknowledge. `down`: publishing fails."""

    def __init__(self) -> None:
        self.down = False
        self.stored: list[Message] = []
        self._subscriptions: list[_Subscription] = []
        self._deliveries: set[asyncio.Task[None]] = set()

    def subscribe(self, push: Push, event_type: str | None = None, backoff: float = 0.05) -> None:
        """Adds a push subscription, filtered by the attribute event_type if one is given."""
        self._subscriptions.append(_Subscription(push, event_type, backoff))

    async def publish(self, data: bytes, attributes: Mapping[str, str]) -> str:
        """Stores a message and sends it on its way."""
        if self.down:
            raise PublishFailed("Pub/Sub did not store the message: it is down")
        message = Message(data=data, attributes=dict(attributes), id=str(len(self.stored) + 1))
        self.stored.append(message)
        for subscription in self._subscriptions:
            if subscription.event_type in (None, attributes.get("event_type")):
                delivery = asyncio.create_task(_deliver(message, subscription))
                self._deliveries.add(delivery)
                delivery.add_done_callback(self._deliveries.discard)
        return str(message.id)

    async def settle(self) -> None:
        """Returns once every message is acknowledged."""
        while self._deliveries:
            await asyncio.gather(*self._deliveries)
            await asyncio.sleep(0)  # gather does not yield for tasks that are done; their callbacks must run


async def _deliver(message: Message, to: _Subscription) -> None:
    for attempt in itertools.count(1):
        if await to.push(push_body(message, attempt)) in ACKS:
            return
        await asyncio.sleep(to.backoff)


def push_body(message: Message, attempt: int | None = None) -> bytes:
    """The body of a push request, as Pub/Sub writes it."""
    inner = {
        "data": base64.b64encode(message.data).decode(),
        "attributes": dict(message.attributes),
        "messageId": message.id,
        "publishTime": datetime.now(UTC).isoformat(),
    }
    push: dict[str, Any] = {"message": inner, "subscription": "projects/local/subscriptions/local"}
    return json.dumps(push if attempt is None else push | {"deliveryAttempt": attempt}).encode()
