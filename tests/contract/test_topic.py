"""What a topic promises: the same tests on the one in memory and on Pub/Sub's emulator."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment.errors import PublishFailed
from fulfillment.topic.message import Message, parse_push
from fulfillment.topic.publisher import PubSubTopic, Topic
from local.fakes.memory_topic import MemoryTopic
from local.runtime.emulators import Emulators
from local.runtime.processes import free_ports
from local.runtime.pubsub_admin import PubSubAdmin
from support.waiting import LONG


class Receiver:
    """The end of a push subscription. `answers` are given first, then 204."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.received: list[Message] = []

    async def take(self, body: bytes) -> int:
        self.received.append(parse_push(body))
        return self.answers.pop(0) if self.answers else 204

    async def receive(self, count: int, seconds: float = LONG) -> list[Message]:
        async with asyncio.timeout(seconds):
            while len(self.received) < count:
                await asyncio.sleep(0.01)
        return self.received


Subscribe = Callable[[Receiver], Awaitable[None]]


@pytest.fixture(params=["memory", "pubsub"])
async def connected(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Topic, Receiver]]:
    receiver = Receiver()
    if request.param == "memory":
        topic = MemoryTopic()
        topic.subscribe(receiver.take)
        yield topic, receiver
        await topic.settle()
        return
    emulated: Emulators = request.getfixturevalue("emulated")
    name = f"t{uuid.uuid4().hex}"
    async with _serving(receiver) as url:
        admin = PubSubAdmin(emulated.pubsub, "shared")
        admin.create_topic(name)
        admin.subscribe(name, name, url)
        yield PubSubTopic("shared", name, emulated.pubsub), receiver


@asynccontextmanager
async def _serving(receiver: Receiver) -> AsyncIterator[str]:
    async def take(request: Request) -> Response:
        return Response(status_code=await receiver.take(await request.body()))

    port = free_ports(1)[0]
    app = Starlette(routes=[Route("/", take, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{port}/"
    server.should_exit = True
    await serving


Connected = tuple[Topic, Receiver]


async def test_what_is_published_is_pushed_byte_for_byte(connected: Connected) -> None:
    topic, receiver = connected
    data = bytes(range(256)) * 40
    message_id = await topic.publish(data, {"event_id": "evt_1", "text": "ünïcödé 😀"})
    pushed = (await receiver.receive(1))[0]
    assert (pushed.data, pushed.attributes) == (data, {"event_id": "evt_1", "text": "ünïcödé 😀"})
    assert pushed.id == message_id


async def test_a_megabyte_goes_through(connected: Connected) -> None:
    topic, receiver = connected
    data = b"x" * 1024 * 1024
    await topic.publish(data, {})
    assert (await receiver.receive(1))[0].data == data


async def test_what_was_not_acknowledged_comes_again(connected: Connected) -> None:
    topic, receiver = connected
    receiver.answers = [500, 503]
    await topic.publish(b"x", {})
    pushed = await receiver.receive(3)
    assert {each.id for each in pushed} == {pushed[0].id}


async def test_what_was_acknowledged_does_not_come_again(connected: Connected) -> None:
    topic, receiver = connected
    await topic.publish(b"x", {})
    await receiver.receive(1)
    await asyncio.sleep(2.5)  # longer than the first retry takes
    assert len(receiver.received) == 1


async def test_a_message_that_is_refused_does_not_keep_the_others_waiting(connected: Connected) -> None:
    topic, receiver = connected
    receiver.answers = [500] * 3
    for number in range(4):
        await topic.publish(b"x", {"number": str(number)})
    pushed = await receiver.receive(7)
    assert {each.attributes["number"] for each in pushed} == {"0", "1", "2", "3"}


async def test_the_same_message_published_twice_is_two_messages(connected: Connected) -> None:
    topic, receiver = connected
    ids = {await topic.publish(b"x", {}), await topic.publish(b"x", {})}
    assert {each.id for each in await receiver.receive(2)} == ids


async def test_memory_that_is_down_takes_nothing() -> None:
    topic = MemoryTopic()
    topic.down = True
    with pytest.raises(PublishFailed):
        await topic.publish(b"x", {})
    assert topic.stored == []


async def test_pubsub_that_is_down_takes_nothing() -> None:
    topic = PubSubTopic("shared", "t", f"127.0.0.1:{free_ports(1)[0]}", seconds=0.3)
    with pytest.raises(PublishFailed, match="TimeoutError"):
        await topic.publish(b"x", {})


async def test_a_topic_that_does_not_exist_takes_nothing(emulated: Emulators) -> None:
    with pytest.raises(PublishFailed, match="NotFound"):
        await PubSubTopic("shared", "no-such-topic", emulated.pubsub).publish(b"x", {})


async def test_a_connection_that_died_silently_costs_one_request_and_not_the_sales_after_it(
    emulated: Emulators,
) -> None:
    """A NAT that forgot an idle connection swallows what is sent through it; new connections work."""
    name, swallowing = f"t{uuid.uuid4().hex}", asyncio.Event()
    PubSubAdmin(emulated.pubsub, "shared").create_topic(name)
    host, port = emulated.pubsub.split(":")
    opened: list[asyncio.StreamWriter] = []
    copying: list[asyncio.Task[None]] = []

    async def copy(source: asyncio.StreamReader, to: asyncio.StreamWriter, *, first: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                if not (first and swallowing.is_set()):
                    to.write(data)
                    await to.drain()

    async def connect(near: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        first = not opened
        opened.append(near_out)
        far, far_out = await asyncio.open_connection(host, int(port))
        opened.append(far_out)
        copying.append(asyncio.create_task(copy(near, far_out, first=first)))
        copying.append(asyncio.create_task(copy(far, near_out, first=first)))

    proxy = await asyncio.start_server(connect, "127.0.0.1", 0)
    try:
        topic = PubSubTopic("shared", name, f"127.0.0.1:{proxy.sockets[0].getsockname()[1]}", seconds=2)
        await topic.publish(b"x", {})
        swallowing.set()
        with pytest.raises(PublishFailed):
            await topic.publish(b"x", {})
        await topic.publish(b"x", {})
    finally:
        proxy.close()
        for writer in opened:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in opened), *copying, return_exceptions=True)
