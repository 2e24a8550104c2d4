"""Events of connected accounts and of organizations: every later read of Stripe is in the context of the event."""

import contextlib
import functools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from fulfillment import stripe_api
from fulfillment.domain.cursor import Cursor, Stage
from fulfillment.domain.effects import keep_configured
from fulfillment.domain.event_types import EventType
from fulfillment.domain.ids import ContextPath
from fulfillment.domain.order import Order
from fulfillment.domain.ownership import Ownership
from fulfillment.order_status import lookup
from fulfillment.order_status.publisher import ClaimPublisher
from fulfillment.order_status.rate_limiter import RateLimiter
from fulfillment.order_status.session_cache import SessionCache
from fulfillment.order_status.settings import OrderStatusSettings
from fulfillment.reconcile.reconciler import Reconciler
from fulfillment.reconcile.settings import ReconcileSettings
from fulfillment.stripe_api import StripeApi
from fulfillment.subscriber.endpoint import Subscriber
from fulfillment.subscriber.executors import configured
from fulfillment.subscriber.executors import stripe_api as client_of
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.telemetry import Line, Trace
from fulfillment.topic.attributes import attributes_of
from fulfillment.topic.finder import Finder
from fulfillment.topic.message import Message
from local.fakes.memory_orders import MemoryOrders
from local.fakes.memory_topic import ORIGIN, MemoryTopic, push_body
from local.fakes.stripe_events import COMPLETED, Json, body, event, line_item, session
from local.fakes.stripe_stand_in import StripeStandIn, serve
from support.builders import order_of
from support.handlers import ask

SESSION, MEMBER = "cs_test_a1", "acct_1Member"
KEY = "rk_test_0123456789abcdef"
TOLD: list[dict[str, str]] = [
    {"context": MEMBER},
    {"context": f"org_1/{MEMBER}"},
    {"context": f"org_1/acct_1Platform/{MEMBER}", "account": MEMBER},
    {"account": MEMBER},
]


@dataclass
class World:
    """A subscriber that reads its line items from a Stripe on which a member's account has sold something."""

    stripe: StripeStandIn
    base: str
    key: str = KEY
    orders: MemoryOrders = field(default_factory=MemoryOrders)
    dead_letter: MemoryTopic = field(default_factory=MemoryTopic)
    bought: list[list[str | None]] = field(default_factory=list)

    def sell(self, **changes: Any) -> None:
        """The member's account has sold something."""
        self.stripe.sessions[SESSION] = session(SESSION, **changes)
        self.stripe.line_items[SESSION] = [line_item(description="Mug")]
        self.stripe.accounts[SESSION] = MEMBER

    @functools.cached_property
    def subscriber(self) -> Subscriber:
        settings = SubscriberSettings(project="acme", livemode=False, stripe_key=lambda: self.key, api_base=self.base)
        hooks = SimpleNamespace(fulfill=self._fulfill)
        stripe = client_of(settings)
        executors = configured(settings, hooks, stripe)
        return Subscriber(EventType.COMPLETED, settings, self.orders, self.dead_letter, executors, stripe)

    def _fulfill(self, order: Order, key: str) -> None:
        del key
        self.bought.append([item.description for item in order.line_items or ()])

    async def push(self, said: Json, **request: str) -> int:
        message = Message(data=body(said), attributes=attributes_of(said, "") | request, id=f"m{len(request)}")
        return (await ask(self.subscriber, push_body(message))).status_code

    async def order(self) -> Order:
        stored = await self.orders.get(SESSION)
        assert stored
        return stored.order


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A test that makes a client of Stripe's here need not close it."""
    stand_in = StripeStandIn()
    async with serve(stand_in) as base, contextlib.AsyncExitStack() as stack:

        def made(*given: Any, **more: Any) -> StripeApi:
            api = StripeApi(*given, **more)
            stack.push_async_callback(api.close)
            return api

        monkeypatch.setattr(stripe_api, "StripeApi", made)
        yield World(stand_in, base)


def paid(**told: str) -> Json:
    return event(COMPLETED, session(SESSION), **told)


def headers(world: World) -> set[tuple[str | None, str | None]]:
    return {(read.headers.get("stripe-context"), read.headers.get("stripe-account")) for read in world.stripe.reads}


@pytest.mark.parametrize(
    ("told", "key"), [*((told, KEY) for told in TOLD), *((told, "rk_org_0123456789abcdef") for told in TOLD[:3])]
)
async def test_what_was_bought_is_read_in_the_context_of_the_event(
    world: World, told: dict[str, str], key: str
) -> None:
    world.sell()
    world.key = key

    assert await world.push(paid(**told)) == 204

    order = await world.order()
    assert (order.account, order.context, order.status.value) == (MEMBER, told.get("context"), "fulfilled")
    assert world.bought == [["Mug"]]
    assert headers(world) == ({(told["context"], None)} if "context" in told else {(None, MEMBER)})
    assert world.dead_letter.stored == []


@pytest.mark.parametrize("status", [403, 404])
async def test_what_the_key_cannot_read_is_parked_at_once_with_the_reason_and_nothing_is_handed_over(
    world: World, status: int
) -> None:
    world.sell()
    world.stripe.faults = [status]

    assert await world.push(paid(context=f"org_1/{MEMBER}")) == 204

    (parked,) = world.dead_letter.stored
    asked = f"Stripe answered {status} to the key rk_test_… in the context org_1/{MEMBER}"
    assert parked.attributes["reason"].startswith(f"line_items_refused: {asked}")
    order = await world.order()
    assert (order.status.value, world.bought) == ("paid", [])
    assert {name: each.state.value for name, each in order.effects.items()} == {
        "load_line_items": "failed",
        "fulfill": "failed",
    }
    assert "load_line_items" in str(order.effects["fulfill"].error)


