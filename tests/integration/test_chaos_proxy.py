"""The proxy of a chaos run does to a connection what it says, and notes whom it met."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from chaos import proxy
from chaos.incidents import Kind
from chaos.proxy import Link, Worth, any_request, end_of_mail
from support.waiting import LONG


class Echo:
    """Answers every line with the same line, and remembers it."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                self.heard.append(line)
                writer.write(line)
        writer.close()


Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Ends:
    """A link, and both ends of what goes through it."""

    link: Link
    echo: Echo
    callers: dict[int, str] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)

    async def connect(self) -> Pair:
        self.pairs.append(await asyncio.open_connection("127.0.0.1", self.link.port))
        return self.pairs[-1]


@contextlib.asynccontextmanager
async def linked(worth: Worth = any_request) -> AsyncIterator[Ends]:
    echo = Echo()
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    ends = Ends(Link("here->there", server.sockets[0].getsockname()[1], worth), echo)
    async with proxy.running([ends.link]) as ends.callers:
        yield ends
        for _reader, writer in ends.pairs:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
    server.close()


async def ask(pair: Pair, line: bytes = b"hello\n", seconds: float = LONG) -> bytes:
    """The answer; nothing if the connection ended, TimeoutError if it is silent."""
    reader, writer = pair
    writer.write(line)
    async with asyncio.timeout(seconds):
        try:
            return await reader.readline()
        except OSError:
            return b""


async def test_without_a_fault_everything_goes_through_and_the_caller_is_known() -> None:
    async with linked() as ends:
        assert await ask(await ends.connect()) == b"hello\n"
        assert ends.echo.heard == [b"hello\n"]
        assert list(ends.callers.values()) == ["here->there"]


@pytest.mark.parametrize("kind", ["cut", "reset"])
async def test_connections_that_are_there_are_reset(kind: Kind) -> None:
    async with linked() as ends:
        pair = await ends.connect()
        await ask(pair)
        incident = ends.link.begin(kind)
        assert await ask(pair) == b""
        assert incident.hits == 1


async def test_a_cut_lasts_and_ends() -> None:
    async with linked() as ends:
        incident = ends.link.begin("cut")
        assert await ask(await ends.connect()) == b""
        assert ends.echo.heard == []
        ends.link.end()
        assert await ask(await ends.connect()) == b"hello\n"
        assert incident.hits == 1


async def test_a_reset_is_over_at_once() -> None:
    async with linked() as ends:
        ends.link.begin("reset")
        assert await ask(await ends.connect()) == b"hello\n"


async def test_half_open_is_silent_for_good_and_new_connections_work_afterwards() -> None:
    async with linked() as ends:
        pair = await ends.connect()
        await ask(pair)
        incident = ends.link.begin("half_open")
        ends.link.end()
        with pytest.raises(TimeoutError):
            await ask(pair, b"still there?\n", 0.2)
        assert ends.echo.heard == [b"hello\n"]
        assert await ask(await ends.connect()) == b"hello\n"
        until = incident.until
        pair[1].close()
        await asyncio.sleep(0.1)
        assert incident.until > until  # it was felt as long as a connection held on to it


async def test_a_lost_reply_is_one_whose_work_was_done() -> None:
    async with linked() as ends:
        pair = await ends.connect()
        incident = ends.link.begin("lost")
        assert await ask(pair) == b""
        assert ends.echo.heard == [b"hello\n"]
        assert incident.hits == 1


async def test_only_the_reply_to_what_is_worth_losing_is_lost() -> None:
    async with linked(end_of_mail) as ends:
        pair = await ends.connect()
        ends.link.begin("lost")
        assert await ask(pair, b"EHLO me\r\n") == b"EHLO me\r\n"
        assert await ask(pair, b"text\r\n.\r\n") == b""


async def test_slow_is_slow() -> None:
    async with linked() as ends:
        pair = await ends.connect()
        ends.link.begin("slow", 0.2)
        began = asyncio.get_running_loop().time()
        assert await ask(pair) == b"hello\n"
        assert asyncio.get_running_loop().time() - began >= 0.4
