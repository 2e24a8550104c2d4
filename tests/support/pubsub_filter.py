"""Which messages a subscription's filter matches. The emulator stores filters and applies none.

As https://cloud.google.com/pubsub/docs/subscription-message-filter says: a filter looks at attributes alone, has at
most 256 bytes, and compares with regard to case. A key needs quotes if it has other characters than letters, digits,
`-` and `_`. This reader refuses what that page leaves open: AND beside OR without parentheses, and `!=` for a message
without the attribute.

    filter = one | one AND one … | one OR one …
    one    = NOT one | ( filter ) | attributes:KEY | attributes.KEY = "…" | attributes.KEY != "…"
           | hasPrefix(attributes.KEY, "…")
"""

import json
import re
from collections.abc import Callable, Mapping

from support.filter_tokens import FilterTokens

FILTER_BYTES = 256
Attributes = Mapping[str, str]
Test = Callable[[Attributes], bool]
_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[A-Za-z0-9_][\w-]*|!=|[-().:=,])', re.ASCII)


def matches(text: str, attributes: Attributes) -> bool:
    """Whether the filter matches a message with these attributes. ValueError if the filter is none, or if what it asks
    is not documented.
    """
    return parse(text)(attributes)


def parse(text: str) -> Test:
    """The test that a filter is. ValueError if it is none."""
    if len(text.encode()) > FILTER_BYTES:
        raise ValueError(f"{len(text.encode())} bytes: a filter has at most {FILTER_BYTES}")
    return _Parser(text).test


class _Parser(FilterTokens):
    """Reads a filter once, from left to right."""

    def __init__(self, text: str) -> None:
        super().__init__(text, _TOKEN)
        self.test = self._all()
        self._end()

    def _all(self) -> Test:
        """Operands between the same operator."""
        tests = [self._one()]
        operator = self._tokens[0] if self._is_next("AND", "OR") else None
        while operator and self._took(operator):
            tests.append(self._one())
        if self._is_next("AND", "OR"):
            raise ValueError("AND beside OR needs parentheses")
        quantifier = any if operator == "OR" else all
        return lambda attributes: quantifier(test(attributes) for test in tests)

    def _one(self) -> Test:
        if self._took("NOT") or self._took("-"):
            negated = self._one()
            return lambda attributes: not negated(attributes)
        if self._took("("):
            test = self._all()
            self._expect(")")
            return test
        if self._took("hasPrefix"):
            return self._prefix()
        self._expect("attributes")
        if self._took(":"):
            key = self._key()
            return lambda attributes: key in attributes
        return self._comparison()

    def _prefix(self) -> Test:
        self._expect("(")
        self._expect("attributes")
        key = self._dotted()
        self._expect(",")
        prefix = self._text()
        self._expect(")")
        return lambda attributes: attributes.get(key, "").startswith(prefix) and key in attributes

    def _comparison(self) -> Test:
        key = self._dotted()
        if self._took("="):
            equal = self._text()
            return lambda attributes: attributes.get(key) == equal
        self._expect("!=")
        other = self._text()
        return lambda attributes: _there(attributes, key) != other

    def _dotted(self) -> str:
        self._expect(".")
        return self._key()

    def _key(self) -> str:
        token = self._next()
        if token.startswith('"'):
            return _unquoted(token)
        if re.fullmatch(r"[\w-]+", token, re.ASCII):
            return token
        raise ValueError(f"no key: {token}")

    def _text(self) -> str:
        token = self._next()
        if not token.startswith('"'):
            raise ValueError(f"a value needs quotes: {token}")
        return _unquoted(token)


def _unquoted(token: str) -> str:
    return str(json.loads(token))


def _there(attributes: Attributes, key: str) -> str:
    if key not in attributes:
        raise ValueError(f"not documented: != for a message without {key}")
    return attributes[key]
