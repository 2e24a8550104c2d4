"""What Firestore bills a document and its index entries with, by its documented rules for storage sizes.

Where the rules leave a question open, the larger answer is taken: a map has 32 bytes of its own, as a document has, and
the parent of a collection at the root has a name of 16 bytes.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

_OVERHEAD = 32
_NAME = 16


def document_bytes(path: str, document: Mapping[str, Any]) -> int:
    """Of a document: its name, its fields and what is added to each document."""
    return name_bytes(path) + _value(document)


def index_entries(
    path: str, document: Mapping[str, Any], unindexed: AbstractSet[str], ascending: AbstractSet[str] = frozenset()
) -> list[int]:
    """The size of each entry in the automatic indexes: two for each value (ascending and descending), and one for each
    element of an array. `unindexed` are the fields at the top that have no index, with all that is in them, but for
    those in `ascending`: paths with one index of their own.
    """
    parent = path.rpartition("/")[0].rpartition("/")[0]
    names = name_bytes(path) + name_bytes(parent) + _OVERHEAD
    indexed = {name: value for name, value in document.items() if name not in unindexed}
    own = [(each, _value(_at(document, each))) for each in sorted(ascending)]
    return [names + _string(field) + size for field, size in [*_indexed(indexed, ""), *own]]


def _at(document: Mapping[str, Any], path: str) -> Any:
    name, _, rest = path.partition(".")
    return _at(document[name], rest) if rest else document[name]


def name_bytes(path: str) -> int:
    """Of a document's name: each collection and document id on the way to it."""
    return sum(_string(each) for each in path.split("/") if each) + _NAME


def _indexed(fields: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, int]]:
    for name, value in fields.items():
        match value:
            case Mapping():
                yield from _indexed(value, f"{prefix}{name}.")
            case list():
                yield from ((prefix + name, _value(each)) for each in value)
            case _:
                yield from [(prefix + name, _value(value))] * 2


def _value(value: Any) -> int:
    match value:
        case None | bool():
            return 1
        case str():
            return _string(value)
        case int() | float() | datetime():
            return 8
        case Mapping():
            return sum(_string(name) + _value(each) for name, each in value.items()) + _OVERHEAD
        case list():
            return sum(map(_value, value))
        case _:
            raise TypeError(f"no size is known of a {type(value).__name__}")


def _string(text: str) -> int:
    return len(text.encode()) + 1
