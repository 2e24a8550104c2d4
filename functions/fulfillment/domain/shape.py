"""Reads untrusted JSON into typed values: missing keys get their default, unknown ones are ignored,
and a value of the wrong type is a `ShapeError` that names its path, never its content.

    read(Address, {"city": "Paris", "new_key": 1})    Address(city="Paris", line1=None, …)
    read(Address, {"city": 75})                       ShapeError: city: expected a string, got an integer
"""

import dataclasses
import functools
import types
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

INT64 = range(-(2**63), 2**63)
DEPTH = 32  # of what is kept as it came; Stripe's own objects go three levels deep


class ShapeError(ValueError):
    """A value that is not of its declared type. The text holds paths and type names only."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path or 'value'}: {problem}")


def read(kind: Any, value: object, path: str = "") -> Any:
    """`value` as `kind`: a dataclass, `X | None`, `tuple[X, ...]`, `Mapping[str, X]`, an Enum,
    str, int, bool, datetime (epoch seconds or a datetime), Any, or a class with a `read`.
    """
    return _reader(kind)(value, path)


Reader = Callable[[object, str], Any]


@functools.cache
def _reader(kind: Any) -> Reader:
    """The reader of a type, built once."""
    if dataclasses.is_dataclass(kind):
        return _dataclass_reader(kind)
    if own := getattr(kind, "read", None):
        return own  # type: ignore[no-any-return]
    origin, args = get_origin(kind), get_args(kind)
    if origin is types.UnionType:
        return _optional_reader(next(arg for arg in args if arg is not types.NoneType))
    if origin is tuple:
        return _array_reader(args[0])
    if origin is Mapping:
        return _object_reader(args[1])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return functools.partial(_read_enum, kind)
    return _SCALARS[kind]


def _dataclass_reader(kind: Any) -> Reader:
    hints = get_type_hints(kind)
    readers = {field.name: hints[field.name] for field in dataclasses.fields(kind)}

    def read_dataclass(value: object, path: str) -> object:
        raw = _read_object(value, path)
        present = [name for name in readers if name in raw]
        missing = [n for n in _required(kind) if n not in present]
        if missing:
            raise ShapeError(_join(path, missing[0]), "missing")
        return kind(**{name: read(readers[name], raw[name], _join(path, name)) for name in present})

    return read_dataclass


@functools.cache
def _required(kind: Any) -> tuple[str, ...]:
    return tuple(
        field.name
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )


def _optional_reader(kind: Any) -> Reader:
    return lambda value, path: None if value is None else read(kind, value, path)


def _array_reader(kind: Any) -> Reader:
    def read_array(value: object, path: str) -> object:
        if not isinstance(value, list):
            raise _wrong(path, "an array", value)
        return tuple(read(kind, item, f"{path}[{index}]") for index, item in enumerate(value))

    return read_array


def _object_reader(kind: Any) -> Reader:
    def read_mapping(value: object, path: str) -> object:
        raw = _read_object(value, path)
        # The keys of a mapping are somebody's data: the path says that it is one, not which.
        return {key: read(kind, item, _join(path, "*")) for key, item in raw.items()}

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
    """As it came, but not so deep that comparing or writing it overflows the stack."""
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
