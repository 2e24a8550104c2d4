"""Each line of the webhook's answer table, over real HTTP, with Pub/Sub's emulator behind it."""

import json
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from fulfillment.topic.message import Message
from fulfillment.topic.publisher import PUBLISH_SECONDS
from local.fakes.stripe_events import COMPLETED, FAILED, SECRET, SUCCEEDED, body, event, session, signature, thin_event
from local.runtime.emulators import Emulators
from local.runtime.processes import free_ports
from local.runtime.pubsub_admin import PubSubAdmin
from support.serving import Serve
from support.waiting import LONG

OTHER = "whsec_" + "f" * 32


Request = Callable[[], tuple[bytes, Mapping[str, Any]]]


class Shop:
    """A webhook with a topic of its own."""

    def __init__(self, serve: Serve, emulated: Emulators) -> None:
        self.topic = f"events-{uuid.uuid4().hex}"
        self.admin = PubSubAdmin(emulated.pubsub, "shared")
        self.admin.create_topic(self.topic)
        self.admin.keep(self.topic)
        self.url = serve("stripe_webhook", EVENTS_TOPIC=self.topic, PUBSUB_EMULATOR_HOST=emulated.pubsub)

    def post(self, payload: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        return httpx.post(self.url, content=payload, headers=signature(payload) if headers is None else headers)

    def published(self) -> list[Message]:
        return self.admin.take(self.topic)


@pytest.fixture
def shop(serve: Serve, emulated: Emulators) -> Shop:
    return Shop(serve, emulated)


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one line that the last request logged."""
    lines = [json.loads(text) for text in capsys.readouterr().out.splitlines() if "duration_ms" in text]
    assert len(lines) == 1
    return dict(lines[0])


@pytest.mark.parametrize("event_type", [COMPLETED, SUCCEEDED, FAILED])
def test_valid_and_routed_is_200_once_stored_byte_for_byte(
    shop: Shop, event_type: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sold = session("cs_test_a1", metadata={"name": "Jörg 😀"})
    payload = body(event(event_type, sold, id="evt_1", created=1795599000))
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = shop.post(payload, signature(payload) | {"traceparent": trace})
    assert (answer.status_code, answer.text) == (200, "ok\n")
    (message,) = shop.published()
    assert message.data == payload
    assert message.attributes == {
        "event_id": "evt_1",
        "event_type": event_type,
        "session_id": "cs_test_a1",
        "object_id": "cs_test_a1",
        "livemode": "false",
        "api_version": "2026-10-28.endive",
        "traceparent": trace,
        "ce-specversion": "1.0",
        "ce-id": "evt_1",
        "ce-source": "//stripe.com",
        "ce-type": f"com.stripe.v1.{event_type}",
        "ce-subject": "cs_test_a1",
        "ce-time": "2026-11-25T09:30:00+00:00",
        "content-type": "application/json",
    }
    written = line(capsys)
    assert written["outcome"] == "published"
    assert (written["event"], written["session"], written["status"]) == ("evt_1", "cs_test_a1", 200)
    assert written["logging.googleapis.com/trace"] == "projects/shared/traces/0af7651916cd43dd8448eb211c80319c"
    assert "jenny" not in json.dumps(written)


@pytest.mark.parametrize("said", [{"type": "invoice.paid"}, {"type": None}, {"type": ["x"]}, {"type": COMPLETED + " "}])
def test_valid_but_not_routed_is_200_and_not_published(
    shop: Shop, said: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert shop.post(body(event(COMPLETED, session("cs_test_a1")) | said)).status_code == 200
    assert shop.published() == []
    assert line(capsys)["outcome"] == "ignored"


@pytest.mark.parametrize("event_type", [COMPLETED, SUCCEEDED, FAILED])
def test_a_thin_event_is_stored_byte_for_byte_with_the_session_that_it_names(shop: Shop, event_type: str) -> None:
    payload = body(thin_event(event_type, session("cs_test_a1"), id="evt_1", context="org_1/acct_1"))
    assert shop.post(payload).status_code == 200
    (message,) = shop.published()
    assert message.data == payload
    told = message.attributes
    assert (told["event_type"], told["session_id"], told["account"]) == (f"v1.{event_type}", "cs_test_a1", "acct_1")
    assert (told["context"], told["ce-type"]) == ("org_1/acct_1", f"com.stripe.v1.{event_type}")
    assert "api_version" not in told


def test_the_other_livemode_is_200_not_published_and_warned_of(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert shop.post(body(event(COMPLETED, session("cs_live_a1"), livemode=True))).status_code == 200
    assert shop.published() == []
    written = line(capsys)
    assert (written["severity"], written["outcome"]) == ("WARNING", "other_livemode")


GOOD = body(event(COMPLETED, session("cs_test_a1")))


def signed(payload: bytes = GOOD, secret: str = SECRET, shift: int = 0, sent: bytes | None = None) -> Request:
    """A request signed when the test runs, `shift` seconds off; `sent` is what is sent instead of what was signed."""
    return lambda: (payload if sent is None else sent, signature(payload, secret, int(time.time()) + shift))


def unsigned(payload: bytes, header: str | None = None) -> Request:
    return lambda: (payload, {} if header is None else {"Stripe-Signature": header.encode("latin-1")})


REFUSED = [
    ("no_header", unsigned(GOOD)),
    ("no_header", unsigned(b"x" * 1024 * 1024)),
    ("wrong_secret", signed(secret=OTHER)),
    ("clock", signed(shift=-400)),
    ("clock", signed(shift=400)),
    ("re_encoded_body", signed(sent=json.dumps(json.loads(GOOD)).encode())),
    ("re_encoded_body", unsigned(b"\xff\xfe", "t=1,v1=abc")),
    ("malformed_header", unsigned(GOOD, "rubbish")),
    ("malformed_header", unsigned(GOOD, "t=1,v0=abc")),
    ("malformed_header", unsigned(GOOD, "t=1,v1=\xe9")),
    ("malformed_event", signed(b"")),
    ("malformed_event", signed(b"[]")),
    ("malformed_event", signed(b"null")),
    ("malformed_event", signed(b"not json")),
    ("malformed_event", signed(b"[" * 10_000)),
]


@pytest.mark.parametrize(("cause", "request_of"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_not_proven_to_be_stripes_event_is_400_in_one_line_without_detail(
    shop: Shop, cause: str, request_of: Request, capsys: pytest.CaptureFixture[str]
) -> None:
    payload, headers = request_of()
    answer = httpx.post(shop.url, content=payload, headers=headers)
    assert (answer.status_code, answer.text) == (400, "bad request\n")
    assert shop.published() == []
    written = line(capsys)
    assert (written["severity"], written["outcome"], written["cause"]) == ("WARNING", "refused", cause)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
def test_what_is_not_a_post_is_405(shop: Shop, method: str) -> None:
    assert httpx.request(method, shop.url).status_code == 405
    assert shop.published() == []


def test_a_405_says_what_is_allowed(shop: Shop) -> None:
    assert httpx.get(shop.url).headers["allow"] == "POST"


def test_any_path_will_do(shop: Shop) -> None:
    assert httpx.post(f"{shop.url}stripe/webhook", content=GOOD, headers=signature(GOOD)).status_code == 200


def test_a_body_over_one_mebibyte_is_413_though_it_is_signed(shop: Shop) -> None:
    limit = 1024 * 1024
    padding = limit - len(body(event(COMPLETED, session("cs_test_a1", metadata={"k": ""}), id="evt_1")))
    for more, status in ((0, 200), (1, 413)):
        said = session("cs_test_a1", metadata={"k": "x" * (padding + more)})
        payload = body(event(COMPLETED, said, id="evt_1"))
        assert len(payload) == limit + more
        assert shop.post(payload).status_code == status


def test_a_length_that_is_a_lie_is_not_trusted(shop: Shop) -> None:
    """Chunked, so that no length is declared: the count decides, and the rest is not read."""

    def chunks() -> Any:
        for _ in range(64):
            yield b"x" * 65536

    assert httpx.post(shop.url, content=chunks()).status_code == 413


@pytest.mark.parametrize("bad", ["", "a/b", "..", "__x__", "c" * 256, 5, None, {}])
def test_without_a_usable_session_id_it_is_200_and_published_without_one(shop: Shop, bad: object) -> None:
    payload = body(event(COMPLETED, session("cs_test_a1") | {"id": bad}))
    assert shop.post(payload).status_code == 200
    (message,) = shop.published()
    assert message.data == payload
    assert "session_id" not in message.attributes


def test_when_pubsub_does_not_take_it_it_is_503(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    url = serve("stripe_webhook", PUBSUB_EMULATOR_HOST=f"127.0.0.1:{free_ports(1)[0]}")
    began = time.monotonic()
    answer = httpx.post(url, content=GOOD, headers=signature(GOOD), timeout=LONG)
    assert (answer.status_code, answer.text) == (503, "not stored, please try again\n")
    assert PUBLISH_SECONDS - 1 < time.monotonic() - began < PUBLISH_SECONDS + 60  # as long again for a busy machine
    assert PUBLISH_SECONDS < 10  # the buyer waits no longer
    assert line(capsys)["outcome"] == "publish_failed"


def test_every_secret_of_the_list_is_tried(serve: Serve, emulated: Emulators) -> None:
    url = serve("stripe_webhook", STRIPE_WEBHOOK_SECRETS=f"{OTHER}, {SECRET}", PUBSUB_EMULATOR_HOST=emulated.pubsub)
    payload = body(event("invoice.paid", {}))
    for secret in (OTHER, SECRET):
        assert httpx.post(url, content=payload, headers=signature(payload, secret)).status_code == 200


def test_an_unexpected_error_is_500_without_its_text(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_args: object) -> None:
        raise RuntimeError("jenny.rosen@example.com")

    monkeypatch.setattr("fulfillment.webhook.signature.verify", fail)
    answer = httpx.post(serve("stripe_webhook"), content=GOOD, headers=signature(GOOD))
    assert (answer.status_code, answer.text) == (500, "internal error\n")
    output = capsys.readouterr().out
    assert "jenny" not in output
    assert '"error": "RuntimeError"' in output


def test_a_caller_that_hangs_up_does_no_harm(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    host, port = shop.url.removeprefix("http://").rstrip("/").split(":")
    with socket.create_connection((host, int(port))) as caller:
        caller.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf of i")
    payload = body(event(COMPLETED, session("cs_test_a1")))
    assert shop.post(payload).status_code == 200
    assert [message.data for message in shop.published()] == [payload]
    output, deadline = "", time.monotonic() + LONG
    while "hung up" not in output and time.monotonic() < deadline:
        time.sleep(0.01)
        output += capsys.readouterr().out
    assert "the caller hung up" in output
    assert '"severity": "ERROR"' not in output


def test_secrets_and_people_are_in_no_line(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.post(GOOD)
    shop.post(GOOD, signature(GOOD, OTHER))
    output = capsys.readouterr().out
    assert not any(word in output for word in ("whsec_", "jenny", "Rosen", "Oyster", "94080"))
