"""What the local pipe must do for tests that break it to mean anything."""

import asyncio
import time
import uuid

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment.topic.message import parse_push
from fulfillment.topic.publisher import PubSubTopic
from local.runtime.emulators import Emulators
from local.runtime.pubsub_admin import PubSubAdmin
from support.serving import served

DOWN_SECONDS = 8


async def test_messages_that_fail_all_at_once_for_a_while_all_come_again(
    emulated: Emulators, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a retry policy the emulator gave up on all of them after a few seconds: a chaos run found it."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", emulated.pubsub)
    up, taken = time.monotonic() + DOWN_SECONDS, set[str | None]()

    async def answer(request: Request) -> Response:
        if time.monotonic() < up:
            return Response(status_code=503)
        taken.add(parse_push(await request.body()).id)
        return Response(status_code=204)

    topic, admin = f"topic-{uuid.uuid4().hex}", PubSubAdmin(emulated.pubsub, "shared")
    with served(Starlette(routes=[Route("/", answer, methods=["POST"])])) as url:
        admin.create_topic(topic)
        admin.subscribe(f"to-{topic}", topic, url)
        publisher = PubSubTopic("shared", topic, emulated.pubsub)
        published = {await publisher.publish(b"{}", {"number": str(number)}) for number in range(20)}
        async with asyncio.timeout(DOWN_SECONDS + 20):
            while taken != published:
                await asyncio.sleep(0.1)
