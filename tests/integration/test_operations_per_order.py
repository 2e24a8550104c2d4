"""What an order costs, counted between the functions and the emulators: docs/costs.md is reckoned from these."""

import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import astuple, dataclass, field, replace

import httpx
import pytest

from fulfillment.domain.event_types import ON_REFUND, SUBSCRIBERS, entry_point_of
from fulfillment.topic.attributes import attributes_of
from fulfillment.topic.message import Message
from local.fakes.memory_topic import push_body
from local.fakes.stripe_after_sale import AfterSaleWorld
from local.fakes.stripe_events import (
    COMPLETED,
    FAILED,
    SUCCEEDED,
    Json,
    body,
    event,
    line_item,
    new_id,
    session,
    signature,
)
from local.fakes.stripe_stand_in import StripeStandIn
from local.fakes.stripe_stand_in import serve as serve_stripe
from local.runtime.counting import Counts, counting
from local.runtime.emulators import Emulators
from local.runtime.pipe import ORDER_EVENTS
from local.runtime.pubsub_admin import PubSubAdmin
from support import smtp_servers
from support.brief_stripe import BriefStripe
from support.markdown import table_with
from support.serving import Serve
from support.tools import ROOT
from support.waiting import LONG


@dataclass(frozen=True)
class Cost:
    """Of one event or more."""

    webhook_calls: int
    messages: int
    deliveries: int
    reads: int
    writes: int
    rpcs: int
    stripe_reads: int
    announced: int
    mails: int

    def __sub__(self, other: "Cost") -> "Cost":
        return Cost(*(mine - theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(*map(sum, zip(astuple(self), astuple(other), strict=True)))


CARD = Cost(webhook_calls=1, messages=1, deliveries=1, reads=0, writes=6, rpcs=6, stripe_reads=1, announced=2, mails=1)
DUPLICATE = Cost(
    webhook_calls=1, messages=1, deliveries=1, reads=1, writes=0, rpcs=2, stripe_reads=0, announced=0, mails=0
)
UNPAID = Cost(
    webhook_calls=1, messages=1, deliveries=1, reads=0, writes=2, rpcs=2, stripe_reads=0, announced=1, mails=0
)
SUCCEEDS = Cost(
    webhook_calls=1, messages=1, deliveries=1, reads=1, writes=6, rpcs=8, stripe_reads=1, announced=2, mails=1
)
# Of a part of the money. Its effects are `refunded` and `announce_money`. One call is the query that finds the order.
REFUND = Cost(
    webhook_calls=1, messages=1, deliveries=1, reads=0, writes=3, rpcs=4, stripe_reads=0, announced=1, mails=0
)
FAILS = Cost(webhook_calls=1, messages=1, deliveries=1, reads=1, writes=4, rpcs=6, stripe_reads=0, announced=1, mails=1)


@dataclass
class Metered:
    """The webhook and the subscribers, with a meter on every line that leads out of them."""

    webhook: str
    subscribers: dict[str, str]
    admin: PubSubAdmin
    topic: str
    pubsub: Counts
    firestore: Counts
    stripe: StripeStandIn
    post: smtp_servers.Post
    webhook_calls: int = 0
    deliveries: int = 0
    sessions: dict[str, Json] = field(default_factory=dict)

    async def tell(self, said: Json) -> Cost:
        """Stripe's event, from its POST until its message is acknowledged: what it costs."""
        before, of = self._spent(), said["data"]["object"]
        if of["object"] == "checkout.session":
            self.stripe.sessions[of["id"]] = of
            self.stripe.line_items[of["id"]] = [line_item()]
        async with httpx.AsyncClient(timeout=LONG) as client:
            self.webhook_calls += 1
            content = body(said)
            assert (await client.post(self.webhook, content=content, headers=signature(content))).status_code == 200
            self.deliveries += 1
            url = self.subscribers[str(entry_point_of(said["type"]))]
            assert (await client.post(url, content=push_body(self._taken()))).status_code == 204
        return self._spent() - before

    def _taken(self) -> Message:
        """The one message that the webhook has published."""
        while not (taken := self.admin.take(self.topic)):
            pass
        assert len(taken) == 1
        return taken[0]

    def _spent(self) -> Cost:
        return Cost(
            webhook_calls=self.webhook_calls,
            messages=self.pubsub.messages[self.topic],
            deliveries=self.deliveries,
            reads=self.firestore.reads,
            writes=self.firestore.writes,
            rpcs=sum(self.firestore.calls.values()),
            stripe_reads=len(self.stripe.reads),
            announced=self.pubsub.messages[ORDER_EVENTS],
            mails=len(self.post.envelopes),
        )


@pytest.fixture
async def metered(serve: Serve, emulated: Emulators) -> AsyncIterator[Metered]:
    """Everything configured."""
    admin, topic = PubSubAdmin(emulated.pubsub, "shared"), f"t{uuid.uuid4().hex}"
    admin.create_topic(topic)
    admin.keep(topic)
    admin.create_topic(ORDER_EVENTS)
    stripe, post = BriefStripe(), smtp_servers.Post()
    async with contextlib.AsyncExitStack() as stack:
        pubsub, published = stack.enter_context(counting(emulated.pubsub))
        firestore, stored = stack.enter_context(counting(emulated.firestore))
        smtp = await stack.enter_async_context(smtp_servers.serving(post))
        hosts = {"PUBSUB_EMULATOR_HOST": pubsub, "FIRESTORE_EMULATOR_HOST": firestore}
        effects = {
            "ORDER_EVENTS_TOPIC": ORDER_EVENTS,
            "STRIPE_API_KEY": "rk_test_0123456789",
            "STRIPE_API_BASE": await stack.enter_async_context(serve_stripe(stripe)),
            "SMTP_URL": f"smtp+insecure://127.0.0.1:{smtp}",
            "EMAIL_FROM": "shop@example.com",
            "SHOP_URL": "https://shop.example",
        }
        subscribers = {name: serve(name, **hosts, **effects) for name in (*SUBSCRIBERS.values(), ON_REFUND)}
        webhook = serve("stripe_webhook", **hosts, EVENTS_TOPIC=topic)
        yield Metered(webhook, subscribers, admin, topic, published, stored, stripe, post)


def unpaid(session_id: str) -> Json:
    return event(COMPLETED, session(session_id, payment_status="unpaid"))


async def test_a_card_order_and_a_duplicate_of_its_event(metered: Metered) -> None:
    said = event(COMPLETED, session(new_id("cs_test")))
    assert await metered.tell(said) == CARD
    assert await metered.tell(said) == DUPLICATE


async def test_a_delayed_payment_that_comes(metered: Metered) -> None:
    session_id = new_id("cs_test")
    assert await metered.tell(unpaid(session_id)) == UNPAID
    assert await metered.tell(event(SUCCEEDED, session(session_id))) == SUCCEEDS


async def test_a_delayed_payment_that_fails(metered: Metered) -> None:
    session_id = new_id("cs_test")
    assert await metered.tell(unpaid(session_id)) == UNPAID
    assert await metered.tell(event(FAILED, session(session_id, payment_status="unpaid"))) == FAILS


async def test_a_refund_of_a_known_order_is_a_query_and_a_write_for_it_and_for_each_effect(metered: Metered) -> None:
    sold = session(new_id("cs_test"), payment_intent=new_id("pi"))
    await metered.tell(event(COMPLETED, sold))
    world = AfterSaleWorld(stripe=metered.stripe)
    world.pay(sold)
    (told,) = world.refund(sold["payment_intent"], 500)
    assert await metered.tell(told.snapshot) == REFUND
    assert await metered.tell(told.snapshot) == replace(REFUND, writes=0, rpcs=1, announced=0)


@pytest.mark.parametrize(
    ("column", "counted"),
    [
        ("a card payment", CARD),
        ("a duplicate of its event", DUPLICATE),
        ("a delayed payment that comes", UNPAID + SUCCEEDS),
        ("one that fails", UNPAID + FAILS),
    ],
)
def test_the_document_states_the_counted_operations(column: str, counted: Cost) -> None:
    assert counted.webhook_calls == counted.messages == counted.deliveries
    assert {row["for"]: int(row[column]) for row in table_with(ROOT / "docs" / "costs.md", "for")} == {
        "events = webhook calls = messages": counted.messages,
        "Firestore writes": counted.writes,
        "Firestore reads": counted.reads,
        "Stripe reads": counted.stripe_reads,
        "order events": counted.announced,
        "mails": counted.mails,
    }


async def test_calls_for_the_state_alone(serve: Serve, emulated: Emulators) -> None:
    """Nothing is owed for an order that waits for its payment: what is left is the state."""
    with counting(emulated.firestore) as (firestore, counts):
        url = serve("on_checkout_session_completed", **emulated.env | {"FIRESTORE_EMULATOR_HOST": firestore})
        said = unpaid(new_id("cs_test"))
        spent = []
        for each in (said, said, event(COMPLETED, said["data"]["object"])):
            async with httpx.AsyncClient() as client:
                assert (await client.post(url, content=_push(each))).status_code == 204
            spent.append((counts.calls["Commit"], counts.calls["BatchGetDocuments"]))
            counts.calls.clear()
    assert spent == [(1, 0), (1, 1), (2, 1)]


async def test_the_bytes_of_a_message_are_the_body_and_its_attributes(metered: Metered) -> None:
    said = event(COMPLETED, session(new_id("cs_test")))
    await metered.tell(said)
    attributes = metered.pubsub.sizes[metered.topic] - len(body(said))
    assert 0 < attributes < 650


def _push(said: Json) -> bytes:
    return push_body(Message(data=body(said), attributes=attributes_of(said, ""), id="1"))
