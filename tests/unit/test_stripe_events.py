"""on_stripe_event without a network: each line of the ack table, what is parked, and the line that it logs."""

import asyncio
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from fulfillment.domain.routes import Routes
from fulfillment.errors import PermanentError, StripeUnavailable
from fulfillment.stripe_events import orders_of, read
from fulfillment.stripe_events.bridge import Server
from fulfillment.stripe_events.endpoint import StripeEvents
from fulfillment.stripe_events.event import StripeEvent
from fulfillment.stripe_events.registry import Handler
from fulfillment.stripe_events.settings import StripeEventSettings
from fulfillment.topic.attributes import attributes_of
from fulfillment.topic.message import Message
from fulfillment.topic.push_endpoint import BODY_BYTES
from local.fakes.memory_topic import MemoryTopic, push_body
from local.fakes.stripe_events import Json, body, event, thin_event
from support.environments import BASE, LIVE, TEST, problems
from support.handlers import ask, logged
from support.waiting import LONG

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
Capture = pytest.CaptureFixture[str]
INVOICE: Json = {"id": "in_1", "object": "invoice", "livemode": False, "lines": {"data": [{"amount": 12.5}]}}
PAID = event("invoice.paid", INVOICE, id="evt_1")
THIN = thin_event("invoice.paid", INVOICE, id="evt_2", snapshot_event="evt_1")
SETTINGS = StripeEventSettings(project="acme", livemode=False, routes=Routes.parse("invoice.*"))


def told(said: Json, **changes: str | None) -> Message:
    """The event as the webhook publishes it, and what is changed about its attributes."""
    attributes = attributes_of(said, TRACE) | changes
    return Message(data=body(said), attributes={k: v for k, v in attributes.items() if v is not None}, id="7")


@dataclass
class Desk:
    """on_stripe_event with one handler, which notes its calls and raises `error`."""

    settings: StripeEventSettings = SETTINGS
    dead_letter: MemoryTopic = field(default_factory=MemoryTopic)
    calls: list[tuple[Json, str]] = field(default_factory=list)
    error: BaseException | None = None
    handler: Handler | None = None

    def endpoint(self) -> StripeEvents:
        return StripeEvents(self.settings, {"on_invoice_paid": self.handler or self._note}, self.dead_letter)

    def _note(self, said: Json, key: str) -> None:
        self.calls.append((said, key))
        if self.error:
            raise self.error

    async def push(self, message: Message) -> int:
        return (await ask(self.endpoint(), push_body(message, 3))).status_code


async def test_an_event_is_handled_and_becomes_a_line(capsys: Capture) -> None:
    desk = Desk()
    said = PAID | {"account": "acct_1", "context": "org_1/acct_1"}
    assert await desk.push(told(said)) == 204
    assert desk.calls == [(said, "evt_1")]
    assert desk.dead_letter.stored == []
    line = logged(capsys)
    assert line.pop("duration_ms") >= 0
    assert line == {
        "severity": "INFO",
        "message": "on_invoice_paid returned",
        "entry_point": "on_stripe_event",
        "message_id": "7",
        "attempt": 3,
        "event": "evt_1",
        "event_type": "invoice.paid",
        "object": "in_1",
        "account": "acct_1",
        "context": "org_1/acct_1",
        "handler": "on_invoice_paid",
        "outcome": "handled",
        "status": 204,
        "logging.googleapis.com/trace": "projects/acme/traces/0af7651916cd43dd8448eb211c80319c",
        "logging.googleapis.com/spanId": "b7ad6b7169203331",
        "logging.googleapis.com/trace_sampled": True,
    }


async def test_twins_have_one_handler_and_one_key() -> None:
    desk = Desk()
    for said in (PAID, THIN, PAID):
        assert await desk.push(told(said)) == 204
    assert desk.calls == [(PAID, "evt_1"), (THIN, "evt_1"), (PAID, "evt_1")]


@pytest.mark.parametrize("said", [THIN | {"snapshot_event": None}, {k: THIN[k] for k in THIN if k != "snapshot_event"}])
async def test_a_thin_event_without_a_twin_has_its_own_id_for_a_key(said: Json) -> None:
    desk = Desk()
    assert await desk.push(told(said)) == 204
    assert desk.calls == [(said, "evt_2")]


