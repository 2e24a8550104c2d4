"""The only file that knows Pub/Sub: a verified body becomes a message, a push becomes a message again.

The data of a message is the verified raw body, byte for byte, so that it can be replayed after a fix of
the parser. The attributes say what a filter or an operator wants to know without reading it.
"""

import asyncio
import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeGuard

import grpc
from google.api_core.exceptions import GoogleAPIError
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.pubsub_v1 import PublisherAsyncClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcAsyncIOTransport
from google.pubsub_v1.types import PubsubMessage

from fulfillment.credentials import find
from fulfillment.domain.checkout import SessionId
from fulfillment.domain.events import load_object
from fulfillment.domain.shape import ShapeError, read
from fulfillment.errors import MalformedEvent, MalformedMessage, PublishFailed

PUBLISH_SECONDS = 8
ATTRIBUTE_BYTES = 1024
WISHES = ("replay", "release")
"""Attributes of a message that a person sent again: what it asks for beyond its event."""
_CHANNEL_OPTIONS = [
    # A connection that broke is tried again this often: the default backs off to two minutes, and every sale
    # in that time would be answered 503.
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # One that died silently, behind a NAT that forgot it, is noticed, and a new client has a connection of its own.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.use_local_subchannel_pool", 1),
]


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
    """A topic of Google Cloud Pub/Sub, or of its emulator."""

    def __init__(self, project: str, topic: str, emulator: str | None = None, seconds: float = PUBLISH_SECONDS) -> None:
        self._path, self._emulator, self._seconds = f"projects/{project}/topics/{topic}", emulator, seconds
        self._client: PublisherAsyncClient | None = None

    async def publish(self, data: bytes, attributes: Mapping[str, str]) -> str:
        """Returns the message's id once it is stored; `PublishFailed` after 8 s or an error."""
        message = PubsubMessage(data=data, attributes=dict(attributes))
        try:
            async with asyncio.timeout(self._seconds):
                client = await self._connected()
                reply = await client.publish(topic=self._path, messages=[message])
        except (TimeoutError, GoogleAPIError, GoogleAuthError) as error:
            if isinstance(error, TimeoutError):
                self._client = None  # who knows whether anybody is at the other end: the next one connects anew
            raise PublishFailed(f"Pub/Sub did not store the message: {type(error).__name__}") from error
        return str(reply.message_ids[0])

    async def _connected(self) -> PublisherAsyncClient:
        """The client, made at the first use: a channel does not survive the server's fork."""
        if self._client is None:
            credentials = await find(emulated=bool(self._emulator))
            transport = PublisherGrpcAsyncIOTransport(channel=self._channel(credentials))
            self._client = self._client or PublisherAsyncClient(transport=transport)
        return self._client

    def _channel(self, credentials: Credentials) -> grpc.aio.Channel:
        if self._emulator:
            return grpc.aio.insecure_channel(self._emulator, options=_CHANNEL_OPTIONS)
        return PublisherGrpcAsyncIOTransport.create_channel(credentials=credentials, options=_CHANNEL_OPTIONS)


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
        "account": event.get("account"),
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
    except (MalformedEvent, ShapeError, binascii.Error, ValueError) as error:
        detail = "data is not base64" if isinstance(error, binascii.Error) else str(error)
        raise MalformedMessage(f"not a Pub/Sub push: {detail}") from None
    return Message(
        data=data,
        attributes=push.message.attributes,
        id=push.message.messageId,
        attempt=push.deliveryAttempt,
    )
