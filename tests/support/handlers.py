"""Requests to a handler in this process, and the one line that it logs for each."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

Handler = Callable[[Request], Awaitable[Response]]
HANGS_UP = b"the caller hangs up here"


async def ask(
    handler: Handler, body: bytes | Sequence[bytes], headers: Mapping[str, str] | None = None, method: str = "POST"
) -> Response:
    """The answer to a request, whose body may come in several chunks; after HANGS_UP the caller is gone."""
    chunks = [body] if isinstance(body, bytes) else list(body)
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]

    async def receive() -> dict[str, Any]:
        chunk = chunks.pop(0)
        if chunk == HANGS_UP:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

    return await handler(Request({"type": "http", "method": method, "path": "/", "headers": raw}, receive))


def logged(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one line that was logged since the last look."""
    (line,) = capsys.readouterr().out.splitlines()
    return dict(json.loads(line))
