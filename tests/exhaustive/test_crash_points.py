"""Death between any two steps of the webhook and of the subscribers, and what comes back: the real handlers, from the
signed request to the acknowledgement, on a topic and a store in memory.

Every call to the outside (publish, create, get, replace, perform, park) has two moments: right before it, and right
after it, when it is done and its caller is dead; and the answer may be lost. Stripe and Pub/Sub send again after each
death. Not samples: every moment, and every pair of moments. What two deliveries at once may do is in
test_effects_search.py.
"""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.requests import Request

from fulfillment.domain.access import BEFORE
from fulfillment.domain.after_sale import KINDS
from fulfillment.domain.effects import AFTER_SALE_KINDS, OWED_ON_ENTERING
from fulfillment.domain.event_types import AFTER_SALE, EventType
from fulfillment.domain.order import Order
from fulfillment.effects.runner import EffectExecutor, EffectExecutors
from fulfillment.errors import PermanentError
from fulfillment.orders.documents import to_document
from fulfillment.orders.firestore import Condition
from fulfillment.orders.store import Found, Stored
from fulfillment.subscriber.after_sale import AfterSaleSubscriber
from fulfillment.subscriber.endpoint import Subscriber
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.topic.message import Message
from fulfillment.webhook.endpoint import Webhook
from fulfillment.webhook.settings import WebhookSettings
from local.fakes.memory_orders import MemoryOrders
from local.fakes.memory_topic import push_body
from local.fakes.stripe_after_sale_objects import charge, dispute, payment_intent, refund
from local.fakes.stripe_events import COMPLETED, FAILED, SECRET, SUCCEEDED, event, session, signature
from local.fakes.stripe_events import body as body_of
from support.mortal import Died, Life
from support.samples import Json

ORDER = "cs_test_a1"
EFFECTS = [*(name for names in OWED_ON_ENTERING.values() for name in names), *sorted(AFTER_SALE_KINDS)]


class MortalOrders(MemoryOrders):
    def __init__(self, life: Life, clock: Callable[[], datetime]) -> None:
        super().__init__(clock)
        self._life = life

    async def create(self, order: Order) -> Stored | None:
        stored: Stored | None = await self._life.around("create", super().create(order))
        return stored

    async def get(self, order_id: str) -> Stored | None:
        stored: Stored | None = await self._life.around("get", super().get(order_id))
        return stored

    async def find(self, conditions: Sequence[Condition], after: str | None, limit: int) -> Found:
        found: Found = await self._life.around("find", super().find(conditions, after, limit))
        return found

    async def get_all(self, order_ids: Sequence[str]) -> Found:
        """Part of `find`: no call of its own."""
        read = [await MemoryOrders.get(self, order_id) for order_id in order_ids]
        return Found(orders=tuple(each for each in read if each))

    async def replace(self, order: Order, version: Any) -> Stored | None:
        stored: Stored | None = await self._life.around("replace", super().replace(order, version))
        return stored


class MortalTopic:
    def __init__(self, life: Life, name: str) -> None:
        self._life, self._name = life, name
        self.stored: list[Message] = []

    async def publish(self, data: bytes, attributes: Mapping[str, str]) -> str:
        name: str = await self._life.around(self._name, self.store(data, attributes))
        return name

    async def store(self, data: bytes, attributes: Mapping[str, str]) -> str:
        message = Message(data=data, attributes=dict(attributes), id=f"m{len(self.stored)}")
        self.stored.append(message)
        return str(message.id)


Handler = Subscriber | AfterSaleSubscriber


@dataclass(frozen=True)
class Story:
    """What happens: events, one after the other; what is refused for good; and what a person asks for in the end."""

    said: Sequence[Json]
    refused: str | None = None
    hold: bool = False
    wish: str | None = None


