"""A subscriber without a network: each line of the ack table, what is parked, and the line that it logs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from fulfillment.domain.effects import EffectState
from fulfillment.domain.event_types import EventType
from fulfillment.domain.order import Order
from fulfillment.domain.order_filter import OrderFilter
from fulfillment.effects.runner import EffectExecutor, EffectExecutors
from fulfillment.errors import PermanentError
from fulfillment.subscriber.endpoint import Subscriber
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.topic.attributes import attributes_of
from fulfillment.topic.message import Message
from fulfillment.topic.push_endpoint import BODY_BYTES
from local.fakes.memory_orders import MemoryOrders
from local.fakes.memory_topic import MemoryTopic, push_body
from local.fakes.stripe_events import COMPLETED, FAILED, SUCCEEDED, Json, body, event, session
from support.handlers import HANGS_UP, ask, logged

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
Capture = pytest.CaptureFixture[str]


def told(said: Json, **changes: str | None) -> Message:
    """The event as the webhook publishes it, and what is changed about its attributes."""
    attributes = attributes_of(said, TRACE) | changes
    return Message(data=body(said), attributes={k: v for k, v in attributes.items() if v is not None}, id="7")


@dataclass
class Shop:
    """A subscriber of completed checkouts in test mode, that fulfills."""

    more: Mapping[str, Any] = field(default_factory=dict)
    event_type: EventType = EventType.COMPLETED
    orders: MemoryOrders = field(default_factory=MemoryOrders)
    dead_letter: MemoryTopic = field(default_factory=MemoryTopic)
    fulfilled: list[str] = field(default_factory=list)
    refusal: Exception | None = None

    def subscriber(self) -> Subscriber:
        settings = SubscriberSettings(project="acme", livemode=False, **self.more)
        executors = EffectExecutors({"fulfill": EffectExecutor(5, self._fulfill)})
        return Subscriber(self.event_type, settings, self.orders, self.dead_letter, executors)

    async def _fulfill(self, order: Order, _key: str) -> None:
        if self.refusal:
            raise self.refusal
        self.fulfilled.append(order.id)

    async def push(self, message: Message, attempt: int | None = 3) -> int:
        return (await ask(self.subscriber(), push_body(message, attempt))).status_code


async def test_an_event_becomes_an_order_and_a_line(capsys: Capture) -> None:
    shop, said = Shop(), event(COMPLETED, session("cs_test_a1"), id="evt_1")
    assert await shop.push(told(said)) == 204
    stored = await shop.orders.get("cs_test_a1")
    assert stored is not None
    assert (stored.order.status.value, shop.fulfilled, shop.dead_letter.stored) == ("fulfilled", ["cs_test_a1"], [])
    line = logged(capsys)
    assert line.pop("duration_ms") >= 0
    assert line == {
        "severity": "INFO",
        "message": "order fulfilled",
        "entry_point": "on_checkout_session_completed",
        "message_id": "7",
        "attempt": 3,
        "event": "evt_1",
        "event_type": COMPLETED,
        "session": "cs_test_a1",
        "effects": {"fulfill": "done"},
        "brought": "created",
        "outcome": "created",
        "order_status": "fulfilled",
        "status": 204,
        "logging.googleapis.com/trace": "projects/acme/traces/0af7651916cd43dd8448eb211c80319c",
        "logging.googleapis.com/spanId": "b7ad6b7169203331",
        "logging.googleapis.com/trace_sampled": True,
    }


@pytest.mark.parametrize("event_type", EventType)
async def test_the_line_names_the_entry_point(event_type: EventType, capsys: Capture) -> None:
    assert await Shop(event_type=event_type).push(told(event(event_type.value, session("cs_test_a1")))) == 204
    assert event_type.value.rpartition(".")[2] in logged(capsys)["entry_point"].removeprefix("on_checkout_session_")


async def test_an_order_under_review_says_so_in_the_line(capsys: Capture) -> None:
    await Shop().push(told(event(COMPLETED, session("cs_test_a1", mode="barter"))))
    assert logged(capsys)["review"] == ["unknown_mode"]


@pytest.mark.parametrize(("emulator", "severity"), [(None, "WARNING"), ("127.0.0.1:1", "DEBUG")])
async def test_another_subscribers_type_is_acknowledged_unread(
    emulator: str | None, severity: str, capsys: Capture
) -> None:
    shop = Shop({"pubsub_emulator": emulator})
    assert await shop.push(told(event(FAILED, session("cs_test_a1")))) == 204
    assert await shop.orders.get("cs_test_a1") is None
    line = logged(capsys)
    assert (line["severity"], line["outcome"]) == (severity, "not_ours")


ACME = {"order_filter": OrderFilter.parse("metadata.shop=acme")}
STRANGERS = [
    ({}, event(COMPLETED, session("cs_test_a1"), livemode=True), ("WARNING", "not_ours", "livemode")),
    (ACME, event(COMPLETED, session("cs_test_a1")), ("INFO", "not_ours", "ORDER_FILTER")),
    ({}, event(COMPLETED, session("cs_test_a1", mode="setup")), ("INFO", "no_order", "setup")),
]


@pytest.mark.parametrize(("more", "said", "written"), STRANGERS, ids=range(len(STRANGERS)))
async def test_what_is_no_order_of_ours_is_acknowledged_and_not_stored(
    more: Json, said: Json, written: tuple[str, str, str], capsys: Capture
) -> None:
    shop = Shop(more)
    assert await shop.push(told(said)) == 204
    assert (await shop.orders.get("cs_test_a1"), shop.dead_letter.stored) == (None, [])
    line = logged(capsys)
    assert (line["severity"], line["outcome"]) == written[:2]
    assert written[2] in line["message"]
    assert line["session"] == "cs_test_a1"


async def test_an_order_that_the_filter_matches_is_ours() -> None:
    shop = Shop(ACME)
    await shop.push(told(event(COMPLETED, session("cs_test_a1", metadata={"shop": "acme"}))))
    assert await shop.orders.get("cs_test_a1") is not None


GOOD = event(COMPLETED, session("cs_test_a1"), id="evt_1")
POISON = [
    (told(GOOD, event_type=None), "malformed_message"),
    (told(event(SUCCEEDED, session("cs_test_a1")), event_type=COMPLETED), "malformed_message"),
    (told(event(COMPLETED, session("a/b"))), "malformed_event"),
    (Message(data=b"not json", attributes={"event_type": COMPLETED}, id="7"), "malformed_event"),
]


@pytest.mark.parametrize(("message", "code"), POISON, ids=range(len(POISON)))
async def test_poison_is_parked_whole_with_its_reason(message: Message, code: str, capsys: Capture) -> None:
    shop = Shop()
    assert await shop.push(message) == 204
    (parked,) = shop.dead_letter.stored
    assert parked.data == message.data
    reason = parked.attributes["reason"]
    assert reason.startswith(f"{code}: ")
    assert parked.attributes == {**message.attributes, "reason": reason}
    line = logged(capsys)
    assert (line["severity"], line["outcome"], line["reason"], line["status"]) == ("ERROR", "parked", code, 204)
    assert line["message"] == f"parked: {reason}"
    assert line.get("event") == message.attributes.get("event_id")
    assert line.get("session") == message.attributes.get("session_id")
    assert line["error"].startswith("Malformed")


async def test_a_message_that_was_sent_by_hand_is_logged_by_what_it_holds(capsys: Capture) -> None:
    await Shop().push(told(GOOD, event_id=None, session_id=None))
    line = logged(capsys)
    assert (line["event"], line["session"]) == ("evt_1", "cs_test_a1")


async def test_a_wish_and_what_pubsub_keeps_for_itself_are_not_parked() -> None:
    shop = Shop()
    message = told(GOOD, event_type=COMPLETED, replay="true", release="true", googclient_x="y", good="kept")
    await shop.push(Message(data=b"x", attributes=message.attributes, id="7"))
    (parked,) = shop.dead_letter.stored
    assert parked.attributes.keys() == (message.attributes.keys() | {"reason"}) - {"replay", "release", "googclient_x"}


async def test_a_reason_is_as_long_as_an_attribute_may_be() -> None:
    shop = Shop()
    shop.refusal = PermanentError("😀" * 600)
    await shop.push(told(GOOD))
    (parked,) = shop.dead_letter.stored
    reason = parked.attributes["reason"]
    assert reason.startswith("permanent: 😀😀")
    assert 1020 < len(reason.encode()) <= 1024


async def test_what_is_no_push_is_parked_as_it_came() -> None:
    shop = Shop()
    assert (await ask(shop.subscriber(), b"not a push")).status_code == 204
    (parked,) = shop.dead_letter.stored
    assert parked.data == b"not a push"
    assert parked.attributes.keys() == {"reason"}


async def test_poison_that_cannot_be_parked_comes_again(capsys: Capture) -> None:
    shop = Shop()
    shop.dead_letter.down = True
    assert await shop.push(POISON[0][0]) == 503
    line = logged(capsys)
    assert (line["severity"], line["outcome"], line["status"]) == ("ERROR", "retry", 503)
    assert line["message"].startswith("not parked, Pub/Sub did not store the message")


async def test_what_is_still_owed_brings_the_message_again(capsys: Capture) -> None:
    shop = Shop(refusal=RuntimeError("jenny.rosen@example.com"))
    assert await shop.push(told(GOOD)) == 503
    line = logged(capsys)
    assert (line["severity"], line["outcome"], line["brought"]) == ("WARNING", "retry", "created")
    assert line["message"] == "still owed: fulfill; Pub/Sub will redeliver the message"
    assert (line["error"], line["status"]) == ("EffectsOutstanding", 503)
    assert line["effects"]["fulfill"].startswith("to be tried again: RuntimeError at ")
    assert "jenny" not in json.dumps(line)
    shop.refusal = None
    assert await shop.push(told(GOOD)) == 204
    assert logged(capsys)["outcome"] == "duplicate"


async def test_what_is_refused_for_good_is_an_error_and_parked_with_its_message(capsys: Capture) -> None:
    shop = Shop(refusal=PermanentError("no such product"))
    assert await shop.push(told(GOOD)) == 204
    line = logged(capsys)
    assert (line["severity"], line["outcome"]) == ("ERROR", "created")
    assert line["message"] == "order paid, an effect was refused for good: its message is parked"
    (parked,) = shop.dead_letter.stored
    assert (parked.data, parked.attributes["reason"]) == (body(GOOD), "permanent: no such product")
    assert await shop.push(told(GOOD)) == 204
    assert logged(capsys)["severity"] == "INFO"  # it was an error once


async def test_what_was_refused_is_tried_again_when_a_person_sends_its_message_again() -> None:
    shop = Shop(refusal=PermanentError("no such product"))
    await shop.push(told(GOOD))
    shop.refusal = None
    assert await shop.push(told(GOOD)) == 204
    assert shop.fulfilled == []
    assert await shop.push(told(GOOD, replay="true")) == 204
    assert shop.fulfilled == ["cs_test_a1"]


async def test_what_is_held_is_a_warning(capsys: Capture) -> None:
    shop = Shop()
    executors = EffectExecutors({"fulfill": EffectExecutor(5, shop._fulfill)}, hold_on_review=True)
    settings = SubscriberSettings(project="acme", livemode=False)
    held = Subscriber(EventType.COMPLETED, settings, shop.orders, shop.dead_letter, executors)
    said = told(event(COMPLETED, session("cs_test_a1", mode="barter")))
    assert (await ask(held, push_body(said))).status_code == 204
    stored = await shop.orders.get("cs_test_a1")
    assert stored is not None
    assert stored.order.effects["fulfill"].state is EffectState.HELD
    line = logged(capsys)
    assert (line["severity"], line["message"], shop.fulfilled) == ("WARNING", "order paid", [])


async def test_what_is_not_a_post_is_405_and_too_long_413(capsys: Capture) -> None:
    assert (await ask(Shop().subscriber(), b"", method="GET")).status_code == 405
    line = logged(capsys)
    assert (line["severity"], line["outcome"], line["status"]) == ("INFO", "refused", 405)
    assert BODY_BYTES == 15_728_640
    assert (await ask(Shop().subscriber(), b"", {"Content-Length": str(BODY_BYTES + 1)})).status_code == 413
    line = logged(capsys)
    assert (line["severity"], line["outcome"], line["status"]) == ("ERROR", "refused", 413)


async def test_a_caller_that_hangs_up_is_no_error(capsys: Capture) -> None:
    assert (await ask(Shop().subscriber(), [b"{", HANGS_UP])).status_code == 400
    line = logged(capsys)
    assert (line["severity"], line["outcome"], line["status"]) == ("INFO", "refused", 400)


async def test_an_unexpected_error_is_500_and_its_text_is_not_shown(capsys: Capture) -> None:
    class Broken(MemoryOrders):
        async def create(self, order: Order) -> None:
            raise RuntimeError(order.id)

    assert await Shop(orders=Broken()).push(told(event(COMPLETED, session("cs_test_secret")), session_id=None)) == 500
    line = logged(capsys)
    assert (line["severity"], line["outcome"], line["error"]) == ("ERROR", "failed", "RuntimeError")
    assert line["message"] == "failed unexpectedly; Pub/Sub will redeliver the message"
    assert line["stack"][-1].startswith("unit/test_subscriber.py:")
