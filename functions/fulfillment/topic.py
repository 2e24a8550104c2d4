"""A verified body becomes a message, a push becomes a message again.

The data of a message is the verified raw body, byte for byte, so that it can be replayed after a fix of
the parser. The attributes say what a filter or an operator wants to know without reading it.
"""

import asyncio
import base64
import binascii
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeGuard

from fulfillment.batching import Batcher, CallCancelled, Limit, Overloaded, Refused
from fulfillment.domain.events import load_object
from fulfillment.domain.ids import Owner, SessionId
from fulfillment.domain.shape import ShapeError, read
from fulfillment.errors import MalformedEvent, MalformedMessage, PublishFailed
from fulfillment.pubsub import Publisher, not_stored, size, to_message

PUBLISH_SECONDS = 8
ATTRIBUTE_BYTES = 1024
WISHES = ("replay", "release")
"""Attributes of a message that a person sent again: what it asks for beyond its event."""
BATCH = Limit(1_000, 9_000_000)  # Pub/Sub takes ten million bytes, with what is around the messages
WAITING = Limit(2_000, 32_000_000)  # of half a GiB of memory


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as it was pushed. `attempt` counts deliveries from 1; null where Pub/Sub does not say."""

    data: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)
    id: str | None = None
    attempt: int | None = None


class Topic(Protocol):
    """Where messages go. Publishing the same message twice is allowed; losing one is not."""

    async def publish(self, data: bytes, attributes: Mapping[str, str]) -> str:
        """Returns the message's id once it is stored; `PublishFailed` when that is not certain."""
        ...


class PubSubTopic:
    """A topic of Google Cloud Pub/Sub, or of its emulator. Messages that come together are stored together."""

    def __init__(self, project: str, topic: str, emulator: str | None = None, seconds: float = PUBLISH_SECONDS) -> None:
        self._connect = functools.partial(Publisher, f"projects/{project}/topics/{topic}", emulator)
        self._publisher, self._seconds = self._connect(), seconds
        self._batcher = Batcher(self._store, size, batch=BATCH, waiting=WAITING)

    async def publish(self, data: bytes, attributes: Mapping[str, str]) -> str:
        """Returns the message's id once it is stored; `PublishFailed` after 8 s or an error."""
        try:
            return await self._batcher.add(to_message(data, attributes), self._seconds)
        except TimeoutError as error:
            self._publisher = self._connect()  # who knows whether anybody is at the other end
            raise not_stored("TimeoutError") from error
        except Refused as error:
            raise not_stored("InvalidArgument") from error
        except (Overloaded, CallCancelled) as error:
            raise not_stored(type(error).__name__) from error
        except PublishFailed as error:  # one object for all of its call: each needs a trace of its own
            raise PublishFailed(str(error)) from error

    async def _store(self, messages: Sequence[Any]) -> Sequence[str]:
        async with asyncio.timeout(self._seconds):
            return await self._publisher.publish(messages)


def attributes_of(event: Mapping[str, Any], traceparent: str) -> dict[str, str]:
    """The attributes of a verified event. What is missing or unusable is left out: the message is still
    published, and the subscriber parks it.
    """
    data = event.get("data")
    session = data.get("object") if isinstance(data, dict) else None
    session_id = session.get("id") if isinstance(session, dict) else None
    livemode = event.get("livemode")
    attributes = {
        "event_id": event.get("id"),
        "event_type": event.get("type"),
        "session_id": session_id if _usable(session_id) else None,
        "livemode": str(livemode).lower() if isinstance(livemode, bool) else None,
        "api_version": event.get("api_version"),
        **Owner.told_by(event.get("account"), event.get("context")).told(),
        "traceparent": traceparent,
    }
    return {name: value for name, value in attributes.items() if fits(value)}


def _usable(session_id: object) -> bool:
    try:
        SessionId.read(session_id)
    except ShapeError:
        return False
    return True


def fits(value: object) -> TypeGuard[str]:
    """Whether Pub/Sub takes it for an attribute; surrogates, which nobody can encode, are not printable."""
    return isinstance(value, str) and value.isprintable() and 0 < len(value.encode()) <= ATTRIBUTE_BYTES


@dataclass(frozen=True, kw_only=True)
class _PushedMessage:
    data: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    messageId: str | None = None  # noqa: N815 - Pub/Sub's name


@dataclass(frozen=True, kw_only=True)
class _Push:
    message: _PushedMessage
    deliveryAttempt: int | None = None  # noqa: N815 - Pub/Sub's name


def parse_push(body: bytes) -> Message:
    """The message in the body of a push request; `MalformedMessage` if it is none."""
    try:
        push = read(_Push, load_object(body))
        data = base64.b64decode(push.message.data, validate=True)
    except (MalformedEvent, ValueError) as error:  # the latter is a ShapeError, or of base64
        detail = "data is not base64" if isinstance(error, binascii.Error) else str(error)
        raise MalformedMessage(f"not a Pub/Sub push: {detail}") from None
    return Message(
        data=data,
        attributes=push.message.attributes,
        id=push.message.messageId,
        attempt=push.deliveryAttempt,
    )