async def test_a_replay_reads_and_hands_over_what_was_parked(world: World) -> None:
    world.sell()
    world.stripe.faults = [403]
    said = paid(context=MEMBER)
    await world.push(said)

    assert await world.push(said, replay="true") == 204

    assert ((await world.order()).status.value, world.bought) == ("fulfilled", [["Mug"]])


async def test_a_key_that_is_refused_as_such_is_no_refusal_of_the_question(world: World) -> None:
    """It is put right by a person, and what is owed waits for it."""
    world.sell()
    world.stripe.faults = [401]
    said = paid(context=MEMBER)

    assert await world.push(said) == 503
    assert world.dead_letter.stored == []
    assert await world.push(said) == 204
    assert world.bought == [["Mug"]]


@pytest.mark.parametrize("context", [5, ["acct_1"], "", "acct_1\r\nX-Evil: 1", "org 1", "ünï"])
async def test_a_context_that_is_no_path_of_ids_tells_nothing_and_the_sale_is_a_sale(
    world: World, context: object
) -> None:
    world.sell()
    assert await world.push(event(COMPLETED, session(SESSION), context=context, account=MEMBER)) == 204
    order = await world.order()
    assert (order.context, order.account, world.bought) == (None, MEMBER, [["Mug"]])
    assert world.dead_letter.stored == []


async def test_an_order_from_before_contexts_were_kept_learns_its_own_from_a_replay(world: World) -> None:
    """It had asked the key's own account for a day, and its message was parked."""
    world.sell()
    said = paid(context=f"org_1/{MEMBER}")
    stuck = replace(order_of(said), account=None, context=None)
    await world.orders.create(replace(stuck, effects=keep_configured(stuck.effects, {"load_line_items", "fulfill"})))

    assert await world.push(said, replay="true") == 204

    order = await world.order()
    assert (order.account, order.context, order.status.value) == (MEMBER, f"org_1/{MEMBER}", "fulfilled")
    assert world.bought == [["Mug"]]


@pytest.mark.parametrize("context", [ContextPath(f"org_1/{MEMBER}"), None])
async def test_reconcile_reads_a_waiting_order_in_its_context_and_tells_it_again(
    world: World, context: ContextPath | None
) -> None:
    """An order of before `context` was kept goes on with its account."""
    world.sell()
    unpaid = event(COMPLETED, session(SESSION, payment_status="unpaid"), account=MEMBER)
    order = replace(order_of(unpaid), context=context)
    await world.orders.create(replace(order, effects=keep_configured(order.effects, set())))
    topic, settings = MemoryTopic(), ReconcileSettings(project="acme", livemode=False, stripe_key=lambda: KEY)
    finder = Finder(topic, "reconcile", ORIGIN)
    reconciler = Reconciler(
        settings=replace(settings, grace_seconds=0),
        stripe=stripe_api.StripeApi(lambda: KEY, world.base),
        orders=world.orders,
        publish=lambda found: finder.publish(found, Trace.of({})),
    )

    await reconciler.step(Cursor(since=0, start=0, end=1, before=1, stage=Stage.WAITING))

    (found,) = topic.stored
    assert headers(world) == {(context, None) if context else (None, MEMBER)}
    assert (found.attributes["account"], found.attributes.get("context")) == (MEMBER, context)


async def test_reconcile_lists_no_sessions_with_an_organizations_key_and_goes_on(world: World) -> None:
    key = "sk_org_0123456789abcdef"
    settings = ReconcileSettings(project="acme", livemode=False, stripe_key=lambda: key)
    reconciler = Reconciler(
        settings=settings,
        stripe=stripe_api.StripeApi(lambda: key, world.base),
        orders=world.orders,
        publish=lambda _: world.order(),
    )
    reached = Cursor(since=0, start=0, end=1, before=1, stage=Stage.SESSIONS)

    assert (await reconciler.step(reached)).stage is Stage.WAITING
    assert world.stripe.reads == []


async def visit(reading: lookup.Lookup, topic: MemoryTopic, order: Order) -> None:
    """What the landing page does for a buyer of a waiting order."""
    cached, line = SessionCache().of(SESSION), Line("order_status", "acme")
    await reading.ask(SESSION, order, cached, line)
    await ClaimPublisher(Finder(topic, "order_status", ORIGIN)).publish(cached, order, line)


async def test_the_landing_page_reads_a_waiting_order_in_its_context(world: World) -> None:
    world.sell()
    said = event(COMPLETED, session(SESSION, payment_status="unpaid"), context=f"org_1/{MEMBER}")
    topic = MemoryTopic()
    api = stripe_api.StripeApi(lambda: KEY, world.base)
    reading = lookup.Lookup(api, RateLimiter(5), Ownership(livemode=False))

    await visit(reading, topic, order_of(said))

    assert headers(world) == {(f"org_1/{MEMBER}", None)}
    (found,) = topic.stored
    assert (found.attributes["account"], found.attributes["context"]) == (MEMBER, f"org_1/{MEMBER}")


@pytest.mark.parametrize(("livemode", "told"), [(False, 1), (True, 0)])
async def test_an_organizations_key_reads_both_modes_and_only_our_own_counts(
    world: World,
    livemode: bool,  # noqa: FBT001
    told: int,
) -> None:
    world.sell(livemode=livemode)
    said = event(COMPLETED, session(SESSION, payment_status="unpaid"), context=f"org_1/{MEMBER}")
    key = "rk_org_0123456789abcdef"
    topic, settings = (
        MemoryTopic(),
        OrderStatusSettings(project="acme", livemode=False, stripe_key=lambda: key, api_base=world.base),
    )
    reading = lookup.configured(settings)
    assert reading

    await visit(reading, topic, order_of(said))

    assert len(topic.stored) == told