async def test_a_handler_may_be_async_and_gets_a_copy(capsys: Capture) -> None:
    kept = []

    async def note(said: Json, key: str) -> None:
        await asyncio.sleep(0)
        kept.append((said["id"], key, threading.current_thread() is threading.main_thread()))
        said.clear()

    assert await Desk(handler=note).push(told(PAID)) == 204
    assert kept == [("evt_1", "evt_1", True)]
    assert logged(capsys)["outcome"] == "handled"


async def test_a_plain_handler_runs_beside_the_event_loop() -> None:
    threads = []

    def note(_said: Json, _key: str) -> None:
        threads.append(threading.current_thread().name)

    assert await Desk(handler=note).push(told(PAID)) == 204
    assert threads[0].startswith("hook")


async def test_a_type_without_a_handler_is_acknowledged(capsys: Capture) -> None:
    desk = Desk()
    assert await desk.push(told(event("invoice.voided", INVOICE))) == 204
    assert (desk.calls, desk.dead_letter.stored) == ([], [])
    line = logged(capsys)
    assert (line["severity"], line["outcome"]) == ("INFO", "no_handler")
    assert line["message"] == "functions/handlers has no on_invoice_voided"
    assert "handler" not in line


async def test_an_event_of_the_other_livemode_is_not_ours(capsys: Capture) -> None:
    desk = Desk()
    assert await desk.push(told(PAID | {"livemode": True})) == 204
    assert (desk.calls, desk.dead_letter.stored) == ([], [])
    line = logged(capsys)
    assert (line["severity"], line["outcome"]) == ("WARNING", "not_ours")


DEEP: Json = {}
for _ in range(40):
    DEEP = {"x": DEEP}
POISON = [
    (told(PAID, event_type=None), "malformed_message: no attribute event_type"),
    (
        told(PAID, event_type="invoice.voided"),
        "malformed_message: the attribute event_type is not the type in the body",
    ),
    (told(PAID, event_type="v1.invoice.paid"), "malformed_message"),
    (replace(told(PAID), data=b"not json"), "malformed_event"),
    (replace(told(PAID), data=b"[]"), "malformed_event"),
    (told(PAID | {"id": "a/b"}), "malformed_event"),
    (replace(told(PAID), data=body(PAID | {"id": None})), "malformed_event"),
    (replace(told(PAID), data=body(PAID | {"type": 3})), "malformed_event"),
    (told(PAID | {"livemode": "false"}), "malformed_event"),
    (told({k: PAID[k] for k in PAID if k != "livemode"}), "malformed_event"),
    (told(THIN | {"snapshot_event": 3}), "malformed_event"),
    (told(PAID | {"data": DEEP}), "malformed_event"),
]


@pytest.mark.parametrize(("message", "code"), POISON, ids=range(len(POISON)))
async def test_poison_is_parked_whole_with_its_reason(message: Message, code: str, capsys: Capture) -> None:
    desk = Desk()
    assert await desk.push(message) == 204
    (parked,) = desk.dead_letter.stored
    reason = parked.attributes["reason"]
    assert (parked.data, parked.attributes) == (message.data, {**message.attributes, "reason": reason})
    assert reason.startswith(code)
    assert desk.calls == []
    line = logged(capsys)
    assert (line["severity"], line["outcome"], line["status"]) == ("ERROR", "parked", 204)
    assert line["reason"] == code.partition(":")[0]
    assert line.get("event") == message.attributes.get("event_id")


async def test_a_message_that_was_sent_by_hand_is_logged_by_what_it_holds(capsys: Capture) -> None:
    await Desk().push(told(PAID, event_id=None))
    assert logged(capsys)["event"] == "evt_1"


async def test_what_a_handler_refuses_for_good_is_parked(capsys: Capture) -> None:
    desk = Desk(error=PermanentError("no such member"))
    assert await desk.push(told(PAID)) == 204
    (parked,) = desk.dead_letter.stored
    assert (parked.data, parked.attributes["reason"]) == (body(PAID), "permanent: no such member")
    line = logged(capsys)
    assert (line["outcome"], line["handler"], line["message"]) == (
        "parked",
        "on_invoice_paid",
        "parked: permanent: no such member",
    )


