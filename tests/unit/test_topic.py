"""The message of the contract, and the push envelope that brings it back."""

import base64
import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.errors import MalformedMessage
from fulfillment.topic.attributes import attributes_of, fits
from fulfillment.topic.message import Message, parse_push
from local.fakes.memory_topic import push_body
from local.fakes.stripe_events import COMPLETED, event, session, thin_event
from support.samples import json_values

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_the_attributes_are_the_contracts() -> None:
    said = event(COMPLETED, session("cs_test_a1"), id="evt_1", account="acct_1", created=1795599000)
    assert attributes_of(said, TRACE) == {
        "event_id": "evt_1",
        "event_type": COMPLETED,
        "session_id": "cs_test_a1",
        "livemode": "false",
        "api_version": "2026-10-28.endive",
        "object_id": "cs_test_a1",
        "account": "acct_1",
        "traceparent": TRACE,
        "ce-specversion": "1.0",
        "ce-id": "evt_1",
        "ce-source": "//stripe.com/accounts/acct_1",
        "ce-type": f"com.stripe.v1.{COMPLETED}",
        "ce-subject": "cs_test_a1",
        "ce-time": "2026-11-25T09:30:00+00:00",
        "content-type": "application/json",
    }


def test_without_connect_there_is_no_account() -> None:
    assert "account" not in attributes_of(event(COMPLETED, session("cs_test_a1")), TRACE)


@pytest.mark.parametrize(
    ("context", "account"),
    [
        ("acct_1", "acct_1"),
        ("org_1/acct_1", "acct_1"),
        ("org_1/acct_1/acct_2", "acct_2"),
        ("acct_1/org_1", "acct_1"),
        ("org_1", None),
    ],
)
def test_the_whole_context_is_told_and_the_account_by_it(context: str, account: str | None) -> None:
    attributes = attributes_of(event(COMPLETED, session("cs_test_a1"), context=context), TRACE)
    assert (attributes["context"], attributes.get("account")) == (context, account)
    named = attributes_of(event(COMPLETED, session("cs_test_a1"), context=context, account="acct_9"), TRACE)
    assert (named["context"], named["account"]) == (context, "acct_9")


def test_a_thin_events_attributes_name_its_object_and_its_own_type() -> None:
    said = thin_event("invoice.paid", {"id": "in_1", "object": "invoice"}, id="evt_1", created="2026-11-28T09:30:00.5Z")
    assert attributes_of(said | {"livemode": True}, TRACE) == {
        "event_id": "evt_1",
        "event_type": "v1.invoice.paid",
        "object_id": "in_1",
        "livemode": "true",
        "traceparent": TRACE,
        "ce-specversion": "1.0",
        "ce-id": "evt_1",
        "ce-source": "//stripe.com",
        "ce-type": "com.stripe.v1.invoice.paid",
        "ce-subject": "in_1",
        "ce-time": "2026-11-28T09:30:00.5Z",
        "content-type": "application/json",
    }


def test_an_event_of_api_v2_is_a_cloud_event_of_v2() -> None:
    said = {"id": "evt_1", "object": "v2.core.event", "type": "v2.core.account.updated"}
    assert attributes_of(said, TRACE)["ce-type"] == "com.stripe.v2.core.account.updated"


@pytest.mark.parametrize("created", [None, "yesterday", "2026-11-28T09:30:00", 10**20, 2**62, [], {}, float("nan")])
def test_a_time_that_is_none_leaves_no_ce_time(created: object) -> None:
    attributes = attributes_of(event(COMPLETED, session("cs_1"), created=created), TRACE)
    assert "ce-time" not in attributes
    assert attributes["ce-id"]


@pytest.mark.parametrize("changes", [{"id": None}, {"type": None}, {"type": "x" * 201}, {"id": "\n"}])
def test_without_an_id_or_a_type_there_is_no_cloud_event(changes: dict[str, object]) -> None:
    attributes = attributes_of(event(COMPLETED, session("cs_1")) | changes, TRACE)
    assert not [name for name in attributes if name.startswith(("ce-", "content-"))]
    assert attributes["livemode"] == "false"
    assert attributes_of(event("x" * 200, session("cs_1")), TRACE)["ce-type"] == f"com.stripe.v1.{'x' * 200}"


