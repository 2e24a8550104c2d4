"""The whole HTTP server with raw bytes: framing, lengths, chunks and headers that no client would send."""

import asyncio
import contextlib
import time
from random import Random
from types import TracebackType
from typing import Self

from local.fakes.pubsub_stand_in import PubSubStandIn
from local.fakes.stripe_events import SECRET
from local.runtime.processes import Processes
from prove import oracles
from prove.mutations import BYTES, hostile_bytes
from prove.servers import Server
from prove.webhook_target import HostileRequest, make_request


class SocketTarget:
    """The webhook, started with the production command. It must publish only signed bodies."""

    def __init__(self, processes: Processes) -> None:
        self._pubsub = PubSubStandIn()
        self._server = Server(processes, self._pubsub.host)
        self._signed: set[bytes] = set()

    def __enter__(self) -> Self:
        self._pubsub.__enter__()
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        self._pubsub.__exit__(kind, error, trace)

    def make(self, random: Random, sample: bytes) -> tuple[HostileRequest, bytes]:
        """A hostile request, and its bytes."""
        made = make_request(random, sample)
        return made, _on_the_wire(random, made)

    async def take(self, made: tuple[HostileRequest, bytes]) -> str:
        """Sends the bytes, and returns the result."""
        request, raw = made
        if oracles.is_signed(request.signature or "", request.body, SECRET, time.time()):
            self._signed.add(request.body)
        answer = await _exchange(self._server.port, raw)
        statuses = [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]
        oracles.hold(all(status < 500 for status in statuses), f"answered {statuses}")
        for message in self._pubsub.take():
            oracles.hold(message.data in self._signed, "published without a valid signature")
        return str(statuses[:3])

    def megabytes(self) -> float:
        """The memory of the server."""
        return self._server.megabytes()


def _on_the_wire(random: Random, request: HostileRequest) -> bytes:
    """The request as bytes, with a length or in chunks; half of the heads are mutated."""
    lines = [f"{request.method} /{random.choice(('', 'x', '%00', '?a=b'))} HTTP/1.1".encode(), b"Host: x"]
    lines += [b"%s: %s" % each for each in request.more]
    if request.signature is not None:
        lines.append(b"Stripe-Signature: " + request.signature.encode("latin-1"))
    chunked = random.random() < 0.3
    lines.append(b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(request.body))
    if random.random() < 0.2:
        odd = (b"Content-Length: 7", b"Transfer-Encoding: chunked", b"Expect: 100-continue", b"X: " + BYTES[6])
        lines.append(random.choice(odd))
    head = b"\r\n".join([*lines, b"Connection: close", b"", b""])
    half = len(request.body) // 2
    body = _chunks(request.body[:half], request.body[half:]) if chunked else request.body
    return hostile_bytes(random, head) + body if random.random() < 0.5 else head + body


def _chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"


async def _exchange(port: int, raw: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = asyncio.create_task(reader.read())
    with contextlib.suppress(OSError):
        writer.write(raw)
        await writer.drain()
        await asyncio.wait([received], timeout=0.1)
        if not received.done():
            writer.write_eof()  # the server waits for more bytes, and there are none
    try:
        return await received
    except ConnectionError:
        return b""
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
