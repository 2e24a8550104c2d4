"""Which log entries a filter of Cloud Logging matches: the part of its language that Terraform's filters use.

As https://cloud.google.com/logging/docs/view/logging-query-language says: NOT binds before OR, and OR before AND; `:`
asks whether a text is contained, `:*` whether a field is there; texts are compared without regard to case; a comparison
with a field that is not there is false, and one with a list is true if it is true of an element.
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from support.filter_tokens import FilterTokens

SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")
_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[()]|<=|>=|!=|=~|[=:<>]|[\w.*-]+)')
_ORDERED: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
Entry = Mapping[str, Any]


def matches(text: str, entry: Entry) -> bool:
    """Whether the filter matches the entry, which is a LogEntry as JSON. ValueError if the filter is none."""
    return _Filter(text).matches(entry)


class _Filter(FilterTokens):
    """Reads a filter once, from left to right."""

    def __init__(self, text: str) -> None:
        super().__init__(text, _TOKEN)
        self._test = self._all()
        self._end()

    def matches(self, entry: Entry) -> bool:
        return self._test(entry)

    def _all(self) -> Callable[[Entry], bool]:
        tests = [self._any()]
        while self._took("AND"):
            tests.append(self._any())
        return lambda entry: all(test(entry) for test in tests)

    def _any(self) -> Callable[[Entry], bool]:
        tests = [self._one()]
        while self._took("OR"):
            tests.append(self._one())
        return lambda entry: any(test(entry) for test in tests)

    def _one(self) -> Callable[[Entry], bool]:
        if self._took("NOT"):
            test = self._one()
            return lambda entry: not test(entry)
        if self._took("("):
            test = self._all()
            self._expect(")")
            return test
        path, comparison = self._next(), self._next()
        values = self._values()
        return lambda entry: any(
            _compare(comparison, found, value) for found in _each(_field(entry, path)) for value in values
        )

    def _values(self) -> list[str]:
        if not self._took("("):
            return [self._next()]
        values = [self._next()]
        while self._took("OR"):
            values.append(self._next())
        self._expect(")")
        return values


def _field(entry: Entry, path: str) -> Any:
    value: Any = entry
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _each(found: Any) -> list[Any]:
    """A comparison with a list is true if it is for one of its elements."""
    return found if isinstance(found, list) else [found]


def _compare(comparison: str, found: Any, asked: str) -> bool:
    if found is None:
        return False
    if comparison == ":" and asked == "*":
        return True
    asked = asked.strip('"')
    if comparison in _ORDERED:
        if asked in SEVERITIES:
            return _ORDERED[comparison](SEVERITIES.index(found), SEVERITIES.index(asked))
        return _ORDERED[comparison](float(found), float(asked))
    said, asked = str(found).lower(), asked.lower()
    match comparison:
        case "=":
            return said == asked
        case "!=":
            return said != asked
        case ":":
            return asked in said
    raise ValueError(f"this reader does not know {comparison}")
