"""Where an archived message may be, and what is read of a file, whole or broken."""

import contextlib
import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.routes import Routes
from local.fakes.stripe_events import COMPLETED, Json, event, session
from ops.archive.archived import Archived, ArchiveFilter
from ops.archive.files import Unreadable, messages
from ops.archive.seen import Seen
from support.archives import AT, SCHEMA, ZONES, archived, avro, file_name

RECORDS = [
    archived(event(COMPLETED, session(f"cs_test_{number}")), AT + timedelta(seconds=number)) for number in range(9)
]
WHOLE = avro(*RECORDS, block=4000)
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis' rule


def read(content: bytes) -> tuple[list[str], str | None]:
    """The messages' ids, and why there are no more."""
    found = list[str]()
    try:
        for each in messages(io.BytesIO(content)):
            found.append(each.id)
    except Unreadable as error:
        return found, str(error)
    return found, None


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_a_message_is_read_as_it_was_published(codec: str) -> None:
    (found,) = messages(io.BytesIO(avro(RECORDS[3], codec=codec)))
    assert (found.data, found.attributes, found.id) == (
        RECORDS[3]["data"],
        RECORDS[3]["attributes"],
        RECORDS[3]["message_id"],
    )
    assert found.published_at == AT + timedelta(seconds=3)


def test_a_time_that_its_schema_does_not_call_a_time_is_one() -> None:
    plain = [each | ({"type": "long"} if each["name"] == "publish_time" else {}) for each in SCHEMA["fields"]]
    record = RECORDS[0] | {"publish_time": int(AT.timestamp()) * 1_000_000 + 250}
    (found,) = messages(io.BytesIO(avro(record, schema=SCHEMA | {"fields": plain})))
    assert found.published_at == AT


@given(st.integers(0, len(WHOLE) - 1))
def test_a_file_that_ends_early_yields_its_first_messages_and_then_says_so(end: int) -> None:
    found, problem = read(WHOLE[:end])
    ids = [each["message_id"] for each in RECORDS]
    assert found == ids[: len(found)]
    # Avro does not say how many blocks it has: a cut between two of them is not seen.
    assert problem is not None or WHOLE[end - 16 : end] == WHOLE[-16:]


@given(st.binary(max_size=300))
def test_what_is_no_file_of_the_archive_is_said_and_never_raises_anything_else(content: bytes) -> None:
    assert read(content)[1]
    assert read(b"Obj\x01" + content)[1]


def lacking(name: str) -> Json:
    return SCHEMA | {"fields": [each for each in SCHEMA["fields"] if each["name"] != name]}


@pytest.mark.parametrize("name", ["message_id", "publish_time", "attributes", "data"])
def test_avro_without_a_field_of_pubsub_is_not_of_the_archive(name: str) -> None:
    found, problem = read(avro(*RECORDS, schema=lacking(name)))
    assert (found, problem) == ([], "it holds something else than Pub/Sub's messages with their metadata")


@pytest.mark.parametrize("kind", [{"type": "long"}, {"type": "long", "logicalType": "local-timestamp-micros"}])
@given(st.integers(-(2**63), 2**63 - 1))
def test_a_time_that_is_none_never_raises_anything_else(kind: Json, micros: int) -> None:
    fields = [each | ({"type": kind} if each["name"] == "publish_time" else {}) for each in SCHEMA["fields"]]
    content = avro(RECORDS[0] | {"publish_time": micros}, schema=SCHEMA | {"fields": fields})
    with contextlib.suppress(Unreadable):
        (found,) = messages(io.BytesIO(content))
        assert found.published_at.tzinfo


def test_avro_that_holds_no_records_is_not_of_the_archive() -> None:
    assert read(avro(schema={"type": "string"}))[1] == "it holds no message"
    other: Json = {"type": "record", "name": "row", "fields": [{"name": "data", "type": "string"}]}
    assert "something else" in str(read(avro({"data": "x"}, schema=other))[1])


@pytest.mark.parametrize("zone", ZONES)
@given(since=TIMES, span=st.timedeltas(timedelta(0), timedelta(days=40)), at=st.floats(0, 1), wait=st.floats(0, 1))
def test_a_selected_message_is_in_a_file_of_the_window(
    zone: str, since: datetime, span: timedelta, at: float, wait: float
) -> None:
    """Its file was opened at most ten minutes before it came, or once the bucket could be written again."""
    chosen = ArchiveFilter(types=Routes.parse("invoice.paid"), since=since, until=since + span)
    published = since + at * span
    opened = published + timedelta(minutes=-10) + wait * timedelta(days=7, minutes=20)
    start, end = chosen.window("stripe/")
    assert start <= file_name("stripe", opened, zone) < end


@pytest.mark.parametrize("since", [datetime.min, datetime(1970, 1, 1)])  # noqa: DTZ001, DTZ901 - gets its zone below
def test_a_window_may_begin_before_everything(since: datetime) -> None:
    chosen = ArchiveFilter(types=Routes.parse("invoice.paid"), since=since.replace(tzinfo=UTC), until=AT)
    assert chosen.window("stripe/")[0] < "stripe/2012"


@pytest.mark.parametrize(
    ("more", "copy"),
    [
        ({}, False),
        ({"source": "archive"}, True),
        ({"source": "ops", "replay": "true"}, True),
        ({"source": "reconcile"}, True),
        ({"source": "reconcile", "event_id": "reconcile:cs_test_1:paid"}, False),
        ({"source": "archive", "event_id": "reconcile:cs_test_1:paid"}, True),
        ({"replay": "true"}, False),
    ],
    ids=repr,
)
def test_a_replay_and_what_an_order_retold_are_copies(more: dict[str, str], copy: bool) -> None:  # noqa: FBT001
    assert Archived.read(archived(event(COMPLETED, session("cs_test_1")), **more)).is_copy is copy


@given(st.lists(st.text(max_size=3)))
def test_what_was_seen_is_known_exactly(texts: list[str]) -> None:
    seen = Seen()
    new = [each for each in texts if seen.add(each)]
    seen.close()
    assert new == list(dict.fromkeys(texts))