@pytest.mark.parametrize("account", ["acct 1", "é", "a/b", "1acct"])
def test_an_account_that_is_no_id_is_no_part_of_the_source(account: str) -> None:
    assert attributes_of(event(COMPLETED, session("cs_1"), account=account), TRACE)["ce-source"] == "//stripe.com"


@pytest.mark.parametrize("bad", ["", "a/b", ".", "..", "__x__", "c" * 256, 5, None, [], "\ud800"])
def test_an_unusable_session_id_is_left_out(bad: object) -> None:
    assert "session_id" not in attributes_of(event(COMPLETED, session("cs_test_a1") | {"id": bad}), TRACE)


@pytest.mark.parametrize("data", [None, [], {}, {"object": None}, {"object": {}}])
def test_a_missing_session_leaves_no_session_id(data: object) -> None:
    assert "session_id" not in attributes_of({"data": data}, TRACE)


@given(
    st.dictionaries(
        st.sampled_from(["id", "type", "livemode", "api_version", "account", "context", "data"]), json_values
    )
)
def test_attributes_are_always_fit_for_pubsub(said: dict[str, Any]) -> None:
    for name, value in attributes_of(said, TRACE).items():
        assert 0 < len(value.encode()) <= 1024, name


def test_an_attribute_may_have_as_many_bytes_as_pubsub_takes_and_no_more() -> None:
    assert fits("x" * 1024)
    assert fits("é" * 512)
    assert not fits("x" * 1025)
    assert fits("x")
    assert not fits("")
    assert not fits("é" * 513)


@given(st.binary(), st.dictionaries(st.text(min_size=1), st.text()))
def test_a_push_brings_back_what_was_published(data: bytes, attributes: dict[str, str]) -> None:
    message = Message(data=data, attributes=attributes, id="7", attempt=3)
    pushed = parse_push(push_body(message, 3))
    assert pushed.published_at is not None
    assert replace(pushed, published_at=None) == message


def test_a_push_of_the_emulator_has_no_attempt() -> None:
    assert parse_push(push_body(Message(data=b"x", id="1"))).attempt is None


def test_an_attempt_that_pubsub_leaves_open_is_none() -> None:
    assert parse_push(b'{"message": {}, "deliveryAttempt": null}').attempt is None


def test_a_message_of_data_alone_has_no_attributes() -> None:
    assert parse_push(b'{"message": {"data": "eA==", "messageId": null}}') == Message(data=b"x")


def test_a_message_of_attributes_alone_has_no_data() -> None:
    assert parse_push(b'{"message": {"attributes": {"a": "b"}}}') == Message(data=b"", attributes={"a": "b"})


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"message": null}',
        b'{"message": []}',
        b'{"message": {"data": 5}}',
        b'{"message": {"data": "!!!!"}}',
        b'{"message": {"data": "abc"}}',
        '{"message": {"data": "é"}}'.encode(),
        b'{"message": {"attributes": {"a": 1}}}',
        b'{"message": {}, "deliveryAttempt": "x"}',
        b"[" * 50_000,
    ],
)
def test_what_is_no_push_is_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedMessage, match="not a Pub/Sub push"):
        parse_push(raw)


@given(json_values)
def test_parse_push_raises_nothing_but_malformed_message(value: Any) -> None:
    with contextlib.suppress(MalformedMessage):
        parse_push(json.dumps({"message": value}).encode())


def test_the_error_names_what_is_wrong() -> None:
    with pytest.raises(MalformedMessage, match="not a Pub/Sub push: data is not base64"):
        parse_push(b'{"message": {"data": "abc"}}')
    with pytest.raises(MalformedMessage, match="not a Pub/Sub push: message"):
        parse_push(b'{"message": null}')


def test_the_error_does_not_quote_the_data() -> None:
    with pytest.raises(MalformedMessage) as error:
        parse_push(json.dumps({"message": {"data": "jenny.rosen@example.com"}}).encode())
    assert "jenny" not in str(error.value)
    assert base64.b64encode(b"jenny").decode() not in str(error.value)
