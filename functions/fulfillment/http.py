"""Reading a request's body without trusting its length."""

from starlette.requests import Request

_DIGITS = 12  # of a length; Python refuses to read thousands


class BodyTooLarge(Exception):
    """The body is longer than it may be; the rest of it was not read."""


async def read_body(request: Request, limit: int) -> bytes:
    """The body, of at most `limit` bytes; `BodyTooLarge` as soon as it is known to be longer."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > _DIGITS or int(declared) > limit:
        raise BodyTooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise BodyTooLarge
    return bytes(body)
