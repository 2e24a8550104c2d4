"""Reading a body without trusting its length."""

from collections.abc import Iterable
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request

from fulfillment.http import BodyTooLarge, read_body

LIMIT = 1000


def request(chunks: Iterable[bytes], declared: bytes | None = None) -> Request:
    headers = [] if declared is None else [(b"content-length", declared)]
    waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


@pytest.mark.parametrize("declared", [None, b"0", b"999", b"1000"])
async def test_a_body_up_to_the_limit_is_read_whole(declared: bytes | None) -> None:
    assert await read_body(request([b"a" * 600, b"b" * 400], declared), LIMIT) == b"a" * 600 + b"b" * 400


async def test_a_caller_that_hangs_up_has_no_body() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(ClientDisconnect):
        await read_body(Request({"type": "http", "method": "POST", "headers": []}, receive), LIMIT)


@pytest.mark.parametrize("declared", [b"1", b"401", b"1000"])
async def test_a_body_that_is_shorter_than_declared_is_not_whole(declared: bytes) -> None:
    with pytest.raises(ClientDisconnect):
        await read_body(request([b"a" * (int(declared) - 1)], declared), LIMIT)


async def test_a_message_that_says_neither_body_nor_more_is_the_last_one() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    assert await read_body(Request({"type": "http", "method": "POST", "headers": []}, receive), LIMIT) == b""


async def test_a_body_is_read_no_further_than_one_byte_beyond_the_limit_is_known() -> None:
    with pytest.raises(BodyTooLarge):
        await read_body(request([b"a" * 600, b"b" * 401]), LIMIT)


@pytest.mark.parametrize("declared", [b"1001", b"-1", b"", b"+5", b"1e3", b" 5", b"0x10", b"\xb2", b"5, 5"])
async def test_a_length_that_is_too_much_or_no_number_is_refused_before_a_byte_is_read(declared: bytes) -> None:
    with pytest.raises(BodyTooLarge):
        await read_body(request([b"a"], declared), LIMIT)


async def test_a_length_has_twelve_digits_at_most() -> None:
    assert await read_body(request([b"a"], b"000000000001"), LIMIT) == b"a"
    with pytest.raises(BodyTooLarge):
        await read_body(request([b"a"], b"0000000000001"), LIMIT)


async def test_a_length_of_thousands_of_digits_was_a_500() -> None:
    with pytest.raises(BodyTooLarge):
        await read_body(request([b"a"], b"9" * 5000), LIMIT)
    with pytest.raises(BodyTooLarge):
        await read_body(request([b"a"], b"0" * 5000), LIMIT)
