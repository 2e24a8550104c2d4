"""The only file that knows Pub/Sub's API. It makes one call, Publish, without Google's client: importing that takes a
sixth of a second in every cold start. The messages are an excerpt of google/pubsub/v1/pubsub.proto. Tests compare them
with Google's own.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any

import grpc
import proto  # type: ignore[import-untyped]
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError

from fulfillment import credentials
from fulfillment.errors import PublishFailed
from fulfillment.topic.batching import Refused
from fulfillment.version import USER_AGENT

HOST = "pubsub.googleapis.com:443"
_CHANNEL_OPTIONS = [
    # Reconnect at least this often. The default backs off to two minutes, and every sale in that time would get
    # a 503.
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Detect a connection that died silently behind a NAT, and give each new channel a connection of its own.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.primary_user_agent", USER_AGENT),
]
_PASSING = {
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.UNKNOWN,
}
"""The codes that Google's own client retries, too."""


class PubsubMessage(proto.Message):  # type: ignore[misc]
    """google.pubsub.v1.PubsubMessage"""

    data = proto.Field(proto.BYTES, number=1)
    attributes = proto.MapField(proto.STRING, proto.STRING, number=2)


class PublishRequest(proto.Message):  # type: ignore[misc]
    """google.pubsub.v1.PublishRequest"""

    topic = proto.Field(proto.STRING, number=1)
    messages = proto.RepeatedField(PubsubMessage, number=2)


class PublishResponse(proto.Message):  # type: ignore[misc]
    """google.pubsub.v1.PublishResponse"""

    message_ids = proto.RepeatedField(proto.STRING, number=1)


# The raw protobuf classes: the wrappers above would wrap every field of every message.
_Message, _Request, _Response = PubsubMessage.pb(), PublishRequest.pb(), PublishResponse.pb()


def to_message(data: bytes, attributes: Mapping[str, str]) -> Any:
    """A message in the form that `Publisher` sends."""
    return _Message(data=data, attributes=attributes)


def size(message: Any) -> int:
    """The bytes that a message needs in a request."""
    return int(message.ByteSize())


class Publisher:
    """A connection for one topic of Pub/Sub or its emulator. Opened on first use: it does not survive a fork."""

    def __init__(self, topic: str, emulator: str | None) -> None:
        self._topic, self._emulator = topic, emulator
        self._call: Any = None
        if not emulator:
            credentials.load()

    async def publish(self, messages: Sequence[Any]) -> Sequence[str]:
        """Stores all messages or none, and returns their ids. Transient errors are retried until the caller gives up.

        Raises Refused if the messages are invalid, else PublishFailed.
        """
        try:
            request = _Request(topic=self._topic, messages=messages)
            return list((await self._try(request)).message_ids)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
                raise Refused from error
            # Google's name of the code, as in all other logs: NotFound, PermissionDenied
            raise not_stored(error.code().name.title().replace("_", "")) from error
        except GoogleAuthError as error:
            raise not_stored(type(error).__name__) from error

    async def _try(self, request: Any) -> Any:
        call = self._call = self._call or self._connect(await self._credentials())
        route = ("x-goog-request-params", f"topic={self._topic}")  # Google routes the call by it
        metadata = (route, ("x-goog-api-client", USER_AGENT))
        pause = 0.1
        while True:
            try:
                return await call(request, metadata=metadata, wait_for_ready=True)
            except grpc.aio.AioRpcError as error:
                if error.code() not in _PASSING:
                    raise
            await asyncio.sleep(random.uniform(0, pause))  # noqa: S311
            pause = min(pause * 4, 2)

    async def _credentials(self) -> Credentials:
        return await credentials.find(emulated=bool(self._emulator))

    def _connect(self, credentials: Credentials) -> Any:
        return self._channel(credentials).unary_unary(
            "/google.pubsub.v1.Publisher/Publish",
            request_serializer=_Request.SerializeToString,
            response_deserializer=_Response.FromString,
        )

    def _channel(self, credentials: Credentials) -> grpc.aio.Channel:
        if self._emulator:
            return grpc.aio.insecure_channel(self._emulator, options=_CHANNEL_OPTIONS)
        return grpc.aio.secure_channel(HOST, authorized(credentials), options=_CHANNEL_OPTIONS)


def authorized(credentials: Credentials, transport: grpc.ChannelCredentials | None = None) -> grpc.ChannelCredentials:
    """A channel's credentials: TLS, and a Google access token with every call."""
    from google.auth.transport.grpc import AuthMetadataPlugin  # noqa: PLC0415 - an emulator needs none
    from google.auth.transport.requests import Request  # noqa: PLC0415 - as above

    token = grpc.metadata_call_credentials(AuthMetadataPlugin(credentials, Request()))  # type: ignore[no-untyped-call]
    return grpc.composite_channel_credentials(transport or grpc.ssl_channel_credentials(), token)


def not_stored(why: str) -> PublishFailed:
    """The error for a failed publish."""
    return PublishFailed(f"Pub/Sub did not store the message: {why}")
