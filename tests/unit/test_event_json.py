"""An event's JSON is decided as `load_object` decides it, whichever reader reads it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.json_object import load_object
from fulfillment.errors import MalformedEvent
from fulfillment.topic.attributes import attributes_of
from fulfillment.webhook import event_json
from fulfillment.webhook.event_json import load_event
from local.fakes.stripe_events import COMPLETED, body, event, session

numbers = st.one_of(
    st.integers(),
    st.integers(-(2**64) - 2, -(2**63) + 2),
    st.integers(2**63 - 2, 2**64 + 2),
    st.floats(),
)
texts = st.text(st.characters())  # lone surrogates, too
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)
VALID = body(event(COMPLETED, session("cs_test_a1"), id="evt_1"))


def decided(read: Any, given: bytes) -> Any:
    """The attributes of the event that is read, or the word for why it is none."""
    try:
        return attributes_of(read(given), "00-a-b-00")
    except MalformedEvent as error:
        return error.code, str(error)


@given(value=values, ascii_only=st.booleans())
def test_every_value_is_decided_alike(*, value: Any, ascii_only: bool) -> None:
    for name in ("id", "type", "livemode", "account", "context", "api_version"):
        text = json.dumps({"id": "evt_1", "data": {"object": {"id": value}}, name: value}, ensure_ascii=ascii_only)
        given = text.encode("utf-8", "surrogatepass")
        assert decided(load_event, given) == decided(load_object, given)
    given = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert decided(load_event, given) == decided(load_object, given)


@given(st.data())
def test_every_damaged_event_is_decided_alike(data: st.DataObject) -> None:
    at, length = data.draw(st.integers(0, len(VALID))), data.draw(st.integers(0, 4))
    given = VALID[:at] + data.draw(st.binary(max_size=4)) + VALID[at + length :]
    assert decided(load_event, given) == decided(load_object, given)


@pytest.mark.parametrize(
    "value",
    [
        *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e-999", "-0", "01", "1.", ".5", "+1", "0x1"),
        *("9" * 19, "9" * 20, "9" * 308, "9" * 309, "9" * 310, "9" * 4300, "9" * 4301, "1" + "0" * 400),
        *(r'"\ud800"', r'"\udc00\ud800"', r'"\ud83d\ude00"', r'"\u0000"', '"\x00"', '"\t"', r'"\x"', "'a'"),
        *("[" * depth + "]" * depth for depth in (400, 499, 500, 501, 900, 990, 1000, 1023, 1024, 1025, 5000, 100_000)),
        *("true", "TRUE", "null", "", "1 2", "[1,]", '{"a":1,}', "/**/1", '{"a":1,"a":2}', '{"\\ud800":1}'),
    ],
    ids=lambda value: f"{value[:12]}… {len(value)}",
)
def test_each_hard_value_is_decided_alike(value: str) -> None:
    for text in (f'{{"id":"evt_1","x":{value}}}', f'{{"id":"evt_1","type":{value}}}', value, f"\ufeff{value}"):
        assert decided(load_event, text.encode()) == decided(load_object, text.encode())


@pytest.mark.parametrize(
    "given", [b"\xff", b'{"id":"\xed\xa0\x80"}', b'{"id":"\xc0\xaf"}', b"\xef\xbb\xbf{}", b"{}\x00"]
)
def test_bytes_that_are_not_utf_8_are_decided_alike(given: bytes) -> None:
    assert decided(load_event, given) == decided(load_object, given)


def test_an_event_of_stripes_is_read_by_orjson(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load_object(VALID)
    monkeypatch.delattr(event_json, "load_object")
    assert load_event(VALID) == expected
    assert load_event(b'{"x":[' + b"[]," * 496 + b"[]]}") == {"x": [[]] * 497}  # 499 brackets
    with pytest.raises(NameError, match="load_object"):
        load_event(b'{"x":[' + b"[]," * 497 + b"[]]}")


def test_without_orjson_the_event_is_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_json, "orjson", None)
    assert load_event(VALID) == load_object(VALID)
