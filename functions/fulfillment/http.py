"""Reads a request's body up to a limit, whatever length the request declares."""

from starlette.requests import ClientDisconnect, Request

_DIGITS = 12  # at most, of a declared length: Python refuses to parse thousands of digits


class BodyTooLarge(Exception):
    """The body is over the limit. The rest was not read."""


async def read_body(request: Request, limit: int) -> bytes:
    """The body. Raises `BodyTooLarge` as soon as it is known to be longer than `limit`, ClientDisconnect if it is not
    whole.
    """
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > _DIGITS or int(declared) > limit:
        raise BodyTooLarge
    chunks, size, more = [], 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        size, more = size + len(chunks[-1]), message.get("more_body", False)
        if size > limit:
            raise BodyTooLarge
    # httptools drops the body of a request that asks for another protocol, as `Upgrade: h2c` does.
    if size < int(declared) or (not size and "upgrade" in request.headers):
        raise ClientDisconnect
    return b"".join(chunks)
