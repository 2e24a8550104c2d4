"""A TCP proxy between two parts, which can fail as networks do.

A half-open connection stays silent forever, as behind a NAT that dropped it: both sides must detect that themselves.
"""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from chaos.incidents import Incident, Kind

LOST_SECONDS = 0.3  # from a dropped reply to the reset
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: a close is a reset

Worth = Callable[["Connection", bytes], bool]
"""Whether to drop the reply to this piece of a request: the work is done then, but the caller does not know."""


def any_request(_connection: "Connection", _piece: bytes) -> bool:
    """HTTP: one request, one reply."""
    return True


def after_greeting(connection: "Connection", _piece: bytes) -> bool:
    """gRPC: not the handshake: without its reply the connection would only look half-open."""
    return connection.replies > 2


def end_of_mail(_connection: "Connection", piece: bytes) -> bool:
    """SMTP: the mail is sent, and the server's 250 comes next."""
    return piece.endswith(b"\r\n.\r\n")


@dataclass(eq=False)
class Connection:
    """One connection through a link."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    replies: int = 0
    silenced_by: Incident | None = None
    losing: bool = False

    def reset(self) -> None:
        """Ends both halves as a crash would."""
        for writer in (self.client, self.server):
            linger = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                linger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()


@dataclass(eq=False)
class Link:
    """The way from one part to another. `callers`: the link of each port that the called part sees."""

    name: str
    target: int
    worth: Worth = any_request
    port: int = 0
    delay: float = 0.0
    incident: Incident | None = None
    connections: set[Connection] = field(default_factory=set)
    callers: dict[int, str] = field(default_factory=dict)

    def begin(self, kind: Kind, delay: float = 0) -> Incident:
        """Starts a fault of the link."""
        self.incident, self.delay = Incident(self.name, kind, time.time(), time.time()), delay
        for connection in list(self.connections):
            if kind in {"cut", "reset"}:
                self.incident.hit()
                connection.reset()
            if kind == "half_open":
                self._silence(connection)
        return self.incident

    def end(self) -> None:
        """Ends the fault. Silent connections stay silent."""
        if self.incident:
            self.incident.lasts()
        self.incident = None

    def _has(self, kind: Kind) -> Incident | None:
        return self.incident if self.incident and self.incident.kind == kind else None

    def _silence(self, connection: Connection) -> None:
        if connection.silenced_by is None and self.incident:
            self.incident.hit()
            connection.silenced_by = self.incident

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its beginning to its end."""
        try:
            back, server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:  # no listener: the function was killed
            writer.transport.abort()
            return
        connection = Connection(writer, server)
        self.connections.add(connection)
        self.callers[server.get_extra_info("sockname")[1]] = self.name
        if cut := self._has("cut"):
            cut.hit()
            connection.reset()
        if self._has("half_open"):
            self._silence(connection)
        try:
            await asyncio.gather(self._requests(reader, connection), self._replies(back, connection))
        finally:
            for half in (connection.client, connection.server):
                half.close()
            self.connections.discard(connection)
            if connection.silenced_by:
                connection.silenced_by.lasts()

    async def _requests(self, reader: asyncio.StreamReader, connection: Connection) -> None:
        async for piece in _pieces(reader):
            await self._take_time()
            if self._has("lost") and self.worth(connection, piece):
                connection.losing = True
            if not connection.silenced_by:
                await _pass_on(piece, connection.server)
        if connection.silenced_by:
            connection.reset()
        _finish(connection.server)

    async def _replies(self, reader: asyncio.StreamReader, connection: Connection) -> None:
        async for piece in _pieces(reader):
            await self._take_time()
            connection.replies += 1
            if connection.losing:
                self._lose(connection)
            elif not connection.silenced_by:
                await _pass_on(piece, connection.client)
        if not connection.silenced_by:
            _finish(connection.client)

    def _lose(self, connection: Connection) -> None:
        """Drops a reply, and resets the connection soon after."""
        if lost := self._has("lost"):
            lost.hit()
            lost.lasts(LOST_SECONDS)
        asyncio.get_running_loop().call_later(LOST_SECONDS, connection.reset)

    async def _take_time(self) -> None:
        if slow := self._has("slow"):
            slow.hit()
            await asyncio.sleep(self.delay)


async def _pieces(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The pieces that arrive, until the connection ends or breaks."""
    with contextlib.suppress(OSError):
        while piece := await reader.read(65536):
            yield piece


async def _pass_on(piece: bytes, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        writer.write(piece)
        await writer.drain()


def _finish(writer: asyncio.StreamWriter) -> None:
    """Forwards the end, if the other side has not closed already."""
    with contextlib.suppress(OSError, RuntimeError):
        writer.write_eof()


@contextlib.asynccontextmanager
async def running(links: list[Link]) -> AsyncIterator[dict[int, str]]:
    """All links, on free ports. Yields the name of the link by the caller's port that a part sees."""
    callers: dict[int, str] = {}
    async with contextlib.AsyncExitStack() as stack:
        for link in links:
            server = await asyncio.start_server(link.serve, "127.0.0.1", 0)
            link.port, link.callers = server.sockets[0].getsockname()[1], callers
            stack.push_async_callback(_close, server, link)
        yield callers


async def _close(server: asyncio.Server, link: Link) -> None:
    server.close()
    while link.connections:
        for connection in link.connections:
            connection.reset()
        await asyncio.sleep(0.01)
