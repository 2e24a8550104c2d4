"""Reads a request's body up to a limit, whatever length the request declares."""

from starlette.requests import Request

_DIGITS = 12  # at most, of a declared length: Python refuses to parse thousands of digits


class BodyTooLarge(Exception):
    """The body is over the limit. The rest was not read."""


async def read_body(request: Request, limit: int) -> bytes:
    """The body, at most `limit` bytes. Raises `BodyTooLarge` as soon as it is known to be longer."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > _DIGITS or int(declared) > limit:
        raise BodyTooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise BodyTooLarge
    return bytes(body)
