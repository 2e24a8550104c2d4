"""Parts of a stored document, and the fields in them that only a newer version of this product knows.

A version can be rolled back because the one before keeps these fields: when it writes the document, and when the same
event, or another, renews the part.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Record:
    """A part of a stored document. `unknown` holds the fields of a newer version, and a write keeps them."""

    unknown: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)


def inherit_unknown(new: T, old: object) -> T:
    """`new` with the unknown fields of `old`, part by part: of Records, and of tuples of the same length."""
    kept: Any = new
    if isinstance(new, tuple) and isinstance(old, tuple) and len(new) == len(old):
        kept = tuple(map(inherit_unknown, new, old))
    elif isinstance(new, Record) and isinstance(old, Record) and type(new) is type(old):
        names = [each.name for each in fields(new) if each.name != "unknown"]
        parts: dict[str, Any] = {name: inherit_unknown(getattr(new, name), getattr(old, name)) for name in names}
        kept = replace(new, **parts, unknown={**old.unknown, **new.unknown})
    return kept  # type: ignore[no-any-return]


def without_unknown(value: T) -> T:
    """A value without the unknown fields of its Records: for readers outside the store."""
    bare: Any = value
    if isinstance(value, tuple):
        bare = tuple(map(without_unknown, value))
    elif isinstance(value, Mapping):
        bare = {key: without_unknown(item) for key, item in value.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        bare = replace(value, **{each.name: without_unknown(getattr(value, each.name)) for each in fields(value)})
        bare = replace(bare, unknown={}) if isinstance(bare, Record) else bare
    return bare  # type: ignore[no-any-return]