@dataclass
class World:
    story: Story
    life: Life
    performed: Counter[str] = field(default_factory=Counter)
    now: datetime = datetime(2026, 11, 23, tzinfo=UTC)
    mended: bool = False

    def __post_init__(self) -> None:
        self.orders = MortalOrders(self.life, lambda: self.now)
        self.topic, self.dead_letter = MortalTopic(self.life, "publish"), MortalTopic(self.life, "park")
        by_kind = {name: EffectExecutor(30, self._performing(name)) for name in EFFECTS}
        self.executors = EffectExecutors(by_kind, hold_on_review=self.story.hold)
        webhook = WebhookSettings(project="local", livemode=False, webhook_secrets=lambda: (SECRET,))
        self.webhook = Webhook(webhook, self.topic)
        settings = SubscriberSettings(project="local", livemode=False)
        self.subscribers: dict[str, Handler] = {
            each.value: Subscriber(each, settings, self.orders, self.dead_letter, self.executors) for each in EventType
        }
        for entry_point, event_types in AFTER_SALE.items():
            after = AfterSaleSubscriber(entry_point, settings, self.orders, self.dead_letter, self.executors)
            self.subscribers |= dict.fromkeys(event_types, after)

    def _performing(self, name: str) -> Callable[[Order, str], Awaitable[None]]:
        async def do(key: str) -> None:
            if name == self.story.refused and not self.mended:
                raise PermanentError("not for sale")
            self.performed[key] += 1

        async def perform(order: Order, key: str) -> None:
            await self.life.around(f"perform {name}", do(numberless(key, order)))

        return perform

    async def play(self) -> None:
        for said in self.story.said:
            await self.send(said)
            await self.drain()
        if self.story.wish:
            self.mended = True
            asked = self.topic.stored[-1]
            await self.topic.store(asked.data, {**asked.attributes, self.story.wish: "true"})
            await self.drain()

    async def send(self, said: Json) -> None:
        payload = body_of(said)
        while await self.answered(self.webhook, payload, signature(payload)) != 200:
            pass

    async def drain(self) -> None:
        """Pub/Sub, later and later, until every message is acknowledged."""
        waiting, self.topic.stored[:] = list(self.topic.stored), self.topic.stored[-1:]
        while waiting:
            message = waiting.pop(0)
            handler = self.subscribers[message.attributes["event_type"]]
            if await self.answered(handler, push_body(message), {}) != 204:
                waiting.append(message)
                self.now += timedelta(seconds=self.executors.lease + 1)

    async def answered(self, handler: Webhook | Handler, body: bytes, headers: Mapping[str, str]) -> int:
        """The answer as the caller hears it; 0 if it hears none."""
        try:
            status = (await handler(request(body, headers))).status_code
            self.life.moment("before the answer is heard")
        except Died:
            return 0
        return status

    def reasons(self) -> set[str]:
        return {letter.attributes["reason"] for letter in self.dead_letter.stored}


def numberless(key: str, order: Order) -> str:
    """A key with the access level in place of its number, which is a time."""
    head, access, number = key.rpartition(":access:")
    return f"{head}{access}{(order.access or BEFORE).level}" if access and number else key


def request(body: bytes, headers: Mapping[str, str]) -> Request:
    async def receive() -> Json:
        return {"type": "http.request", "body": body, "more_body": False}

    raw = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": raw, "query_string": b""}, receive)


def live(story: Story, deaths: Collection[int]) -> World:
    world = World(story, Life(deaths))
    asyncio.run(world.play())
    return world


def document(world: World) -> Json | None:
    """The order as it is in the end, but for times, tries and who asked."""
    kept = asyncio.run(MemoryOrders.get(world.orders, ORDER))
    if kept is None:
        return None
    plain = to_document(kept.order)
    for name in ("created_at", "updated_at", "fulfilled_at", "granted"):
        del plain[name]
    plain["events"] = {name: {**seen, "received_at": None} for name, seen in plain["events"].items()}
    plain["effects"] = {
        name: (each["state"], numberless(each["key"], kept.order)) for name, each in plain["effects"].items()
    }
    if kept.order.access:
        assert kept.order.access.told == kept.order.access.number, "the world knows another level"
        plain["access"] = kept.order.access.level
    for name in KINDS:
        plain[name] = {
            id_: each | {"claims": {status: claim["event"] for status, claim in each["claims"].items()}}
            for id_, each in plain[name].items()
        }
    return plain


def check(calm: World, deaths: Collection[int]) -> None:
    world = live(calm.story, deaths)
    where = [world.life.steps[moment] for moment in deaths]
    assert document(world) == document(calm), where
    assert world.reasons() == calm.reasons(), where
    assert set(world.performed) == set(calm.performed), where
    assert all(calm.performed[key] <= times for key, times in world.performed.items()), where
    again = world.performed.total() - calm.performed.total()
    # Done and not struck off: a death there, and no other, makes it happen twice.
    blamed = [step for step in where if step.startswith(("after perform", "before replace"))]
    assert again <= len(blamed), where


