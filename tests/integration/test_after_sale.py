"""What follows a sale, from Stripe's signed POST to the document: the real entry points, on both emulators."""

import asyncio
import contextlib
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import httpx
import pytest

from fulfillment.domain.effects import MONEY, EffectState
from fulfillment.domain.event_types import ON_DISPUTE, ON_REFUND, entry_point_of
from fulfillment.domain.order import Order
from fulfillment.orders.firestore import Condition
from fulfillment.orders.firestore_orders import FirestoreOrders
from fulfillment.topic.message import Message
from local.fakes.memory_topic import push_body
from local.fakes.stripe_after_sale import AfterSaleWorld
from local.fakes.stripe_events import COMPLETED, Json, body, event, line_item, new_id, session, signature
from local.fakes.stripe_payments import Told
from local.fakes.stripe_stand_in import serve as serve_stripe
from local.runtime.emulators import Emulators
from local.runtime.pubsub_admin import PubSubAdmin
from support.after_sale_shop import KINDS, OLD, level, money
from support.brief_stripe import BriefStripe
from support.builders import paid_order
from support.serving import Serve
from support.waiting import LONG


@dataclass
class Life:
    """A deployment whose hooks write down what they are told, and a sale at Stripe with ids of its own."""

    webhook: str
    subscribers: dict[str, str]
    admin: PubSubAdmin
    topic: str
    stripe: BriefStripe
    calls: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session_id, self.payment = new_id("cs_test"), new_id("pi")
        self.subscription, self.invoice = new_id("sub"), new_id("in")
        self.world = AfterSaleWorld(stripe=self.stripe)

    def pay(self, **changes: Any) -> Json:
        """A paid session at Stripe. Its event is not told."""
        sold = session(self.session_id, **{"payment_intent": self.payment, **changes})
        self.stripe.sessions[self.session_id] = sold
        self.stripe.line_items[self.session_id] = [line_item()]
        if sold["payment_intent"]:
            self.world.pay(sold)
        return sold

    def subscribe(self) -> Json:
        """A subscription's session, and its first invoice."""
        self.world.invoice(self.invoice, self.subscription, self.payment, 3500)
        bought = {"mode": "subscription", "subscription": self.subscription, "invoice": self.invoice}
        return self.pay(payment_intent=None, **bought)

    async def sell(self, sold: Json) -> None:
        """The event of a sale."""
        assert await self.post(event(COMPLETED, sold)) == 204
        assert [name for name, _ in self.calls] == ["fulfill"]
        self.calls.clear()

    async def tell(self, *told: Told, thin: bool = False) -> set[int]:
        return {await self.post((each.thin or {}) if thin else each.snapshot) for each in told}

    async def post(self, said: Json) -> int:
        """Stripe's POST, and the push of its message to the subscriber of its type: what that answers."""
        payload = body(said)
        async with httpx.AsyncClient(timeout=LONG) as client:
            answer = await client.post(self.webhook, content=payload, headers=signature(payload))
            assert answer.status_code == 200
            taken = await self._taken()
            assert taken.data == payload
            url = self.subscribers[str(entry_point_of(taken.attributes["event_type"]))]
            return (await client.post(url, content=push_body(taken))).status_code

    async def order(self) -> Order:
        stored = await FirestoreOrders("shared", "(default)", "orders").get(self.session_id)
        assert stored is not None
        return stored.order

    def told(self) -> list[tuple[str, str]]:
        """What the hooks were told since the last look."""
        seen = list(self.calls)
        self.calls.clear()
        return seen

    async def _taken(self) -> Message:
        while not (taken := self.admin.take(self.topic)):
            await asyncio.sleep(0.01)
        (message,) = taken
        return message


def hooks_of(calls: list[tuple[str, str]]) -> ModuleType:
    """A hooks.py that writes down what it is told."""
    module = ModuleType("hooks")

    def fulfill(_order: Order, key: str) -> None:
        calls.append(("fulfill", key.rpartition(":")[2]))

    def access_changed(_order: Order, access: Any, _key: str) -> None:
        calls.append(("access_changed", access.level.value))

    def refunded(_order: Order, refund: Any, _key: str) -> None:
        calls.append(("refunded", refund.status))

    def disputed(_order: Order, dispute: Any, _key: str) -> None:
        calls.append(("disputed", dispute.status))

    for hook in (fulfill, access_changed, refunded, disputed):
        setattr(module, hook.__name__, hook)
    return module


