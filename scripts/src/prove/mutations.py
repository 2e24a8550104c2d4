"""Makes hostile JSON of valid JSON: changes its structure, and sometimes its bytes."""

import copy
import json
from collections.abc import Callable
from random import Random
from typing import Any

from prove.seeds import FIELDS, TYPES

DEEP: Any = "bottom"
for _ in range(40):
    DEEP = [DEEP]

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 0.5, 1e308, -0.0, 1795446600, 10**17),
    *("", " ", "\0", "\n", "\ud800", "\udfffx", "\u202e", "é😀", "x" * 300, "x" * 5000),
    *(
        "json:",
        "json:{",
        "__x__",
        "____",
        "a/b",
        "..",
        ".",
        "0",
        "{{7*7}}",
        "%n%s",
        "<script>alert(1)</script>",
        "true",
    ),
    *("USD", "de", "ar", "cs_test_b2", "evt_2"),
    *("paid", "unpaid", "no_payment_required", "payment", "setup", "subscription"),
    *(
        '"a b"@c.d',
        "a..b@c.d",
        "\u0938\u0902@\u092d\u093e.in",
        "=?utf-8?q?a=40b?=@c.d",
        '".\r\nBcc: x"@c.d',
        "a@[127.0.0.1]",
    ),
    *(
        '"a b"@c.d',
        "a..b@c.d",
        "\u0938\u0902@\u092d\u093e.in",
        "=?utf-8?q?a=40b?=@c.d",
        '"\r\nBcc: x"@c.d',
        "a@[127.0.0.1]",
    ),
    *('json:"x"', "a@b.c, d@e.f", "a@b.c\r\nBcc: x@y.z", '"><img src=x onerror=alert(1)>', "Subject: x\r\n\r\nbody"),
    *([], {}, [[]], [None], {"": 1}, {"__ref__": 1}, {"id": "pi_1"}, {"id": None}, {"a": {"b": {"c": {}}}}, DEEP),
    *TYPES,
)
KEYS = ("", "__ref__", "json:", "a.b", "a/b", "`", "\ud800", "x" * 2000, "é", "\0", *FIELDS)
BYTES = (b"\xff", b"\0", b"\xef\xbb\xbf", b"NaN", b"1e999", b"-", b"[" * 3000, b'{"a":' * 3000, b"9" * 5000, b'"', b"}")


def hostile_json(random: Random, text: bytes) -> bytes:
    """A JSON text with up to four changes to its structure, in one of several formats; some are invalid JSON."""
    value = json.loads(text)
    for _ in range(random.choice((0, 1, 1, 1, 2, 4))):
        change(random, value)
    style: dict[str, Any] = random.choice(({"indent": 2}, {"separators": (",", ":")}, {"sort_keys": False}))
    written = json.dumps(value, **style, ensure_ascii=random.random() < 0.8).encode("utf-8", "surrogatepass")
    return hostile_bytes(random, written) if random.random() < 0.15 else written


def change(random: Random, value: Any) -> None:
    """One change somewhere inside a JSON value."""
    place = value
    while inner := [each for each in _items(place) if isinstance(each, dict | list) and each]:
        if random.random() < 0.3:
            break
        place = random.choice(inner)
    if isinstance(place, dict):
        random.choice(_IN_OBJECTS)(random, place)
    elif isinstance(place, list):
        place[random.randrange(len(place)) :] = [_value(random) for _ in range(random.choice((0, 1, 3)))]


def hostile_bytes(random: Random, text: bytes) -> bytes:
    """The bytes with a part removed, doubled, inserted or with flipped bits."""
    at, size = random.randrange(len(text) + 1), random.choice((1, 1, 4, 40))
    part = text[at : at + size]
    bent = bytes(byte ^ 1 << random.randrange(8) for byte in part)
    instead = random.choice((b"", part * 2, part + random.choice(BYTES), bent))
    return text[:at] + instead + text[at + size :]


def _value(random: Random) -> Any:
    return copy.deepcopy(random.choice(VALUES))


def _items(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def _replace(random: Random, place: dict[str, Any]) -> None:
    if place:
        place[random.choice(list(place))] = _value(random)


def _graft(random: Random, place: dict[str, Any]) -> None:
    place[random.choice(KEYS)] = _value(random)


def _drop(random: Random, place: dict[str, Any]) -> None:
    if place:
        del place[random.choice(list(place))]


def _rename(random: Random, place: dict[str, Any]) -> None:
    if place:
        place[random.choice(KEYS)] = place.pop(random.choice(list(place)))


def _wrap(random: Random, place: dict[str, Any]) -> None:
    if place:
        key = random.choice(list(place))
        place[key] = random.choice(([place[key]], {"id": place[key]}, {key: place[key]}))


_IN_OBJECTS: tuple[Callable[[Random, dict[str, Any]], None], ...] = (_replace, _replace, _graft, _drop, _rename, _wrap)
