"""Distinct signed events of 3 kB, and wrk, which posts each of them once."""

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.fakes.stripe_events import COMPLETED, body, event, new_id, session, signature

BYTES = 3000
_LUA = Path(__file__).with_name("load.lua")


@dataclass(frozen=True)
class Posted:
    """The answers per second, their latency in milliseconds, and the function's microseconds of CPU for each."""

    rate: float
    p50: float
    p99: float
    cpu: float = 0


def missing() -> str | None:
    """None if wrk is installed; otherwise the command that installs it."""
    return (
        None if shutil.which("wrk") else "wrk is missing. Debian/Ubuntu: apt-get install wrk; macOS: brew install wrk"
    )


def card_event(session_id: str) -> bytes:
    """The event of a card payment, of the usual size at Stripe."""
    empty = {f"reserved_{number}": None for number in range(40)}  # stands for Stripe's many null fields
    of = event(COMPLETED, session(session_id) | empty, id=new_id("evt"))
    return body(of)


def prepare(path: Path, count: int) -> tuple[Path, list[str]]:
    """Writes requests with distinct, freshly signed events for load.lua; returns the path and the session ids."""
    ids = [new_id("cs_test") for _ in range(count)]
    write(path, ((each := card_event(session_id), signature(each)) for session_id in ids))
    return path, ids


def write(path: Path, posts: Iterable[tuple[bytes, Mapping[str, str]]]) -> None:
    """Writes requests with these bodies and headers for load.lua."""
    with path.open("wb") as file:
        for content, headers in posts:
            fields = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(content))}
            head = "".join(f"{name}: {value}\r\n" for name, value in (fields | dict(headers)).items())
            request = b"POST / HTTP/1.1\r\n" + head.encode() + b"\r\n" + content
            file.write(b"%d\n%b" % (len(request), request))


def write_gets(path: Path, target: str, accepted: str, count: int) -> None:
    """Writes `count` requests for one page for load.lua."""
    request = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {accepted}\r\n\r\n".encode()
    path.write_bytes(b"%d\n%b" % (len(request), request) * count)


def post(url: str, requests: Path, count: int, connections: int) -> Posted:
    """Sends the first `count` of the requests. AssertionError unless every answer is 200 or 204."""
    command = ["wrk", "-t1", f"-c{connections}", "-d900s", "--timeout", "20s", "-s", str(_LUA), url]
    output = subprocess.run([*command, "--", requests, str(count)], capture_output=True, text=True, check=True).stdout
    result = json.loads(output.partition("RESULT ")[2])
    if (result["answered"], result["refused"], result["broken"]) != (count, 0, 0):
        raise AssertionError(f"not every request was acknowledged: {result}")
    return Posted(count / result["seconds"], result["p50"], result["p99"])
