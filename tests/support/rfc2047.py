"""Reads a header's value as RFC 2047 says, and refuses everything that it does not allow: the other side of
`fulfillment.headers`, with none of its code.
"""

import re
from base64 import b64decode

_TOKEN = re.compile(r"=\?([^?\s]+)\?([^?\s]+)\?([^?\s]*)\?=")
_Q = re.compile(r"(?:[A-Za-z0-9!*+/_-]|=[0-9A-F]{2})*")  # what a phrase allows too


def decode(header: str) -> str:
    """The text of a header that holds nothing but text."""
    value = unfold(header)
    if "=?" not in value:
        return value
    for line in header.split("\r\n"):
        assert len(line) <= 76, "a line with an encoded word is too long"
    return "".join(_word(word) for word in value.split(" "))  # blanks between encoded words mean nothing


def unfold(header: str) -> str:
    """The value of a header without its folds."""
    name, colon, value = header.partition(":")
    assert name.isascii()
    assert colon
    lines = value.split("\r\n")
    assert not re.search("[\r\n]", "".join(lines)), "a line that does not end as lines do"
    for number, line in enumerate(lines):
        assert re.fullmatch(r"[\x20-\x7e]*", line), "a character that no header may have"
        assert line.strip(" "), "a line of blanks"
        assert line.startswith(" "), "a line that begins another header"
        assert not (number and line.startswith("  ")), "a fold of two blanks"
        assert len(line) + (0 if number else len(name) + 1) <= 78
    return "".join(lines)[1:]


def _word(word: str) -> str:
    found = _TOKEN.fullmatch(word)
    assert found, f"{word!r} is no encoded word"
    assert len(word) <= 75
    charset, encoding, payload = found.groups()
    assert charset.lower() == "utf-8"
    assert payload, "an empty encoded word"
    if encoding.lower() == "b":
        return b64decode(payload, validate=True).decode()
    assert encoding.lower() == "q"
    assert _Q.fullmatch(payload)
    spelled = re.sub("=([0-9A-F]{2})", lambda code: chr(int(code[1], 16)), payload.replace("_", " "))
    return spelled.encode("latin-1").decode()