@pytest.fixture
async def life(serve: Serve, emulated: Emulators, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Life]:
    admin, topic = PubSubAdmin(emulated.pubsub, "shared"), f"t{uuid.uuid4().hex}"
    admin.create_topic(topic)
    admin.keep(topic)
    stripe, calls = BriefStripe(), list[tuple[str, str]]()
    monkeypatch.setitem(sys.modules, "hooks", hooks_of(calls))
    async with contextlib.AsyncExitStack() as stack:
        api = {
            "STRIPE_API_KEY": "rk_test_0123456789",
            "STRIPE_API_BASE": await stack.enter_async_context(serve_stripe(stripe)),
        }
        names = ("on_checkout_session_completed", ON_REFUND, ON_DISPUTE)
        subscribers = {name: serve(name, **emulated.env, **api) for name in names}
        webhook = serve("stripe_webhook", **emulated.env, EVENTS_TOPIC=topic)
        yield Life(webhook, subscribers, admin, topic, stripe, calls)


@KINDS
async def test_a_full_refund_after_the_fulfillment(life: Life, thin: bool) -> None:  # noqa: FBT001
    await life.sell(life.pay())
    assert await life.tell(*life.world.refund(life.payment), thin=thin) == {204}
    order = await life.order()
    assert (order.status.value, money(order), level(order)) == ("fulfilled", "refunded", "revoked")
    assert life.told() == [("access_changed", "revoked"), ("refunded", "succeeded")]


@KINDS
async def test_a_full_refund_before_the_sale_is_known(life: Life, thin: bool) -> None:  # noqa: FBT001
    sold = life.pay()
    assert await life.tell(*life.world.refund(life.payment), thin=thin) == {204}
    assert await life.post(event(COMPLETED, sold)) == 204
    order = await life.order()
    assert (order.status.value, money(order), order.effects["fulfill"].held_by) == ("paid", "refunded", (MONEY,))
    assert life.told() == [("access_changed", "revoked"), ("refunded", "succeeded")]


async def test_two_parts_and_then_the_rest(life: Life) -> None:
    await life.sell(life.pay())
    for amount, wanted in ((1000, "partly_refunded"), (1500, "partly_refunded"), (None, "refunded")):
        assert await life.tell(*life.world.refund(life.payment, amount)) == {204}
        assert money(await life.order()) == wanted
    assert [name for name, _ in life.told()] == ["refunded", "refunded", "access_changed", "refunded"]


@KINDS
async def test_a_refund_that_fails_restores_what_it_took(life: Life, thin: bool) -> None:  # noqa: FBT001
    sold = life.pay()
    given = life.world.refund(life.payment)
    assert await life.tell(*given, thin=thin) == {204}
    assert await life.tell(*life.world.becomes(given[0].about, "failed"), thin=thin) == {204}
    order = await life.order()
    assert (order.status.value, money(order), level(order)) == ("fulfilled", "kept", "granted")
    assert life.told()[2:] == [("fulfill", "fulfill"), ("access_changed", "granted"), ("refunded", "failed")]
    assert await life.post(event(COMPLETED, sold)) == 204
    assert life.told() == []


@KINDS
async def test_a_dispute_that_is_opened_lost_and_won(life: Life, thin: bool) -> None:  # noqa: FBT001
    await life.sell(life.pay())
    opened = life.world.dispute(life.payment)
    assert await life.tell(*opened, thin=thin) == {204}
    assert (money(await life.order()), level(await life.order())) == ("disputed", None)
    assert await life.tell(*life.world.becomes(opened[0].about, "lost"), thin=thin) == {204}
    assert (money(await life.order()), level(await life.order())) == ("lost", "revoked")
    assert await life.tell(*life.world.becomes(opened[0].about, "won"), thin=thin) == {204}
    order = await life.order()
    assert (money(order), level(order), order.money.kept) == ("won", "granted", 3500)
    assert life.told() == [
        ("disputed", "needs_response"),
        ("access_changed", "revoked"),
        ("disputed", "lost"),
        ("access_changed", "granted"),
        ("disputed", "won"),
    ]


