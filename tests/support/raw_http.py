"""HTTP as bytes over a socket: what no well-behaved client would send."""

import contextlib
import re
import select
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

SECONDS = 20


@dataclass(frozen=True)
class Answer:
    """One answer of a connection."""

    status: int
    body: bytes


def exchange(url: str, request: bytes) -> list[Answer]:
    """Every answer to the bytes, until the server closes the connection. One that waits for more is told after a second
    that no more will come.
    """
    at = urlsplit(url)
    received = b""
    with socket.create_connection((at.hostname or "", at.port or 80), SECONDS) as caller:
        with contextlib.suppress(OSError):  # a server may refuse before it has read everything
            caller.sendall(request)
        if not select.select([caller], [], [], 1)[0]:
            caller.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while more := caller.recv(65536):
                received += more
    return list(_answers(received))


def post(url: str, payload: bytes, header: str | None, *lines: str, method: str = "POST") -> Answer:
    """The answer to a request with that Stripe-Signature, and further header lines behind it."""
    at = urlsplit(url)
    target = f"{at.path}?{at.query}" if at.query else at.path
    signature = [] if header is None else [f"Stripe-Signature: {header}"]
    head = [f"{method} {target} HTTP/1.1", "Host: x", "Connection: close", *signature, *lines]
    text = "\r\n".join([*head, f"Content-Length: {len(payload)}", "", ""])
    (answer,) = exchange(url, text.encode("latin-1") + payload)
    return answer


def _answers(received: bytes) -> list[Answer]:
    found = []
    while head := re.match(rb"HTTP/1\.1 (\d{3}) .*?\r\n\r\n", received, re.DOTALL):
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)\r\n", head[0])
        end = head.end() + int(length[1]) if length else len(received)
        found.append(Answer(int(head[1]), received[head.end() : end]))
        received = received[end:]
    assert not received, f"no HTTP: {received[:80]!r}"
    return found