async def test_what_cannot_be_parked_comes_again(capsys: Capture) -> None:
    desk = Desk(error=PermanentError("no such member"))
    desk.dead_letter.down = True
    assert await desk.push(told(PAID)) == 503
    assert logged(capsys)["outcome"] == "retry"


def cause(error: BaseException) -> str:
    return f"on_invoice_paid raised {type(error).__name__}" if isinstance(error, Exception) else type(error).__name__


@pytest.mark.parametrize(
    "error",
    [
        KeyError("jenny.rosen@example.com"),
        ConnectionError("jenny.rosen@example.com"),
        TimeoutError("jenny.rosen@example.com"),
        SystemExit("jenny.rosen@example.com"),
        KeyboardInterrupt(),
        ExceptionGroup("jenny", [ValueError("jenny")]),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_else_a_handler_raises_brings_the_event_again_and_its_text_is_not_shown(
    error: BaseException, capsys: Capture
) -> None:
    desk = Desk(error=error)
    assert await desk.push(told(PAID)) == 503
    line = logged(capsys)
    assert (line["severity"], line["outcome"], line["status"]) == ("WARNING", "retry", 503)
    assert line["message"] == f"{cause(error)}; Pub/Sub will redeliver the message"
    assert "jenny" not in json.dumps(line)
    desk.error = None
    assert await desk.push(told(PAID)) == 204
    assert [key for _, key in desk.calls] == ["evt_1", "evt_1"]


async def test_the_line_shows_where_a_handler_failed(capsys: Capture) -> None:
    await Desk(error=KeyError("x")).push(told(PAID))
    assert logged(capsys)["stack"][-1].endswith(" _note")


async def test_a_transient_error_of_the_products_own_says_what_it_is(capsys: Capture) -> None:
    assert await Desk(error=StripeUnavailable("Stripe did not answer in time")).push(told(PAID)) == 503
    assert logged(capsys)["message"] == "Stripe did not answer in time; Pub/Sub will redeliver the message"


async def test_a_handler_that_does_not_return_in_its_time_is_called_again(capsys: Capture) -> None:
    go = threading.Event()

    def hang(_said: Json, _key: str) -> None:
        go.wait(LONG)

    desk = Desk(replace(SETTINGS, hook_timeout=0), handler=hang)
    assert await desk.push(told(PAID)) == 503
    go.set()
    line = logged(capsys)
    assert (line["outcome"], line["handler"]) == ("retry", "on_invoice_paid")
    assert line["message"].startswith(
        "on_invoice_paid did not return within 0 s (HOOK_TIMEOUT); Pub/Sub will redeliver"
    )


async def test_an_error_of_this_product_is_500(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def broken(_data: bytes) -> StripeEvent:
        raise RuntimeError("jenny")

    monkeypatch.setattr(StripeEvent, "parse", broken)
    assert await Desk().push(told(PAID)) == 500
    line = logged(capsys)
    assert (line["severity"], line["outcome"]) == ("ERROR", "failed")


async def test_what_is_no_push_is_answered_as_by_a_subscriber() -> None:
    desk = Desk()
    assert (await ask(desk.endpoint(), b"", method="GET")).status_code == 405
    assert (await ask(desk.endpoint(), b"", {"Content-Length": str(BODY_BYTES + 1)})).status_code == 413
    assert (await ask(desk.endpoint(), b"not a push")).status_code == 204
    assert desk.dead_letter.stored[0].data == b"not a push"


# --- settings


ROUTED = BASE | {"ROUTED_EVENTS": "invoice.paid"}


def test_settings_have_defaults_beside_the_routes() -> None:
    settings = StripeEventSettings.load(ROUTED)
    assert "invoice.paid" in settings.routes
    assert (settings.dead_letter_topic, settings.hook_timeout) == ("checkout-stripe-events-dead-letter", 30)
    assert settings.left_out() == ["STRIPE_API_KEY"]
    assert problems(StripeEventSettings, BASE) == "ROUTED_EVENTS is required"
    assert "must name the types" in problems(StripeEventSettings, BASE | {"ROUTED_EVENTS": "*"})


def test_a_key_of_the_other_mode_stops_the_start() -> None:
    assert StripeEventSettings.load(ROUTED | {"STRIPE_API_KEY": LIVE})
    assert "of test mode" in problems(StripeEventSettings, ROUTED | {"STRIPE_API_KEY": TEST})


# --- what handlers read


def in_handler(work: Any) -> Desk:
    return Desk(handler=lambda said, _key: work(said))


async def test_a_snapshot_event_holds_its_object() -> None:
    assert read(PAID) == INVOICE


@pytest.mark.parametrize(
    "said", [{}, {"data": None}, {"data": {}}, {"data": {"object": None}}, {"data": [], "object": "event"}]
)
async def test_an_event_without_its_object_is_malformed(said: Mapping[str, Any]) -> None:
    with pytest.raises(PermanentError, match="the event's object cannot be found: "):
        read(said)


URLS = [
    "https://evil.example/v1/invoices/in_1",
    "//evil.example/v1/invoices/in_1",
    "@evil.example/v1/invoices/in_1",
    ".evil.example/v1/invoices/in_1",
    "/v1/../v1/invoices",
    "/v1/invoices/..",
    "/v1//evil.example",
    "/v1/invoices/in_1/",
    "/v1/invoices/in_1#x",
    "/v1/invoices/in_1\n",
    "/v1/invoices/%2e%2e",
    "/v3/invoices/in_1",
    "/v1",
    "v1/invoices/in_1",
    "",
]


@pytest.mark.parametrize("url", URLS)
async def test_only_a_path_of_stripes_api_is_read(url: str) -> None:
    related = {"id": "in_1", "type": "invoice", "url": url}
    with pytest.raises(PermanentError, match="related_object.url: not a path of Stripe's API"):
        read(THIN | {"related_object": related})


@pytest.mark.parametrize("related", [{"id": "in_1"}, {"url": 3}, "in_1"])
async def test_a_related_object_of_another_shape_is_malformed(related: Any) -> None:
    with pytest.raises(PermanentError, match="the event's object cannot be found: related_object"):
        read(THIN | {"related_object": related})


async def test_a_thin_event_about_nothing_and_one_without_a_key_are_parked_with_what_is_missing() -> None:
    desk = in_handler(read)
    assert await desk.push(told(THIN | {"related_object": None})) == 204
    assert await desk.push(told(THIN)) == 204
    assert [parked.attributes["reason"] for parked in desk.dead_letter.stored] == [
        "read_refused: the event is about no object: its related_object is null",
        (
            "read_refused: a thin event names its object, and there is no key to read it: set STRIPE_API_KEY "
            "(in Terraform stripe_api_key), or register the webhook for snapshot events"
        ),
    ]


async def test_no_subscription_has_no_orders() -> None:
    assert orders_of(None) == ()


@pytest.mark.parametrize("wrong", ["", 3, {"id": "sub_1"}])
async def test_orders_are_never_looked_for_without_an_id(wrong: Any) -> None:
    with pytest.raises(TypeError, match="the id of a subscription"):
        orders_of(wrong)


async def test_reading_on_the_event_loop_is_refused_with_what_to_write_instead(capsys: Capture) -> None:
    async def wrong(said: Json, _key: str) -> None:
        read(said)

    assert await Desk(handler=wrong).push(told(THIN)) == 503
    assert "an async handler calls it as `await asyncio.to_thread(read, …)`" in logged(capsys)["message"]


async def test_an_async_handler_reads_on_a_thread() -> None:
    async def right(said: Json, _key: str) -> None:
        await asyncio.to_thread(read, said)

    desk = Desk(handler=right)
    assert await desk.push(told(THIN)) == 204
    assert "there is no key" in desk.dead_letter.stored[0].attributes["reason"]


async def test_reading_needs_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server, "current", None)
    with pytest.raises(Exception, match="read needs a running on_stripe_event"):
        await asyncio.to_thread(read, THIN)


def test_nothing_else_is_public() -> None:
    import fulfillment.stripe_events as room  # noqa: PLC0415 - its attributes are looked at

    with pytest.raises(AttributeError, match="has no attribute 'orders_off'"):
        _ = room.orders_off
