"""Publishes a verified body as a message. Concurrent messages are stored by one call.

A message's data is the verified raw body, byte for byte, so that it can be replayed after a fix of the parser.
"""

import asyncio
import functools
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from fulfillment.errors import PublishFailed
from fulfillment.topic.batching import Batcher, CallCancelled, Limit, Overloaded, Refused
from fulfillment.topic.pubsub import Publisher, not_stored, size, to_message

PUBLISH_SECONDS = 8
BATCH = Limit(1_000, 9_000_000)  # Pub/Sub accepts ten million bytes, the request's envelope included
WAITING = Limit(2_000, 32_000_000)  # the instance has half a GiB of memory


class Topic(Protocol):
    """Where messages go. Publishing the same message twice is allowed; losing one is not."""

    async def publish(self, data: bytes, attributes: Mapping[str, str]) -> str:
        """Returns the message's id once it is stored. Raises `PublishFailed` if that is not certain."""
        ...


class PubSubTopic:
    """A topic of Google Cloud Pub/Sub, or of its emulator. Concurrent messages are stored by one call."""

    def __init__(self, project: str, topic: str, emulator: str | None = None, seconds: float = PUBLISH_SECONDS) -> None:
        self._connect = functools.partial(Publisher, f"projects/{project}/topics/{topic}", emulator)
        self._publisher, self._seconds = self._connect(), seconds
        self._batcher = Batcher(self._store, size, batch=BATCH, waiting=WAITING)

    async def publish(self, data: bytes, attributes: Mapping[str, str]) -> str:
        """Returns the message's id once it is stored. Raises `PublishFailed` after 8 s or an error."""
        try:
            return await self._batcher.add(to_message(data, attributes), self._seconds)
        except TimeoutError as error:
            self._publisher = self._connect()  # the connection may be dead
            raise not_stored("TimeoutError") from error
        except Refused as error:
            raise not_stored("InvalidArgument") from error
        except (Overloaded, CallCancelled) as error:
            raise not_stored(type(error).__name__) from error
        except PublishFailed as error:  # all items of the call share it: each needs its own traceback
            raise PublishFailed(str(error)) from error

    async def _store(self, messages: Sequence[Any]) -> Sequence[str]:
        async with asyncio.timeout(self._seconds):
            return await self._publisher.publish(messages)
