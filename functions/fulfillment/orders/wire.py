"""Documents as Firestore's protobuf messages, and back: what the library does field by field, in a twelfth of the time.

The library wraps each value of each message (proto-plus). Here its own messages are filled directly. Tests compare them
with the library's, for the documents that `documents` makes. A value of another type, which only a person or a newer
version wrote, stays a message: it is written as it was read.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from google.cloud.firestore import SERVER_TIMESTAMP
from google.cloud.firestore_v1.field_path import FieldPath
from google.cloud.firestore_v1.types import (
    BatchGetDocumentsResponse,
    CommitRequest,
    CommitResponse,
    DocumentTransform,
    RunQueryResponse,
    Value,
    Write,
)
from proto.datetime_helpers import DatetimeWithNanoseconds  # type: ignore[import-untyped]

NOW = SERVER_TIMESTAMP
"""A placeholder: the store replaces it with the time of the write."""
_RESERVED = re.compile(r"__.*__", re.DOTALL)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REQUEST_TIME = DocumentTransform.FieldTransform.ServerValue.REQUEST_TIME
_DOCUMENT = {BatchGetDocumentsResponse: "found", RunQueryResponse: "document"}
_Commit, _Write, _Value = CommitRequest.pb(), Write.pb(), Value.pb()


def commit(database: str, write: Any) -> CommitRequest:
    """A request with that write."""
    request: CommitRequest = CommitRequest.wrap(_Commit(database=database, writes=[write]))
    return request


def creation(path: str, document: Mapping[str, Any]) -> Any:
    """The write of a new document. Maps and strings in it are as Firestore accepts them (`documents`)."""
    write = _filled(path, document)
    write.current_document.exists = False
    return write


def replacement(path: str, document: Mapping[str, Any], version: DatetimeWithNanoseconds) -> Any:
    """The write of these fields, if the document still has that version. Other fields stay."""
    write = _filled(path, document)
    write.update_mask.field_paths.extend(sorted(_path(name) for name, value in document.items() if value is not NOW))
    write.current_document.update_time.CopyFrom(version.timestamp_pb())
    return write


def version_after(answer: CommitResponse) -> DatetimeWithNanoseconds:
    """The document's version after the one write of a request."""
    return version_of(CommitResponse.pb(answer).write_results[0])


def found(answer: BatchGetDocumentsResponse | RunQueryResponse) -> tuple[Any, Any] | None:
    """The messages of a document and of the time at which it was read, or None if the answer has no document."""
    message, field = type(answer).pb(answer), _DOCUMENT[type(answer)]
    return (getattr(message, field), message.read_time) if message.HasField(field) else None


def version_of(written: Any) -> DatetimeWithNanoseconds:
    """The version of a document: the time of its last write."""
    return DatetimeWithNanoseconds.from_timestamp_pb(written.update_time)


def document_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The document in a message's fields. Times are in UTC, to the microsecond."""
    return {name: _read(value) for name, value in fields.items()}


def _filled(path: str, document: Mapping[str, Any]) -> Any:
    write = _Write()
    write.update.name = path
    _fill(write, write.update.fields, document, ())
    return write


def _fill(write: Any, fields: Any, document: Mapping[str, Any], above: tuple[str, ...]) -> None:
    for name, value in document.items():
        if value is NOW:
            write.update_transforms.add(field_path=_path(*above, name), set_to_server_value=_REQUEST_TIME)
        else:
            _set(write, fields[name], value, (*above, name))


def _set(write: Any, message: Any, value: Any, path: tuple[str, ...]) -> None:
    """Sets a Value message."""
    if value is None:
        message.null_value = 0  # its enum's one value
    elif isinstance(value, dict):
        message.map_value.SetInParent()
        _fill(write, message.map_value.fields, value, path)
    elif isinstance(value, list):
        message.array_value.SetInParent()
        for item in value:
            _set(write, message.array_value.values.add(), item, path)
    elif isinstance(value, datetime):
        message.timestamp_value.FromDatetime(value)
    elif isinstance(value, _Value):
        message.CopyFrom(value)
    else:
        _set_scalar(message, value)


def _set_scalar(message: Any, value: Any) -> None:
    for kind, field in _SCALARS:
        if isinstance(value, kind):
            setattr(message, field, value)
            return
    raise TypeError(f"a document of ours has no {type(value).__name__}")


def _path(*names: str) -> str:
    return (
        names[0]
        if len(names) == 1 and names[0].isascii() and names[0].isidentifier()
        else str(FieldPath(*names).to_api_repr())
    )


def _read(value: Any) -> Any:
    """A Value message's value. One of a type that a document of ours does not have stays a message."""
    reader = _READERS.get(value.WhichOneof("value_type"))
    return reader(value) if reader else value


def _is_special(fields: Mapping[str, Any]) -> bool:
    """Whether a map is another type, as a vector is: `{"__type__": "__vector__", …}`. A document of ours has no such
    key.
    """
    return any(_RESERVED.fullmatch(name) for name in fields)


def time_of(stamp: Any) -> datetime:
    """The time in UTC, to the microsecond."""
    return _EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)


_SCALARS = ((str, "string_value"), (bool, "boolean_value"), (int, "integer_value"), (float, "double_value"))
_READERS: dict[str, Callable[[Any], Any]] = {
    "string_value": lambda value: value.string_value,
    "null_value": lambda _value: None,
    "boolean_value": lambda value: value.boolean_value,
    "integer_value": lambda value: value.integer_value,
    "double_value": lambda value: value.double_value,
    "timestamp_value": lambda value: time_of(value.timestamp_value),
    "map_value": lambda value: value if _is_special(value.map_value.fields) else document_of(value.map_value.fields),
    "array_value": lambda value: [_read(each) for each in value.array_value.values],
}
"""The types that a document of ours has."""
