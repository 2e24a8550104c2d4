"""What the stand-in of Pub/Sub takes is what Pub/Sub takes: the same tests on it and on the emulator."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace

import grpc
import pytest

from fulfillment.errors import PublishFailed
from fulfillment.topic.message import Message
from fulfillment.topic.publisher import PubSubTopic
from local.fakes.pubsub_stand_in import PubSubStandIn
from local.runtime.emulators import Emulators
from local.runtime.pubsub_admin import PubSubAdmin
from support.waiting import LONG

Taken = Callable[[], list[Message]]


@pytest.fixture(params=["stand-in", "emulator"])
def pubsub(request: pytest.FixtureRequest) -> Iterator[tuple[PubSubTopic, Taken]]:
    if request.param == "stand-in":
        with PubSubStandIn() as running:
            yield PubSubTopic("shared", "any", running.host), running.take
        return
    emulated: Emulators = request.getfixturevalue("emulated")
    name, admin = f"t{uuid.uuid4().hex}", PubSubAdmin(emulated.pubsub, "shared")
    admin.create_topic(name)
    admin.keep(name)
    yield PubSubTopic("shared", name, emulated.pubsub), lambda: admin.take(name)


async def test_what_is_published_is_stored_byte_for_byte_under_the_id_that_was_told(
    pubsub: tuple[PubSubTopic, Taken],
) -> None:
    topic, taken = pubsub
    data, attributes = bytes(range(256)) * 40, {"event_id": "evt_1", "text": "ünïcödé 😀"}
    message_id = await topic.publish(data, attributes)
    (stored,) = taken()
    assert replace(stored, published_at=None) == Message(data=data, attributes=attributes, id=message_id)
    assert taken() == []


async def test_messages_that_come_at_once_have_ids_of_their_own(pubsub: tuple[PubSubTopic, Taken]) -> None:
    topic, taken = pubsub
    ids = await asyncio.gather(*(topic.publish(b"x", {"number": str(number)}) for number in range(20)))
    assert {each.id: each.attributes["number"] for each in taken()} == dict(zip(ids, map(str, range(20)), strict=True))
    assert len(set(ids)) == 20


async def test_a_refusal_stores_nothing() -> None:
    with PubSubStandIn() as running:
        running.refusal = grpc.StatusCode.PERMISSION_DENIED
        with pytest.raises(PublishFailed, match="PermissionDenied"):
            await PubSubTopic("shared", "any", running.host).publish(b"x", {})
        assert running.take() == []


async def test_a_slow_one_is_given_up_and_stores_it_all_the_same() -> None:
    """As Pub/Sub may: a publisher that gave up does not know, and publishes again."""
    with PubSubStandIn() as running:
        running.seconds = 1
        with pytest.raises(PublishFailed):
            await PubSubTopic("shared", "any", running.host, seconds=0.3).publish(b"x", {})
        async with asyncio.timeout(LONG):
            while not running.stored:
                await asyncio.sleep(0.05)
        assert [each.data for each in running.take()] == [b"x"]
