"""Reads untrusted JSON into typed values. A missing key gets its default. An unknown key is ignored (or kept, in a
Record of a document). A value of the wrong type is a `ShapeError` that names its path, never its content.

    read(Address, {"city": "Paris", "new_key": 1})    Address(city="Paris", line1=None, …)
    read(Address, {"city": 75})                       ShapeError: city: expected a string, got an integer
"""

import functools
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

from fulfillment.domain.records import Record

INT64 = range(-(2**63), 2**63)
DEPTH = 32  # of a value that is kept unchanged; Stripe's own objects have three levels


class ShapeError(ValueError):
    """A value does not have its declared type. The text holds only paths and type names."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path or 'value'}: {problem}")


def read(kind: Any, value: object, path: str = "", *, keep_unknown: bool = False) -> Any:
    """`value` as `kind`: a dataclass, `X | None`, `tuple[X, ...]`, `Mapping[str, X]`, an Enum, str, int, bool, datetime
    (epoch seconds or a datetime), Any, or a class with a method `read`. Raises ShapeError.
    """
    return _reader(kind, keep_unknown)(value, path)


Reader = Callable[[object, str], Any]


@functools.cache
def _reader(kind: Any, keep_unknown: bool) -> Reader:  # noqa: FBT001 - a key of the cache
    """The reader of a type, cached."""
    if is_dataclass(kind):
        return _dataclass_reader(kind, keep_unknown=keep_unknown)
    if own := getattr(kind, "read", None):
        return own  # type: ignore[no-any-return]
    origin, args = get_origin(kind), get_args(kind)
    if origin is types.UnionType:
        return _optional_reader(_reader(next(arg for arg in args if arg is not types.NoneType), keep_unknown))
    if origin is tuple:
        return _array_reader(_reader(args[0], keep_unknown))
    if origin is Mapping:
        return _object_reader(_reader(args[1], keep_unknown))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return functools.partial(_read_enum, kind)
    return _SCALARS[kind]


def _dataclass_reader(kind: Any, *, keep_unknown: bool) -> Reader:
    hints = get_type_hints(kind)
    is_record = issubclass(kind, Record)
    known = [each for each in fields(kind) if not (is_record and each.name == "unknown")]
    readers = {each.name: _reader(hints[each.name], keep_unknown) for each in known}
    required = [each.name for each in known if each.default is MISSING and each.default_factory is MISSING]

    def read_dataclass(value: object, path: str) -> object:
        raw = _read_object(value, path)
        missing = next((name for name in required if name not in raw), None)
        if missing:
            raise ShapeError(_join(path, missing), "missing")
        values = {name: read(raw[name], _join(path, name)) for name, read in readers.items() if name in raw}
        if keep_unknown and is_record:
            values["unknown"] = {name: raw[name] for name in raw.keys() - readers.keys()}
        return kind(**values)

    return read_dataclass


def _optional_reader(read: Reader) -> Reader:
    return lambda value, path: None if value is None else read(value, path)


def _array_reader(read: Reader) -> Reader:
    def read_array(value: object, path: str) -> object:
        if not isinstance(value, list):
            raise _wrong(path, "an array", value)
        return tuple(read(item, f"{path}[{index}]") for index, item in enumerate(value))

    return read_array


def _object_reader(read: Reader) -> Reader:
    def read_mapping(value: object, path: str) -> object:
        raw = _read_object(value, path)
        # A mapping's keys may be personal data: the path shows `*` instead of the key.
        return {key: read(item, _join(path, "*")) for key, item in raw.items()}

    return read_mapping


def _read_object(value: object, path: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise _wrong(path, "an object", value)
    return value


def _read_enum(kind: type[Enum], value: object, path: str) -> Enum:
    try:
        return kind(value)
    except ValueError:
        expected = ", ".join(str(member.value) for member in kind)
        raise ShapeError(path, f"expected one of {expected}") from None


def _read_str(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise _wrong(path, "a string", value)
    return value


def _read_int(value: object, path: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(path, "an integer", value)
    if value not in INT64:
        raise ShapeError(path, "an integer beyond 64 bit")
    return value


def _read_bool(value: object, path: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(path, "true or false", value)
    return value


def _read_datetime(value: object, path: str) -> datetime:
    if isinstance(value, datetime):
        return value
    seconds = _read_int(value, path)
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise ShapeError(path, "a time beyond the calendar") from None


def _read_any(value: object, path: str, depth: int) -> object:
    """The value unchanged. Its depth is limited, so that comparing or writing it cannot overflow the stack."""
    if depth == 0:
        raise ShapeError(path, f"nested more than {DEPTH} levels deep")
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _read_any(item, path, depth - 1)
    return value


_SCALARS: dict[Any, Reader] = {
    Any: lambda value, path: _read_any(value, path, DEPTH),
    str: _read_str,
    int: _read_int,
    bool: _read_bool,
    datetime: _read_datetime,
}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _wrong(path: str, expected: str, value: object) -> ShapeError:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", int: "an integer"}
    got = "null" if value is None else names.get(type(value), "a number")
    return ShapeError(path, f"expected {expected}, got {got}")
