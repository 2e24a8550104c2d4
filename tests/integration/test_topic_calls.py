"""What a topic makes of its calls to Pub/Sub: how many go together, and what is said when nothing was stored."""

import asyncio
from collections.abc import Iterator

import grpc
import pytest

from chaos import proxy
from chaos.proxy import Link
from fulfillment.errors import PublishFailed
from fulfillment.topic.publisher import BATCH, PUBLISH_SECONDS, WAITING, PubSubTopic
from fulfillment.webhook import endpoint
from local.fakes.pubsub_stand_in import LARGEST_REQUEST, PubSubStandIn

PUBSUB_TAKES_MESSAGES = 1_000


@pytest.fixture
def pubsub() -> Iterator[PubSubStandIn]:
    with PubSubStandIn() as running:
        yield running


def topic_of(pubsub: PubSubStandIn, seconds: float = 30) -> PubSubTopic:
    return PubSubTopic("shared", "any", pubsub.host, seconds)


async def publish(topic: PubSubTopic, *data: bytes) -> list[str | BaseException]:
    return await asyncio.gather(*(topic.publish(each, {}) for each in data), return_exceptions=True)


def said(outcomes: list[str | BaseException]) -> set[str]:
    """Why nothing was stored; every one must be of the kind that is tried again."""
    assert {type(each) for each in outcomes} == {PublishFailed}
    return {str(each).removeprefix("Pub/Sub did not store the message: ") for each in outcomes}


async def test_as_many_messages_go_together_as_pubsub_takes(pubsub: PubSubStandIn) -> None:
    topic = topic_of(pubsub)
    await publish(topic, *[b"x"] * PUBSUB_TAKES_MESSAGES)
    assert pubsub.asked == 1
    await publish(topic, *[b"x"] * (PUBSUB_TAKES_MESSAGES + 1))
    assert pubsub.asked == 3
    assert len(pubsub.take()) == 2 * PUBSUB_TAKES_MESSAGES + 1


async def test_no_call_is_larger_than_pubsub_takes_and_none_much_smaller_than_it_could_be(
    pubsub: PubSubStandIn,
) -> None:
    assert 0.8 * LARGEST_REQUEST < BATCH.size < 0.95 * LARGEST_REQUEST
    topic, half = topic_of(pubsub), BATCH.size // 2
    await publish(topic, b"x" * (half - 100), b"x" * (half - 100))
    assert pubsub.asked == 1
    await publish(topic, b"x" * half, b"x" * half)
    assert pubsub.asked == 3


async def test_what_would_not_fit_into_memory_is_refused_at_once(pubsub: PubSubStandIn) -> None:
    topic = topic_of(pubsub)
    outcomes = await publish(topic, *[b"x"] * (WAITING.count + 10))
    refused = [each for each in outcomes if isinstance(each, BaseException)]
    assert said(list(refused)) == {"Overloaded"}
    assert len(refused) == 10
    assert len(pubsub.take()) == WAITING.count


@pytest.mark.parametrize(
    ("refusal", "why"),
    [(grpc.StatusCode.INVALID_ARGUMENT, "InvalidArgument"), (grpc.StatusCode.PERMISSION_DENIED, "PermissionDenied")],
)
async def test_a_refused_caller_is_told_why_with_a_trace_of_its_own(
    pubsub: PubSubStandIn, refusal: grpc.StatusCode, why: str
) -> None:
    pubsub.refusal = refusal
    outcomes = await publish(topic_of(pubsub), b"one", b"two")
    assert said(outcomes) == {why}
    assert outcomes[0] is not outcomes[1]
    assert pubsub.take() == []


async def test_a_call_that_is_cancelled_tells_those_who_wait_that_nothing_is_certain(pubsub: PubSubStandIn) -> None:
    pubsub.seconds, topic = 1, topic_of(pubsub)
    waiting = asyncio.ensure_future(publish(topic, b"one", b"two"))
    while not pubsub.asked:
        await asyncio.sleep(0.01)
    for call in topic._batcher._calls:
        call.cancel()
    assert said(await waiting) == {"CallCancelled"}


async def test_after_a_silence_the_next_message_takes_a_new_connection(pubsub: PubSubStandIn) -> None:
    link = Link("topic->pubsub", int(pubsub.host.rpartition(":")[2]))
    async with proxy.running([link]):
        topic = PubSubTopic("shared", "any", f"127.0.0.1:{link.port}", seconds=3)
        await topic.publish(b"before", {})
        link.begin("half_open")
        assert said(await publish(topic, b"lost")) == {"TimeoutError"}
        link.end()
        await topic.publish(b"after", {})
    assert [each.data for each in pubsub.take()] == [b"before", b"after"]


def test_a_publish_has_as_long_as_the_webhooks_table_says() -> None:
    assert f"Pub/Sub did not store it within {PUBLISH_SECONDS} s " in str(endpoint.__doc__)
