"""Converts an order to the document `orders/{session id}`, and back.

Firestore refuses some keys and values: an empty or `__reserved__` key, a lone surrogate, an integer beyond 64 bits, an
array in an array, nesting beyond its limit. They are escaped as `json:` and their JSON text in ASCII: `{"__ref__": 1}`
is stored as `{'json:"__ref__"': 1}`. A string that begins with `json:` is escaped too, so that reading returns exactly
what was written.

A newer version may have written more fields. Those of a Record are kept with it. Writes do not touch unknown fields of
the document itself. So this version can run after a newer one (a rollback).
"""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from fulfillment.domain.order import Order
from fulfillment.domain.records import Record
from fulfillment.domain.shape import INT64, ShapeError, read
from fulfillment.errors import CorruptOrder

SCHEMA = 1
_ESCAPE = "json:"
_DEPTH = 15  # Firestore's limit is 20
_REFUSED_KEY = re.compile(r"__.*__|", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


def to_document(order: Order) -> dict[str, Any]:
    """The document of an order: its fields, and computed values for queries."""
    computed = {
        "schema": SCHEMA,
        "status": order.status.value,
        "source": order.source,
        "paid_at": order.paid_at,
        "money": order.money,
        "effect_states": sorted({effect.state.value for effect in order.effects.values()}),
    }
    return _encode_fields(order, 0) | {name: _encode(value, 1) for name, value in computed.items()}


def from_document(document: Mapping[str, Any]) -> Order:
    """The order in a document. Raises CorruptOrder if this version cannot read it."""
    if document.get("schema") != SCHEMA:
        raise CorruptOrder(f"the document's schema is not {SCHEMA}: written by a newer version, or edited")
    try:
        order: Order = read(Order, _decode(document), keep_unknown=True)
    except (ShapeError, ValueError, TypeError, RecursionError) as error:
        detail = str(error) if isinstance(error, ShapeError) else "a broken `json:` escape"
        raise CorruptOrder(f"the document cannot be read: {detail}") from None
    if not order.events:
        raise CorruptOrder("the document cannot be read: events: empty")
    return order


def decoded(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document or a part of one, unescaped. Raises CorruptOrder if an escape is broken by a manual edit."""
    try:
        whole: dict[str, Any] = _decode(document)
    except (ValueError, TypeError, RecursionError):
        raise CorruptOrder("the document cannot be read: a broken `json:` escape") from None
    return whole


@functools.cache
def _names(kind: Any) -> tuple[str, ...]:
    """The names of a dataclass's fields, as keys of a document. They need no escape."""
    return tuple(each.name for each in fields(kind) if not (issubclass(kind, Record) and each.name == "unknown"))


def _encode_fields(value: Any, depth: int) -> dict[str, Any]:
    known = {name: _encode(getattr(value, name), depth + 1) for name in _names(value.__class__)}
    unknown = value.unknown if isinstance(value, Record) else {}
    return {_encode_key(name): _encode(item, depth + 1) for name, item in unknown.items()} | known


def _encode(value: Any, depth: int, *, in_array: bool = False) -> Any:
    """`value` in a form that Firestore accepts. The most frequent types come first."""
    if value is None or isinstance(value, bool | datetime):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return _escape(value) if value.startswith(_ESCAPE) or not _is_text(value) else value
    if isinstance(value, int):
        return value if value in INT64 else _escape(value)
    if is_dataclass(value):
        return _encode_fields(value, depth)
    if isinstance(value, Mapping | list | tuple) and depth > _DEPTH:
        return _escape(value)
    if isinstance(value, Mapping):
        return {_encode_key(key): _encode(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return _escape(value) if in_array else [_encode(item, depth + 1, in_array=True) for item in value]
    return value


def _encode_key(key: str) -> str:
    refused = _REFUSED_KEY.fullmatch(key) or key.startswith(_ESCAPE) or not _is_text(key)
    return _escape(key) if refused else key


def _is_text(value: str) -> bool:
    """Whether a string can be encoded in UTF-8: JSON allows lone surrogates, Firestore does not."""
    return value.isascii() or not _SURROGATE.search(value)


def _escape(value: Any) -> str:
    return _ESCAPE + json.dumps(value, separators=(",", ":"))


def _decode(value: Any) -> Any:
    if isinstance(value, str):
        return json.loads(value.removeprefix(_ESCAPE)) if value.startswith(_ESCAPE) else value
    if isinstance(value, datetime):  # Firestore's own subclass, which other files must not see
        return datetime.combine(value.date(), value.time(), UTC)
    if isinstance(value, Mapping):
        return {_decode(key): _decode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_decode(item) for item in value]
    return value
