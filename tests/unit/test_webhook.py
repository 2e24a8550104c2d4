"""The webhook without a network: each answer, what is published for it, and the line that it logs."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.responses import Response

from fulfillment.errors import PublishFailed
from fulfillment.topic.message import Message
from fulfillment.webhook.endpoint import BODY_BYTES, Webhook
from fulfillment.webhook.settings import WebhookSettings
from local.fakes.memory_topic import MemoryTopic
from local.fakes.stripe_events import COMPLETED, FAILED, SECRET, SUCCEEDED, Json, body, event, session, signature
from support.handlers import HANGS_UP, ask, logged

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PING = "v2.core.event_destination.ping"
Capture = pytest.CaptureFixture[str]


class Shop:
    """A webhook in test mode, and its topic."""

    def __init__(self, *, livemode: bool = False) -> None:
        self.topic = MemoryTopic()
        settings = WebhookSettings(
            project="acme", livemode=livemode, webhook_secrets=lambda: ("whsec_" + "f" * 32, SECRET)
        )
        self.webhook = Webhook(settings, self.topic)

    async def tell(self, said: Json, **headers: str) -> Response:
        payload = body(said)
        return await ask(self.webhook, payload, signature(payload) | headers)

    @property
    def published(self) -> list[Message]:
        return self.topic.stored


@pytest.fixture
def shop() -> Shop:
    return Shop()


def said_of(line: Mapping[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(line.get(name) for name in names)


@pytest.mark.parametrize("event_type", [COMPLETED, SUCCEEDED, FAILED])
async def test_a_routed_event_is_published_as_it_came_and_logged(shop: Shop, capsys: Capture, event_type: str) -> None:
    said = event(event_type, session("cs_test_a1"), id="evt_1", account="acct_1", context="org_1/acct_1")
    answer = await shop.tell(said, traceparent=TRACE)
    assert (answer.status_code, answer.body) == (200, b"ok\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    (message,) = shop.published
    assert message.data == body(said)
    assert (message.attributes["event_id"], message.attributes["traceparent"]) == ("evt_1", TRACE)
    line = logged(capsys)
    assert line.pop("duration_ms") >= 0
    assert line == {
        "severity": "INFO",
        "message": "published",
        "entry_point": "stripe_webhook",
        "event": "evt_1",
        "event_type": event_type,
        "session": "cs_test_a1",
        "account": "acct_1",
        "context": "org_1/acct_1",
        "outcome": "published",
        "message_id": "1",
        "status": 200,
        "logging.googleapis.com/trace": "projects/acme/traces/0af7651916cd43dd8448eb211c80319c",
        "logging.googleapis.com/spanId": "b7ad6b7169203331",
        "logging.googleapis.com/trace_sampled": True,
    }


async def test_an_event_that_is_not_routed_is_ignored(shop: Shop, capsys: Capture) -> None:
    assert (await shop.tell(event("invoice.paid", {"id": "in_1"}, livemode=True))).status_code == 200
    assert shop.published == []
    assert said_of(logged(capsys), "severity", "outcome", "event_type") == ("INFO", "ignored", "invoice.paid")


async def test_a_thin_event_that_is_not_routed_is_ignored_like_any_other(shop: Shop, capsys: Capture) -> None:
    for event_type in ("v1.invoice.paid", PING):
        assert (await shop.tell({"object": "v2.core.event", "type": event_type})).status_code == 200
        assert said_of(logged(capsys), "severity", "outcome", "status") == ("INFO", "ignored", 200)
    assert shop.published == []


@pytest.mark.parametrize("livemode", [True, False])
async def test_an_event_of_the_other_livemode_is_dropped_with_a_warning(livemode: bool, capsys: Capture) -> None:  # noqa: FBT001
    shop = Shop(livemode=livemode)
    assert (await shop.tell(event(COMPLETED, session("cs_1"), livemode=not livemode))).status_code == 200
    assert shop.published == []
    assert said_of(logged(capsys), "severity", "outcome") == ("WARNING", "other_livemode")
    assert (await shop.tell(event(COMPLETED, session("cs_1"), livemode=livemode))).status_code == 200
    assert len(shop.published) == 1


@pytest.mark.parametrize("livemode", [None, "false", 0])
async def test_an_event_that_does_not_say_its_livemode_is_the_subscribers_to_park(shop: Shop, livemode: object) -> None:
    assert (await shop.tell(event(COMPLETED, session("cs_1"), livemode=livemode))).status_code == 200
    assert len(shop.published) == 1


REFUSED = [
    ("no_header", body({}), {}),
    ("malformed_header", body({}), {"Stripe-Signature": "x"}),
    ("re_encoded_body", b"x", {"Stripe-Signature": "t=1,v1=0"}),
    ("clock", body({}), signature(body({}), at=1)),
    ("malformed_event", b"[]", "signed"),
    ("malformed_event", b"not json", "signed"),
]


@pytest.mark.parametrize(("cause", "payload", "headers"), REFUSED, ids=range(len(REFUSED)))
async def test_what_is_not_stripes_event_is_refused_and_the_log_knows_why(
    shop: Shop, capsys: Capture, cause: str, payload: bytes, headers: Any
) -> None:
    answer = await ask(shop.webhook, payload, signature(payload) if headers == "signed" else headers)
    assert (answer.status_code, answer.body) == (400, b"bad request\n")
    assert shop.published == []
    line = logged(capsys)
    assert said_of(line, "severity", "outcome", "cause", "status") == ("WARNING", "refused", cause, 400)
    assert line["message"].startswith("refused: ")


async def test_what_is_not_a_post_is_told_what_is(shop: Shop, capsys: Capture) -> None:
    answer = await ask(shop.webhook, b"", method="GET")
    assert (answer.status_code, answer.body, answer.headers["allow"]) == (405, b"method not allowed\n", "POST")
    assert said_of(logged(capsys), "severity", "outcome", "status") == ("INFO", "refused", 405)


async def test_no_other_answer_says_what_is_allowed(shop: Shop) -> None:
    assert "allow" not in (await ask(shop.webhook, b"")).headers


async def test_a_body_over_one_mebibyte_is_too_large(shop: Shop, capsys: Capture) -> None:
    assert BODY_BYTES == 1_048_576
    fitting = body(event("invoice.paid", {})).ljust(BODY_BYTES)
    assert (await ask(shop.webhook, fitting, signature(fitting))).status_code == 200
    capsys.readouterr()
    answer = await ask(shop.webhook, [fitting, b" "], signature(fitting + b" "))
    assert (answer.status_code, answer.body) == (413, b"body too large\n")
    assert said_of(logged(capsys), "severity", "outcome", "status") == ("WARNING", "refused", 413)


async def test_a_caller_that_hangs_up_is_no_error(shop: Shop, capsys: Capture) -> None:
    assert (await ask(shop.webhook, [b"{", HANGS_UP])).status_code == 400
    assert said_of(logged(capsys), "severity", "outcome", "status", "cause") == ("INFO", "refused", 400, None)


async def test_when_pubsub_does_not_take_it_stripe_is_asked_to_try_again(shop: Shop, capsys: Capture) -> None:
    shop.topic.down = True
    answer = await shop.tell(event(COMPLETED, session("cs_test_a1"), id="evt_1"))
    assert (answer.status_code, answer.body) == (503, b"not stored, please try again\n")
    line = logged(capsys)
    assert said_of(line, "severity", "outcome", "event", "status") == ("ERROR", "publish_failed", "evt_1", 503)
    assert (line["error"], line["message"]) == (
        PublishFailed.__name__,
        "Pub/Sub did not store the message: it is down; Stripe will try again",
    )


async def test_an_unexpected_error_is_tried_again_and_its_text_is_not_shown(capsys: Capture) -> None:
    class Broken(MemoryTopic):
        async def publish(self, data: bytes, attributes: Mapping[str, str]) -> str:  # noqa: ARG002
            raise RuntimeError("jenny.rosen@example.com")

    shop = Shop()
    shop.webhook = Webhook(shop.webhook.settings, Broken())
    answer = await shop.tell(event(COMPLETED, session("cs_test_a1")))
    assert (answer.status_code, answer.body) == (500, b"internal error\n")
    line = logged(capsys)
    assert said_of(line, "severity", "outcome", "error", "status") == ("ERROR", "failed", "RuntimeError", 500)
    assert line["stack"][-1].startswith("unit/test_webhook.py:")
    assert "jenny" not in json.dumps(line)
