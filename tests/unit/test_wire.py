"""Documents in Firestore's messages: as Google's own library writes and reads them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from google.cloud.firestore import AsyncClient
from google.cloud.firestore_v1 import _helpers
from google.cloud.firestore_v1.types import (
    BatchGetDocumentsResponse,
    CommitRequest,
    CommitResponse,
    Document,
    RunQueryResponse,
    Value,
    Write,
    WriteResult,
)
from hypothesis import given
from hypothesis import strategies as st
from proto.datetime_helpers import DatetimeWithNanoseconds  # type: ignore[import-untyped]

from fulfillment.errors import CorruptOrder
from fulfillment.orders import wire
from fulfillment.orders.documents import from_document, to_document
from support.builders import paid_order

PATH = "projects/shop/databases/(default)/documents/orders/cs_test_a1"
VERSION = DatetimeWithNanoseconds(2026, 11, 28, 12, 30, 1, nanosecond=123_456_789, tzinfo=UTC)
times = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants it so
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True).filter(lambda name: not name.startswith("__"))
keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9).filter(
    lambda name: not (name.startswith("__") and name.endswith("__"))
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    times,
    st.text(st.characters(exclude_categories=["Cs"])),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner.filter(lambda each: not isinstance(each, list)), max_size=3)
        | st.dictionaries(keys, inner, max_size=3)
    ),
    max_leaves=8,
)
documents = st.dictionaries(names, values, min_size=1, max_size=6)


@given(documents, st.sampled_from(["updated_at", "z"]))
def test_a_write_is_the_librarys(document: dict[str, Any], stamp: str) -> None:
    lease = {"owner": "a", "at": wire.NOW, "an odd.name`": {"deep": wire.NOW, "kept": 1}}
    document = document | {stamp: wire.NOW, "lease": lease}
    assert in_order(wire.creation(PATH, document)) == in_order(Write.pb(_helpers.pbs_for_create(PATH, document)[0]))
    (update,) = _helpers.pbs_for_update(PATH, document, AsyncClient.write_option(last_update_time=VERSION))
    assert in_order(wire.replacement(PATH, document, VERSION)) == in_order(Write.pb(update))


def in_order(write: Any) -> Any:
    """The write with its transforms by path: they touch different fields."""
    transforms = sorted(write.update_transforms, key=lambda each: str(each.field_path))
    del write.update_transforms[:]
    write.update_transforms.extend(transforms)
    return write


@given(documents)
def test_a_document_is_read_as_the_library_reads_it(document: dict[str, Any]) -> None:
    message = wire.creation(PATH, document).update
    assert wire.document_of(message.fields) == document
    assert _helpers.decode_dict(Document.wrap(message).fields, None) == document


def test_an_order_of_every_type_of_value_comes_back_and_its_lease_is_stamped_by_the_store() -> None:
    order = paid_order("cs_test_a1")
    written = wire.creation(PATH, to_document(order))
    assert from_document(wire.document_of(written.update.fields)) == order
    leased = to_document(order) | {"lease": {"owner": "a", "seconds": 60, "at": wire.NOW}}
    (transform,) = wire.creation(PATH, leased).update_transforms
    assert transform.field_path == "lease.at"


def test_a_time_is_read_to_the_microsecond_and_the_version_to_the_nanosecond() -> None:
    stamp = VERSION.timestamp_pb()
    assert wire.time_of(stamp) == datetime(2026, 11, 28, 12, 30, 1, 123_456, tzinfo=UTC)
    assert type(wire.time_of(stamp)) is datetime
    assert wire.version_of(Document.pb(Document(update_time=VERSION))) == VERSION


def test_a_commit_has_one_write_and_its_answer_the_version() -> None:
    write = wire.creation(PATH, {"a": 1})
    request = wire.commit("projects/shop/databases/(default)", write)
    assert request == CommitRequest(database="projects/shop/databases/(default)", writes=[Write.wrap(write)])
    answer = CommitResponse(write_results=[WriteResult(update_time=VERSION)], commit_time=VERSION.replace(year=2027))
    assert wire.version_after(answer) == VERSION


def test_an_answer_has_a_document_or_none() -> None:
    document = Document(name=PATH, fields={"a": Value(integer_value=1)})
    for answer in (
        BatchGetDocumentsResponse(found=document, read_time=VERSION),
        RunQueryResponse(document=document, read_time=VERSION),
    ):
        found = wire.found(answer)
        assert found
        assert found[0] == Document.pb(document)
        assert wire.time_of(found[1]) == datetime(2026, 11, 28, 12, 30, 1, 123_456, tzinfo=UTC)
    assert wire.found(BatchGetDocumentsResponse(missing=PATH)) is None
    assert wire.found(RunQueryResponse(read_time=VERSION)) is None


def test_a_name_beyond_ascii_is_quoted_in_a_path() -> None:
    write = wire.replacement(PATH, {"é": 1, "a b": 2, "plain_1": 3, "1st": 4}, VERSION)
    assert list(write.update_mask.field_paths) == ["`1st`", "`a b`", "`é`", "plain_1"]


@pytest.mark.parametrize("value", [object(), b"bytes", {1, 2}])
def test_what_has_no_type_in_a_document_of_ours_is_named(value: object) -> None:
    with pytest.raises(TypeError, match=type(value).__name__):
        wire.creation(PATH, {"a": value})


VECTOR = {"__type__": Value(string_value="__vector__"), "value": Value(array_value={"values": [{"double_value": 1.0}]})}


@pytest.mark.parametrize(
    "written",
    [
        Value.pb(Value(geo_point_value={"latitude": 48.2, "longitude": 16.4})),
        Value.pb(Value(bytes_value=b"x")),
        Value.pb(Value(reference_value=PATH)),
        Value.pb(Value(map_value={"fields": VECTOR})),
    ],
    ids=lambda value: str(value.WhichOneof("value_type")),
)
def test_what_a_person_wrote_of_another_type_stays_as_it_is(written: Any) -> None:
    document = {"place": written, "seen": [written], "kept": {"by": written}}
    message = wire.creation(PATH, document).update
    assert wire.document_of(message.fields) == document
    order = paid_order("cs_test_a1")
    assert from_document(to_document(order) | {"place": written}) == order
    with pytest.raises(CorruptOrder, match="mode: expected a string"):
        from_document(to_document(order) | {"mode": written})