async def test_a_warning_and_a_review_are_kept_with_the_order(life: Life) -> None:
    await life.sell(life.pay())
    reviewed = life.world.review(life.payment)
    closed = life.world.close_review(reviewed[0].about)
    assert await life.tell(*life.world.warn(life.payment), *reviewed, *closed) == {204}
    order = await life.order()
    assert [each.status for each in (*order.warnings.values(), *order.radar_reviews.values())] == [
        "actionable",
        "closed",
    ]
    assert (money(order), order.review, life.told()) == ("kept", (), [])


async def test_the_first_invoices_refund_is_the_orders_and_a_renewals_is_kept_beside_it(life: Life) -> None:
    await life.sell(life.subscribe())
    renewal = new_id("pi")
    life.world.invoice(new_id("in"), life.subscription, renewal)
    assert await life.tell(*life.world.refund(renewal), *life.world.dispute(renewal, "lost")) == {204}
    order = await life.order()
    assert order.renewals is not None
    assert (len(order.renewals.refunds), len(order.renewals.disputes)) == (1, 1)
    assert (money(order), level(order), life.told()) == ("kept", None, [])
    assert await life.tell(*life.world.refund(life.payment)) == {204}
    assert (money(await life.order()), level(await life.order())) == ("refunded", "revoked")


async def test_a_charge_of_an_old_api_version_has_its_refunds_listed(life: Life) -> None:
    life.world.api_version = OLD
    await life.sell(life.pay())
    life.world.refund(life.payment, 500)
    assert await life.tell(*life.world.refund(life.payment, 700)) == {204}
    assert (await life.order()).money.refunded == 1200


async def test_a_strangers_refund_makes_no_document(life: Life) -> None:
    life.world.payment(life.payment, 1000)
    assert await life.tell(*life.world.refund(life.payment), *life.world.dispute(life.payment)) == {204}
    assert await FirestoreOrders("shared", "(default)", "orders").get(life.session_id) is None


async def test_deliveries_at_the_same_time_lose_no_refund(life: Life) -> None:
    await life.sell(life.pay())
    told = [each for amount in (100, 200, 300, 400) for each in life.world.refund(life.payment, amount)]
    messages = []
    for each in told:
        payload = body(each.snapshot)
        async with httpx.AsyncClient(timeout=LONG) as client:
            await client.post(life.webhook, content=payload, headers=signature(payload))
        messages.append(await life._taken())
    async with httpx.AsyncClient(timeout=LONG) as client:
        while messages:
            url = life.subscribers[ON_REFUND]
            pushed = [client.post(url, content=push_body(each)) for each in messages]
            answers = [each.status_code for each in await asyncio.gather(*pushed)]
            messages = [each for each, status in zip(messages, answers, strict=True) if status != 204]
    order = await life.order()
    assert (order.money.refunded, len(order.refunds)) == (1000, 4)
    assert all(each.state is EffectState.DONE for each in order.effects.values())
    assert sorted(life.told()) == [("refunded", "succeeded")] * 4


@pytest.mark.parametrize("field_name", ["payment_intent", "invoice", "subscription"])
async def test_firestore_finds_an_order_by_its_payment(
    emulated: Emulators, monkeypatch: pytest.MonkeyPatch, field_name: str
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulated.firestore)
    orders, wanted = FirestoreOrders("shared", "(default)", "orders"), new_id("x")
    made = paid_order(**{field_name: wanted})
    for each in (made, paid_order(**{field_name: new_id("x")}), paid_order(**{field_name: None})):
        assert await orders.create(each)
    found = await orders.find([Condition(field=field_name, operator="==", value=wanted)], None, 10)
    assert [each.order.id for each in found.orders] == [made.id]
