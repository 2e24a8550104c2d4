"""The log line: Cloud Logging's fields, one trace, nothing personal."""

import json
import re

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
