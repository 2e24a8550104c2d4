"""The Publish call of our own, against Google's client, its emulator, and a server that looks at the calls."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from google.auth.credentials import Credentials
from google.pubsub_v1 import types

from fulfillment.errors import PublishFailed
from fulfillment.topic import pubsub
from fulfillment.topic.publisher import PubSubTopic
from fulfillment.topic.pubsub import Publisher, PublishRequest, PublishResponse, PubsubMessage, authorized
from local.runtime.emulators import Emulators
from local.runtime.pubsub_admin import PubSubAdmin


@pytest.mark.parametrize(
    ("ours", "google"),
    [
        (PubsubMessage, types.PubsubMessage),
        (PublishRequest, types.PublishRequest),
        (PublishResponse, types.PublishResponse),
    ],
)
def test_the_excerpt_is_as_google_writes_it(ours: Any, google: Any) -> None:
    theirs = {each.name: each for each in google.pb().DESCRIPTOR.fields}
    for each in ours.pb().DESCRIPTOR.fields:
        other = theirs[each.name]
        assert (each.number, each.type, each.is_repeated) == (other.number, other.type, other.is_repeated)


def test_google_reads_what_we_write() -> None:
    message = pubsub.to_message(b"\x00\xff", {"event_id": "evt_1", "text": "ünïcödé"})
    request = PublishRequest.pb()(topic="projects/p/topics/t", messages=[message])
    read = types.PublishRequest.deserialize(request.SerializeToString())
    assert read.topic == "projects/p/topics/t"
    assert read.messages[0] == types.PubsubMessage(
        data=b"\x00\xff", attributes={"event_id": "evt_1", "text": "ünïcödé"}
    )


async def test_a_message_that_pubsub_refuses_fails_alone(emulated: Emulators) -> None:
    name = f"t{uuid.uuid4().hex}"
    admin = PubSubAdmin(emulated.pubsub, "shared")
    admin.create_topic(name)
    admin.keep(name)
    topic = PubSubTopic("shared", name, emulated.pubsub)
    outcomes = await asyncio.gather(
        topic.publish(b"one", {}), topic.publish(b"", {}), topic.publish(b"two", {}), return_exceptions=True
    )
    assert [type(each) for each in outcomes] == [str, PublishFailed, str]
    assert "InvalidArgument" in str(outcomes[1])
    assert {each.data: each.id for each in admin.take(name)} == {b"one": outcomes[0], b"two": outcomes[2]}


async def test_what_fails_at_one_moment_has_a_trace_of_its_own(emulated: Emulators) -> None:
    topic = PubSubTopic("shared", "no-such-topic", emulated.pubsub)
    failed = await asyncio.gather(*(topic.publish(b"x", {}) for _ in range(3)), return_exceptions=True)
    assert len({id(each) for each in failed}) == 3
    assert {str(each) for each in failed} == {"Pub/Sub did not store the message: NotFound"}


class Token(Credentials):
    """A token that needs no refreshing."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.token = "token_1"

    def refresh(self, request: Any) -> None:
        raise AssertionError(request)


@dataclass
class Server:
    """Takes Publish calls on loopback; `refusals` are answered first."""

    port: int = 0
    metadata: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[grpc.StatusCode] = field(default_factory=list)

    async def publish(self, request: Any, context: Any) -> Any:
        self.metadata.append(dict(context.invocation_metadata()))
        if self.refusals:
            await context.abort(self.refusals.pop(0), "not now")
        return PublishResponse.pb()(message_ids=[each.data.decode() for each in request.messages])


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    running, taking = grpc.aio.server(), Server()
    handler = grpc.unary_unary_rpc_method_handler(
        taking.publish,
        request_deserializer=PublishRequest.pb().FromString,
        response_serializer=PublishResponse.pb().SerializeToString,
    )
    running.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("google.pubsub.v1.Publisher", {"Publish": handler})]
    )
    taking.port = running.add_secure_port("127.0.0.1:0", grpc.local_server_credentials())
    await running.start()
    yield taking
    await running.stop(None)


class LocalPublisher(Publisher):
    """As in production, but for the certificate."""

    def __init__(self, server: Server) -> None:
        super().__init__("projects/p/topics/t", None)
        self._server = server

    async def _credentials(self) -> Credentials:
        return Token()

    def _channel(self, credentials: Credentials) -> grpc.aio.Channel:
        local = grpc.local_channel_credentials()
        return grpc.aio.secure_channel(f"127.0.0.1:{self._server.port}", authorized(credentials, local))


async def test_a_call_carries_the_token_and_the_route(server: Server) -> None:
    assert await LocalPublisher(server).publish([pubsub.to_message(b"7", {})]) == ["7"]
    assert server.metadata[0]["authorization"] == "Bearer token_1"
    assert server.metadata[0]["x-goog-request-params"] == "topic=projects/p/topics/t"


async def test_what_may_pass_is_tried_again(server: Server) -> None:
    server.refusals = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL]
    assert await LocalPublisher(server).publish([pubsub.to_message(b"7", {})]) == ["7"]
    assert len(server.metadata) == 3


async def test_what_will_not_pass_is_not_tried_again(server: Server) -> None:
    server.refusals = [grpc.StatusCode.PERMISSION_DENIED] * 2
    with pytest.raises(PublishFailed, match="PermissionDenied"):
        await LocalPublisher(server).publish([pubsub.to_message(b"7", {})])
    assert len(server.metadata) == 1