PAID = event(COMPLETED, session(ORDER), id="evt_a")
TWIN = event(COMPLETED, session(ORDER), id="evt_b")
UNPAID = event(COMPLETED, session(ORDER, payment_status="unpaid"), id="evt_c")
FAILURE = event(FAILED, session(ORDER, payment_status="unpaid"), id="evt_d")
SUCCESS = event(SUCCEEDED, session(ORDER), id="evt_e")
POISON = event(COMPLETED, session(ORDER, amount_total="35.00"), id="evt_f")
SETUP = event(COMPLETED, session(ORDER, mode="setup"), id="evt_g")
DOUBTFUL = event(COMPLETED, session(ORDER, mode="a mode of tomorrow"), id="evt_h")

OF_PAYMENT = charge(payment_intent("pi_3SynthCard", 3500), id="ch_1")
LATER = int(time.time()) + 60  # than the first event: of two in one second only Stripe knows the newest status
REFUNDED = refund(OF_PAYMENT, 3500, id="re_1")
IN_PART = refund(OF_PAYMENT, 500, id="re_2")
DISPUTED = dispute(OF_PAYMENT, id="du_1")
REFUND = event("refund.created", REFUNDED, id="evt_i")
PART = event("refund.created", IN_PART, id="evt_j")
REFUND_FAILS = event("refund.failed", REFUNDED | {"status": "failed"}, id="evt_k", created=LATER)
DISPUTE = event("charge.dispute.created", DISPUTED, id="evt_l")
LOST = event("charge.dispute.closed", DISPUTED | {"status": "lost"}, id="evt_m", created=LATER)
WON = event("charge.dispute.closed", DISPUTED | {"status": "won"}, id="evt_n", created=LATER + 1)

STORIES = {
    "a card pays": Story([PAID]),
    "twins": Story([PAID, TWIN]),
    "a delayed payment comes": Story([UNPAID, SUCCESS]),
    "a delayed payment fails": Story([UNPAID, FAILURE]),
    "a failure is overtaken": Story([FAILURE, SUCCESS]),
    "a latecomer": Story([SUCCESS, UNPAID]),
    "poison is parked": Story([POISON]),
    "nothing was sold": Story([SETUP]),
    "the hook refuses for good": Story([PAID], refused="fulfill"),
    "a mail is refused for good": Story([PAID], refused="send_receipt"),
    "a refund": Story([PAID, REFUND]),
    "a refund in part": Story([PAID, PART]),
    "a refund that fails": Story([PAID, REFUND, REFUND_FAILS]),
    "a dispute is lost": Story([PAID, DISPUTE, LOST]),
    "a dispute is lost, and then won": Story([PAID, DISPUTE, LOST, WON]),
    "the money leaves before the goods, and comes back": Story([UNPAID, REFUND, SUCCESS, REFUND_FAILS]),
    "the hook refuses the new level": Story([PAID, REFUND], refused="access_changed", wish="replay"),
    "what was refused is replayed": Story([PAID], refused="fulfill", wish="replay"),
    "what was held is released": Story([DOUBTFUL], hold=True, wish="release"),
}


@pytest.mark.parametrize("name", STORIES)
def test_death_at_any_moment_and_a_retry_end_as_a_run_without_death(name: str) -> None:
    calm = live(STORIES[name], ())
    assert calm.performed.total() == len(calm.performed)
    for moment in range(len(calm.life.steps)):
        check(calm, (moment,))


@pytest.mark.parametrize("name", ["a card pays", "a refund", "the hook refuses for good"])
def test_the_retry_may_die_too(name: str) -> None:
    calm = live(STORIES[name], ())
    for first in range(len(calm.life.steps)):
        steps = len(live(STORIES[name], (first,)).life.steps)
        for second in range(first + 1, steps):
            check(calm, (first, second))


def test_every_step_of_the_way_is_a_place_to_die_at() -> None:
    steps = set(itertools.chain.from_iterable(live(story, ()).life.steps for story in STORIES.values()))
    outside = ("publish", "create", "get", "find", "replace", "park", *(f"perform {name}" for name in EFFECTS))
    assert steps == {f"{when} {call}" for when in ("before", "after") for call in outside} | {
        "before the answer is heard"
    }
