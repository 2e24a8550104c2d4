"""Overload of the webhook: many connections, slow clients, huge bodies, a Pub/Sub that is slow or refuses.

The guarantees: an honest request is answered 200 or 503, a 200 means that the event is stored, memory stays bounded,
and after the overload every answer is 200 again.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc

from local.fakes.pubsub_stand_in import PubSubStandIn
from local.fakes.stripe_events import COMPLETED, body, event, new_id, session, signature
from prove.servers import Server

MEGABYTES = 200
"""The allowed growth of the server."""
_PATIENCE = 60


@dataclass
class Phase:
    """The result of one phase: the answers to honest requests by status, the slowest one, and broken guarantees."""

    name: str
    answers: Counter[int] = field(default_factory=Counter)
    slowest: float = 0
    broken: list[str] = field(default_factory=list)


class Load:
    """Runs phases against one server, with `connections` and `requests` on each."""

    def __init__(self, server: Server, pubsub: PubSubStandIn, connections: int, requests: int) -> None:
        self._server, self._pubsub = server, pubsub
        self._connections, self._requests = connections, requests
        self._stored: set[str] = set()
        self._began_with = server.megabytes()

    async def phases(self) -> AsyncIterator[Phase]:
        """All phases in order; the last one shows that the server has recovered."""
        yield await self._phase("fast", {200})
        self._pubsub.seconds = 1
        yield await self._phase("slow Pub/Sub", {200, 503})
        self._pubsub.seconds, self._pubsub.refusal = 0, grpc.StatusCode.PERMISSION_DENIED
        yield await self._phase("Pub/Sub refuses", {503})
        self._pubsub.refusal = None
        async with self._hostile(self._drip), self._hostile(self._flood):
            yield await self._phase("slow clients and huge bodies", {200, 503})
        yield await self._phase("afterwards", {200})

    async def _phase(self, name: str, allowed: set[int]) -> Phase:
        """Honest requests on all connections at once."""
        phase, claimed = Phase(name), list[str]()
        await asyncio.gather(*(self._honest(phase, claimed) for _ in range(self._connections)))
        self._stored |= {message.attributes["event_id"] for message in self._pubsub.take()}
        if lost := set(claimed) - self._stored:
            phase.broken.append(f"{len(lost)} answered 200 and not stored")
        if wrong := phase.answers.keys() - allowed:
            phase.broken.append(f"answers {sorted(wrong)}")
        if (grown := self._server.megabytes() - self._began_with) > MEGABYTES:
            phase.broken.append(f"grew by {grown:.0f} MB")
        return phase

    async def _honest(self, phase: Phase, claimed: list[str]) -> None:
        """A sender that waits for each answer before the next request. No answer counts as status 0."""
        for _ in range(self._requests):
            event_id, began = new_id("evt"), time.monotonic()
            payload = body(event(COMPLETED, session(new_id("cs_test")), id=event_id))
            status = 0
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    status = await self._post(payload)
            phase.answers[status] += 1
            phase.slowest = max(phase.slowest, time.monotonic() - began)
            if status == 200:
                claimed.append(event_id)

    async def _post(self, payload: bytes) -> int:
        async with self._connected() as (reader, writer):
            lines = ["POST / HTTP/1.1", "Host: x", "Connection: close", f"Content-Length: {len(payload)}"]
            lines += [f"{name}: {value}" for name, value in signature(payload).items()]
            writer.write("\r\n".join([*lines, "", ""]).encode() + payload)
            await writer.drain()
            first = await reader.readline()
            return int(first.split()[1]) if first else 0

    async def _drip(self) -> None:
        """A client that sends single bytes slowly, and never ends its request."""
        async with self._connected() as (_, writer):
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.2)

    async def _flood(self) -> None:
        """A client that sends endless chunks until it is refused, and then starts again."""
        while True:
            with contextlib.suppress(OSError):
                async with self._connected() as (reader, writer):
                    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
                    answer = asyncio.create_task(reader.readline())
                    while not answer.done():
                        writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
                        await writer.drain()
                        await asyncio.sleep(0)
                    await answer
            await asyncio.sleep(0.05)

    @asynccontextmanager
    async def _hostile(self, client: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """Runs a quarter as many hostile clients as honest ones while the context lasts."""
        tasks = [asyncio.ensure_future(client()) for _ in range(max(1, self._connections // 4))]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
