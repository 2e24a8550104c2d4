"""The log line: Cloud Logging's fields, one trace, nothing personal."""

import asyncio
import io
import json
import re
import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from fulfillment.telemetry import Line, Trace, emit

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_the_callers_trace_goes_on() -> None:
    trace = Trace.of({"traceparent": PARENT})
    assert trace.traceparent == PARENT
    assert trace.trace_id == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("header", "traceparent"),
    [
        ("0af7651916cd43dd8448eb211c80319c/1;o=1", "00-0af7651916cd43dd8448eb211c80319c-0000000000000001-01"),
        ("0af7651916cd43dd8448eb211c80319c/255", "00-0af7651916cd43dd8448eb211c80319c-00000000000000ff-00"),
        ("0af7651916cd43dd8448eb211c80319c/0;o=0", "00-0af7651916cd43dd8448eb211c80319c-0000000000000001-00"),
    ],
)
def test_googles_own_header_will_do(header: str, traceparent: str) -> None:
    assert Trace.of({"x-cloud-trace-context": header}).traceparent == traceparent


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"traceparent": "rubbish"},
        {"traceparent": "00-" + "0" * 32 + "-" + "1" * 16 + "-01"},
        {"traceparent": PARENT + "\n"},
        {"x-cloud-trace-context": "rubbish"},
    ],
)
def test_without_a_trace_a_new_one_begins(headers: dict[str, str]) -> None:
    one, other = Trace.of(headers), Trace.of(headers)
    assert one != other
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", one.traceparent)


def test_a_line_has_the_fields_of_cloud_logging(capsys: pytest.CaptureFixture[str]) -> None:
    line = Line("stripe_webhook", "shop", trace=Trace.of({"traceparent": PARENT}))
    line.note(event="evt_1", attempt=None)
    line.say("WARNING", "a sentence", outcome="refused")
    line.write()
    written = capsys.readouterr().out
    assert written.count("\n") == 1
    record = json.loads(written)
    assert record.pop("duration_ms") >= 0
    assert record == {
        "severity": "WARNING",
        "message": "a sentence",
        "entry_point": "stripe_webhook",
        "event": "evt_1",
        "outcome": "refused",
        "logging.googleapis.com/trace": "projects/shop/traces/0af7651916cd43dd8448eb211c80319c",
        "logging.googleapis.com/spanId": "b7ad6b7169203331",
        "logging.googleapis.com/trace_sampled": True,
    }


def test_an_unexpected_error_is_named_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    line = Line("stripe_webhook", "shop")
    try:
        raise RuntimeError("jenny.rosen@example.com")  # noqa: TRY301
    except RuntimeError as error:
        line.blame(error)
    line.write()
    written = capsys.readouterr().out
    assert "jenny" not in written
    assert json.loads(written)["error"] == "RuntimeError"
    assert json.loads(written)["stack"][0].startswith("unit/test_telemetry.py:")


def test_a_line_break_in_a_field_does_not_make_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"message": "a\nb\u2028c"})
    assert capsys.readouterr().out.count("\n") == 1


def written_by(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one line."""
    (line,) = capsys.readouterr().out.splitlines()
    return dict(json.loads(line))


def test_a_line_is_written_when_its_request_ends_and_tells_how_long_it_took(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment.telemetry.time", SimpleNamespace(perf_counter=lambda: 102.00046))
    with Line("reconcile", "shop", started=100.0) as line:
        line.note(found=2)
    assert written_by(capsys) == {
        "severity": "INFO",
        "message": "",
        "entry_point": "reconcile",
        "found": 2,
        "duration_ms": 2000.5,
    }


def test_a_request_that_is_cancelled_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(asyncio.CancelledError), Line("reconcile", "shop"):
        raise asyncio.CancelledError
    line = written_by(capsys)
    told = ("WARNING", "cancelled before an answer", "cancelled")
    assert (line["severity"], line["message"], line["outcome"]) == told


@pytest.mark.parametrize(
    ("flags", "sampled"), [("00", False), ("01", True), ("10", False), ("03", True), ("fe", False)]
)
def test_a_trace_is_sampled_by_the_last_bit_of_its_flags(
    flags: str,
    sampled: bool,  # noqa: FBT001 - a table
    capsys: pytest.CaptureFixture[str],
) -> None:
    Line("reconcile", "shop", trace=Trace("0" * 32, "0" * 16, flags)).write()
    assert written_by(capsys)["logging.googleapis.com/trace_sampled"] is sampled


def test_of_a_deep_stack_the_innermost_twelve_places_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    def fall(depth: int) -> None:
        if depth == 0:
            raise RuntimeError
        fall(depth - 1)

    line = Line("reconcile", "shop")
    try:
        fall(20)
    except RuntimeError as error:
        line.blame(error)
    line.write()
    stack = written_by(capsys)["stack"]
    assert len(stack) == 12
    assert all(each.endswith(" fall") for each in stack)


def test_what_json_does_not_know_is_told_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"at": datetime(2026, 11, 28, tzinfo=UTC)})
    assert written_by(capsys) == {"at": "2026-11-28 00:00:00+00:00"}


def test_a_line_is_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is killed has logged what it did."""
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, "utf-8"))
    emit({"severity": "INFO"})
    assert out.getvalue() == b'{"severity": "INFO"}\n'
