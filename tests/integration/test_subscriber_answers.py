"""Each line of the ack table, over real HTTP, with both emulators behind it."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from google.cloud.firestore import Client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from fulfillment.domain.effects import Effect, EffectState
from fulfillment.domain.event_types import SUBSCRIBERS, EventType
from fulfillment.domain.order import Order
from fulfillment.domain.transitions import Outcome
from fulfillment.effects.runner import EffectExecutor, EffectExecutors
from fulfillment.errors import PermanentError
from fulfillment.orders.firestore_orders import FirestoreOrders
from fulfillment.orders.store import Orders, Stored
from fulfillment.subscriber.endpoint import Subscriber
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.topic.attributes import attributes_of
from fulfillment.topic.message import Message
from local.fakes.memory_orders import MemoryOrders
from local.fakes.memory_topic import MemoryTopic, push_body
from local.fakes.stripe_events import COMPLETED, FAILED, SUCCEEDED, body, event, session
from local.runtime.emulators import Emulators
from local.runtime.processes import free_ports
from local.runtime.pubsub_admin import PubSubAdmin
from support.builders import order_of
from support.samples import Json
from support.serving import Serve, served

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SETTINGS = SubscriberSettings(project="shared", livemode=False)


def message(said: Json, **changes: str | None) -> Message:
    """The event as the webhook publishes it."""
    attributes = attributes_of(said, TRACE) | changes
    return Message(data=body(said), attributes={k: v for k, v in attributes.items() if v is not None}, id="7")


class Pipe:
    """One subscriber of each type, with a dead letter of their own."""

    def __init__(self, serve: Serve, emulated: Emulators) -> None:
        self.dead_letter, self._serve, self._emulated = f"dead-{uuid.uuid4().hex}", serve, emulated
        self.admin = PubSubAdmin(emulated.pubsub, "shared")
        self.admin.create_topic(self.dead_letter)
        self.admin.keep(self.dead_letter)

    def url(self, event_type: str = COMPLETED, **env: str) -> str:
        hosts = self._emulated.env | {"DEAD_LETTER_TOPIC": self.dead_letter}
        return self._serve(SUBSCRIBERS[EventType(event_type)], **hosts | env)

    def push(self, pushed: Message, event_type: str = COMPLETED, **env: str) -> int:
        return httpx.post(self.url(event_type, **env), content=push_body(pushed, 3)).status_code

    def order(self, session_id: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = Client("shared").collection("orders").document(session_id).get().to_dict()
        return found

    def parked(self) -> list[Message]:
        return self.admin.take(self.dead_letter)


@pytest.fixture
def pipe(serve: Serve, emulated: Emulators) -> Pipe:
    return Pipe(serve, emulated)


def new_id() -> str:
    return f"cs_test_{uuid.uuid4().hex}"


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    lines = [json.loads(text) for text in capsys.readouterr().out.splitlines() if "duration_ms" in text]
    return dict(lines[-1])


def test_created_advanced_duplicate_and_stale_are_204(pipe: Pipe, capsys: pytest.CaptureFixture[str]) -> None:
    order_id = new_id()
    unpaid = event(COMPLETED, session(order_id, payment_status="unpaid"))
    paid, late = event(SUCCEEDED, session(order_id)), event(COMPLETED, session(order_id, payment_status="unpaid"))
    outcomes = []
    for said in (unpaid, paid, paid, late):
        assert pipe.push(message(said), said["type"]) == 204
        outcomes.append(line(capsys)["outcome"])
    assert outcomes == ["created", "advanced", "duplicate", "stale"]
    document = pipe.order(order_id)
    assert document is not None
    assert (document["status"], document["source"]) == ("fulfilled", paid["id"])
    assert set(document["events"]) == {unpaid["id"], paid["id"], late["id"]}
    assert {name: effect["state"] for name, effect in document["effects"].items()} == {"fulfill": "done"}
    assert document["lease"] is None
    assert pipe.parked() == []


def test_the_line_follows_the_order_from_the_ack(pipe: Pipe, capsys: pytest.CaptureFixture[str]) -> None:
    said = event(COMPLETED, session(new_id()))
    pipe.push(message(said))
    written = line(capsys)
    assert written["logging.googleapis.com/trace"] == "projects/shared/traces/0af7651916cd43dd8448eb211c80319c"
    assert (written["event"], written["session"]) == (said["id"], said["data"]["object"]["id"])
    assert (written["attempt"], written["message_id"], written["order_status"]) == (3, "7", "fulfilled")
    assert not any(word in json.dumps(written) for word in ("jenny", "Rosen", "Oyster"))


def test_another_subscribers_type_is_204_and_not_stored(pipe: Pipe, capsys: pytest.CaptureFixture[str]) -> None:
    """The emulator does not apply filters: every subscriber sees every event."""
    said = event(FAILED, session(new_id()))
    assert pipe.push(message(said), COMPLETED) == 204
    assert line(capsys)["outcome"] == "not_ours"
    assert pipe.order(said["data"]["object"]["id"]) is None
    assert pipe.parked() == []


@pytest.mark.parametrize(("wanted", "stored"), [("metadata.order_ref=R-1001", True), ("metadata.order_ref=X", False)])
def test_what_the_filter_does_not_match_is_204_and_not_stored(pipe: Pipe, wanted: str, stored: bool) -> None:  # noqa: FBT001
    said = event(COMPLETED, session(new_id()))
    assert pipe.push(message(said), ORDER_FILTER=wanted) == 204
    assert (pipe.order(said["data"]["object"]["id"]) is not None) is stored
    assert pipe.parked() == []


def test_the_other_livemode_is_204_not_stored_and_warned_of(pipe: Pipe, capsys: pytest.CaptureFixture[str]) -> None:
    said = event(COMPLETED, session(new_id()), livemode=True)
    assert pipe.push(message(said)) == 204
    written = line(capsys)
    assert (written["severity"], written["outcome"]) == ("WARNING", "not_ours")
    assert pipe.order(said["data"]["object"]["id"]) is None


def test_a_setup_session_is_204_and_no_order(pipe: Pipe, capsys: pytest.CaptureFixture[str]) -> None:
    said = event(COMPLETED, session(new_id(), mode="setup", payment_status="no_payment_required"))
    assert pipe.push(message(said)) == 204
    assert line(capsys)["outcome"] == "no_order"
    assert pipe.order(said["data"]["object"]["id"]) is None


GOOD = event(COMPLETED, session("cs_test_a1"))
POISON = [
    ("malformed_event: the body is not JSON", replace(message(GOOD), data=b"x")),
    ("malformed_event: the body is not JSON", replace(message(GOOD), data=b"")),
    ("malformed_event: the body is not a JSON object", replace(message(GOOD), data=b"[]")),
    ("malformed_event: the body is not UTF-8", replace(message(GOOD), data=b"\xff")),
    ("malformed_event: the body is nested too deep", replace(message(GOOD), data=b"[" * 100_000)),
    ("malformed_event: data.object.id: not a usable id", message(event(COMPLETED, session("a/b")))),
    ("malformed_event: data.object.id: not a usable id", message(event(COMPLETED, session("..")))),
    ("malformed_event: data.object.id: not a usable id", message(event(COMPLETED, session("__x__")))),
    (
        "malformed_event: data.object.amount_total: an integer",
        message(event(COMPLETED, session("a", amount_total=2**70))),
    ),
    ("malformed_event: data.object.mode: expected a string", message(event(COMPLETED, session("a", mode={})))),
    ("malformed_event: livemode: expected true or false", message(event(COMPLETED, session("a"), livemode="no"))),
    ("malformed_message: no attribute event_type", message(GOOD, event_type=None)),
    (
        "malformed_message: the attribute event_type is not",
        replace(message(event(FAILED, session("a"))), attributes={"event_type": COMPLETED}),
    ),
]


@pytest.mark.parametrize(("reason", "poison"), POISON, ids=range(len(POISON)))
def test_poison_is_parked_whole_with_its_reason_then_204(
    pipe: Pipe, reason: str, poison: Message, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pipe.push(poison) == 204
    (parked,) = pipe.parked()
    assert parked.data == poison.data
    assert parked.attributes.items() >= poison.attributes.items()
    assert parked.attributes["reason"].startswith(reason)
    written = line(capsys)
    assert (written["severity"], written["outcome"]) == ("ERROR", "parked")


@pytest.mark.parametrize("raw", [b"", b"x", b"[]", b"{}", b"\xff", b'{"message": {"data": "!"}}'])
def test_what_is_no_push_is_parked_too(pipe: Pipe, raw: bytes) -> None:
    assert httpx.post(pipe.url(), content=raw).status_code == 204
    (parked,) = pipe.parked()
    assert parked.data == raw
    assert parked.attributes["reason"].startswith("malformed_message: not a Pub/Sub push")


def test_a_document_that_firestore_refuses_is_parked(pipe: Pipe) -> None:
    said = event(COMPLETED, session(new_id(), metadata={"k": "x" * 1_048_000}))
    assert pipe.push(message(said)) == 204
    assert pipe.parked()[0].attributes["reason"].startswith("unstorable_order: ")


def test_a_document_that_was_spoiled_by_hand_is_left_alone_and_the_message_parked(pipe: Pipe) -> None:
    order_id = new_id()
    said = message(event(COMPLETED, session(order_id)))
    pipe.url()
    Client("shared").collection("orders").document(order_id).set({"paid": "yes"})
    assert pipe.push(said) == 204
    assert pipe.parked()[0].attributes["reason"].startswith("corrupt_order: ")
    assert pipe.order(order_id) == {"paid": "yes"}


def test_poison_that_cannot_be_parked_is_not_acknowledged(pipe: Pipe, capsys: pytest.CaptureFixture[str]) -> None:
    assert pipe.push(replace(message(GOOD), data=b"x"), DEAD_LETTER_TOPIC="no-such-topic") == 503
    written = line(capsys)
    assert (written["severity"], written["outcome"]) == ("ERROR", "retry")


def test_a_store_that_does_not_answer_is_503(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("fulfillment.orders.firestore.RPC_SECONDS", 0.3)
    dead = {"FIRESTORE_EMULATOR_HOST": f"127.0.0.1:{free_ports(1)[0]}"}
    assert pipe.push(message(event(COMPLETED, session(new_id()))), **dead) == 503
    written = line(capsys)
    assert (written["severity"], written["outcome"], written["error"]) == ("WARNING", "retry", "StoreUnavailable")
    assert pipe.parked() == []


def test_an_unexpected_error_is_500(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(*_args: object) -> None:
        raise RuntimeError("jenny.rosen@example.com")

    monkeypatch.setattr(FirestoreOrders, "create", fail)
    assert pipe.push(message(event(COMPLETED, session(new_id())))) == 500
    output = capsys.readouterr().out
    assert '"outcome": "failed"' in output
    assert "jenny" not in output


def test_what_is_not_a_post_is_405(pipe: Pipe) -> None:
    assert httpx.get(pipe.url()).status_code == 405


def test_a_push_longer_than_any_is_413(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fulfillment.topic.push_endpoint.BODY_BYTES", 1000)
    assert httpx.post(pipe.url(), content=b"x" * 1001).status_code == 413


def post(subscriber: Subscriber, pushed: Message) -> int:
    """A push to a subscriber that is wired by the test, over real HTTP all the same."""

    async def receive(request: Any) -> Any:
        return await subscriber(request)

    with served(Starlette(routes=[Route("/", receive, methods=["POST"])])) as url:
        return httpx.post(url, content=push_body(pushed)).status_code


async def held(orders: MemoryOrders, order_id: str) -> Order:
    found = await orders.get(order_id)
    assert found is not None
    return found.order


def subscriber(orders: Orders, perform: Callable[[Order, str], Awaitable[None]] | None = None) -> Subscriber:
    """A subscriber whose only effect is `fulfill`, done by `perform`; without one it has none."""
    executors = EffectExecutors({"fulfill": EffectExecutor(1, perform)} if perform else {})
    return Subscriber(EventType.COMPLETED, SETTINGS, orders, MemoryTopic(), executors)


async def test_a_message_is_not_acknowledged_while_something_is_owed() -> None:
    """Stored, but 503; and the redelivery finds the debt in the document, not in its own event."""
    orders, order_id = MemoryOrders(), new_id()
    works: list[bool] = []

    async def perform(order: Order, key: str) -> None:
        assert order.id == order_id
        if not works:
            raise ConnectionError(key)

    pushed = message(event(COMPLETED, session(order_id)))
    assert post(subscriber(orders, perform), pushed) == 503
    owed = (await held(orders, order_id)).effects["fulfill"]
    assert owed.error is not None
    assert owed.error.startswith("ConnectionError at integration/test_subscriber_answers.py:")
    assert owed == Effect(state=EffectState.OWED, key=f"{order_id}:fulfill", attempts=1, error=owed.error)
    works.append(True)
    assert post(subscriber(orders, perform), pushed) == 204
    assert (await held(orders, order_id)).status.value == "fulfilled"


async def test_what_was_refused_is_parked_and_owed_again_when_its_message_is_replayed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    orders, order_id, dead_letter = MemoryOrders(), new_id(), MemoryTopic()
    works: list[bool] = []

    async def perform(_order: Order, _key: str) -> None:
        if not works:
            raise PermanentError("no such product")

    executors = EffectExecutors({"fulfill": EffectExecutor(1, perform)})
    refusing = Subscriber(EventType.COMPLETED, SETTINGS, orders, dead_letter, executors)
    assert post(refusing, message(event(COMPLETED, session(order_id)))) == 204
    written = line(capsys)
    assert (written["severity"], written["outcome"], written["order_status"]) == ("ERROR", "created", "paid")
    (parked,) = dead_letter.stored
    assert parked.attributes["reason"] == "permanent: no such product"
    works.append(True)
    again = {name: text for name, text in parked.attributes.items() if name != "reason"} | {"replay": "true"}
    assert post(refusing, Message(data=parked.data, attributes=again, id="8")) == 204
    assert (await held(orders, order_id)).status.value == "fulfilled"


async def test_what_is_held_is_a_warning_and_owed_again_when_a_person_releases_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    orders, order_id = MemoryOrders(), new_id()
    done: list[str] = []

    async def perform(_order: Order, key: str) -> None:
        done.append(key)

    executors = EffectExecutors({"fulfill": EffectExecutor(1, perform)}, hold_on_review=True)
    holding = Subscriber(EventType.COMPLETED, SETTINGS, orders, MemoryTopic(), executors)
    pushed = message(event(COMPLETED, session(order_id, mode="barter")))
    assert post(holding, pushed) == 204
    assert (line(capsys)["severity"], done) == ("WARNING", [])
    assert post(holding, replace(pushed, attributes={**pushed.attributes, "release": "true"}, id="9")) == 204
    assert done == [f"{order_id}:fulfill"]


async def test_a_debt_that_is_no_longer_configured_is_dropped_and_the_message_acknowledged() -> None:
    orders, order_id = MemoryOrders(), new_id()
    said = event(COMPLETED, session(order_id))
    await orders.create(order_of(said))
    assert post(subscriber(orders), message(said)) == 204
    assert (await held(orders, order_id)).effects == {}


async def test_an_order_that_others_keep_writing_is_503(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Contended(MemoryOrders):
        async def replace(self, order: Order, version: Any) -> Stored | None:  # noqa: ARG002
            return None

    monkeypatch.setattr("fulfillment.orders.store.WRITES", 3)
    orders, order_id = Contended(), new_id()
    assert post(subscriber(orders), message(event(COMPLETED, session(order_id, payment_status="unpaid")))) == 204
    assert post(subscriber(orders), message(event(COMPLETED, session(order_id)))) == 503
    written = line(capsys)
    assert (written["outcome"], written["error"]) == ("retry", "OrderContended")


async def test_an_order_that_is_deleted_meanwhile_is_created_again() -> None:
    class Vanished(MemoryOrders):
        asked = 0

        async def create(self, order: Order) -> Stored | None:
            self.asked += 1
            return None if self.asked == 1 else await super().create(order)

    orders, order_id = Vanished(), new_id()
    assert post(subscriber(orders), message(event(COMPLETED, session(order_id)))) == 204
    assert (await held(orders, order_id)).status.value == "paid"


async def test_a_caller_that_hangs_up_is_no_unexpected_error(capsys: pytest.CaptureFixture[str]) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
    answer = await subscriber(MemoryOrders())(Request(scope, receive))
    assert answer.status_code == 400
    assert line(capsys)["severity"] == "INFO"


async def test_a_cancelled_delivery_is_not_silent(capsys: pytest.CaptureFixture[str]) -> None:
    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
    delivery = asyncio.ensure_future(subscriber(MemoryOrders())(Request(scope, receive)))
    await asyncio.sleep(0.01)
    delivery.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivery
    assert line(capsys)["outcome"] == "cancelled"


def test_the_outcomes_are_the_contracts() -> None:
    assert [outcome.value for outcome in Outcome] == [
        *("created", "advanced", "duplicate", "stale", "not_ours", "no_order", "stranger", "superseded"),
    ]
