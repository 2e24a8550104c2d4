"""A shop whose Stripe and whose orders may differ in any way, and reconcile between them."""

import asyncio
import functools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from fulfillment.domain import lifecycle
from fulfillment.domain.effects import FULFILL, keep_configured
from fulfillment.domain.order import Order
from fulfillment.domain.order_filter import OrderFilter
from fulfillment.domain.status import Status
from fulfillment.domain.transitions import apply
from fulfillment.effects.runner import EffectExecutor, EffectExecutors
from fulfillment.orders.store import Orders, Stored
from fulfillment.reconcile.checkpoint import Checkpoint
from fulfillment.reconcile.endpoint import End, run
from fulfillment.reconcile.reconciler import Reconciler
from fulfillment.reconcile.settings import ReconcileSettings
from fulfillment.reconcile.stats import ReconcileStats
from fulfillment.subscriber.endpoint import Subscriber
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.telemetry import Trace
from fulfillment.topic.finder import Finder
from local.fakes.memory_checkpoint import MemoryCheckpoint
from local.fakes.memory_orders import MemoryOrders
from local.fakes.memory_topic import ORIGIN, MemoryTopic
from local.fakes.stripe_events import COMPLETED, FAILED, Json, event, session
from local.runtime.memory_pipe import subscribe
from support.builders import order_of, parsed
from support.money_stripe import MoneyBook, MoneyStripe

FILTER = OrderFilter.parse("metadata.shop=ours")
LONG_AGO = timedelta(hours=3)
SINCE = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A session as Stripe knows it, and what is known of it here: a status, `erased`, or None for no order."""

    status: str = "complete"
    payment: str = "paid"
    mode: str = "payment"
    livemode: bool = False
    shop: str = "ours"
    account: str | None = None
    intent: str = "processing"
    age: timedelta = timedelta(hours=5)
    order: str | None = None

    def session(self, session_id: str) -> Json:
        """The session as Stripe writes it."""
        return session(
            session_id,
            status=self.status,
            payment_status=self.payment,
            mode=self.mode,
            livemode=self.livemode,
            metadata={"shop": self.shop},
            payment_intent=f"pi_{session_id}",
            created=int((datetime.now(UTC) - self.age).timestamp()),
        )

    @property
    def makes_orders(self) -> bool:
        """Whether something was sold here."""
        return self.shop == "ours" and not self.livemode and self.mode != "setup" and self.status == "complete"

    @property
    def is_told(self) -> bool:
        """Whether reconcile hears of it: it is ours, and listed, or there is an order that is not paid, or owes."""
        listed = self.account is None and self.age < datetime.now(UTC) - SINCE
        return self.makes_orders and (listed or self.order in {"awaiting_payment", "payment_failed", "paid"})

    @property
    def end(self) -> str | None:
        """What the order must be in the end."""
        known = {"erased": "fulfilled", "paid": "fulfilled"}.get(self.order or "", self.order)
        if not self.is_told:
            return known
        if self.payment != "unpaid" or known == "fulfilled":
            return "fulfilled"
        return "payment_failed" if self.intent == "canceled" or known == "payment_failed" else "awaiting_payment"


AGES = [timedelta(0), timedelta(minutes=10), timedelta(hours=5), timedelta(days=2), timedelta(days=4)]
cases = st.builds(
    Case,
    status=st.sampled_from(["complete", "complete", "complete", "open", "expired"]),
    payment=st.sampled_from(["paid", "unpaid", "no_payment_required"]),
    mode=st.sampled_from(["payment", "payment", "subscription", "setup"]),
    livemode=st.sampled_from([False, False, False, True]),
    shop=st.sampled_from(["ours", "ours", "ours", "theirs"]),
    account=st.sampled_from([None, None, None, "acct_1"]),
    intent=st.sampled_from(["processing", "canceled"]),
    age=st.sampled_from(AGES),
    order=st.sampled_from([None, "awaiting_payment", "payment_failed", "paid", "fulfilled", "erased"]),
).map(lambda case: case if case.makes_orders else replace(case, order=None))


@dataclass
class Shop:
    """The whole: `fulfilled` are the keys in the order in which they were performed."""

    cases: dict[str, Case] = field(default_factory=dict)
    stripe: MoneyStripe = field(default_factory=functools.partial(MoneyStripe, page=7))
    orders: Orders = field(default_factory=MemoryOrders)
    checkpoint: Checkpoint = field(default_factory=MemoryCheckpoint)
    topic: MemoryTopic = field(default_factory=MemoryTopic)
    dead_letter: MemoryTopic = field(default_factory=MemoryTopic)
    fulfilled: list[str] = field(default_factory=list)
    fulfill_fails: bool = False
    settings: ReconcileSettings = field(
        default_factory=lambda: ReconcileSettings(
            project="shop",
            livemode=False,
            stripe_key=lambda: "unused",
            since=SINCE,
            grace_seconds=0,
            order_filter=FILTER,
        )
    )

    def __post_init__(self) -> None:
        settings = SubscriberSettings(project="shop", livemode=False, order_filter=FILTER)
        executors = EffectExecutors({FULFILL: EffectExecutor(5, self._fulfill)})
        subscribe(self.topic, lambda each: Subscriber(each, settings, self.orders, self.dead_letter, executors))
        self.money = MoneyBook(self.orders)
        self.topic.subscribe(self._take_money)

    async def _take_money(self, body: bytes) -> int:
        return await self.money.push(body)

    async def _fulfill(self, _order: Order, key: str) -> None:
        if self.fulfill_fails:
            raise TimeoutError
        self.fulfilled.append(key)

    async def add(self, case: Case, session_id: str | None = None) -> str:
        """Makes Stripe know a session, and the store what it knows of it."""
        session_id = session_id or f"cs_test_{len(self.cases):05d}"
        self.cases[session_id] = case
        self.stripe.known[session_id] = case.session(session_id)
        self.stripe.intents[f"pi_{session_id}"] = {"id": f"pi_{session_id}", "status": case.intent}
        if case.account:
            self.stripe.accounts[session_id] = case.account
        if case.order:
            await self.orders.create(_order(session_id, case))
        return session_id

    async def run_once(self, save_seconds: float = 0, **changes: Any) -> tuple[End, ReconcileStats]:
        """One run, without waiting for what it published."""
        settings = replace(self.settings, **changes)
        publish = functools.partial(Finder(self.topic, "reconcile", ORIGIN).publish, trace=Trace.of({}))
        reconciler = Reconciler(settings=settings, stripe=self.stripe, orders=self.orders, publish=publish)
        return await run(reconciler, self.checkpoint, settings, save_seconds), reconciler.stats

    async def reconcile(self, **changes: Any) -> ReconcileStats:
        """One whole round, and everything that it published delivered."""
        ends = await self.run_once(**changes)
        await self.topic.settle()
        return ends[1]

    async def killed(self, turns: int) -> bool:
        """A run that is killed after so many turns of the event loop; whether it ended before."""
        running = asyncio.create_task(self.run_once())
        for _ in range(turns):
            await asyncio.sleep(0)
        ended = running.done() or not running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return ended

    async def order(self, session_id: str) -> Stored | None:
        """The order as it is stored."""
        return await self.orders.get(session_id)

    async def ends(self) -> dict[str, str | None]:
        """The status of every order."""
        found = {each: await self.order(each) for each in self.cases}
        return {each: stored.order.status.value if stored else None for each, stored in found.items()}


async def shop_of(drawn: list[Case], **changes: Any) -> Shop:
    """A shop whose orders were last written long ago."""
    now = [datetime.now(UTC) - LONG_AGO]
    shop = Shop(orders=MemoryOrders(lambda: now[0]))
    shop.settings = replace(shop.settings, **changes)
    for each in drawn:
        await shop.add(each)
    now[0] += LONG_AGO
    return shop


async def healed(shop: Shop) -> None:
    """Two rounds: the orders that the first one finds may wait for their money, and the second asks for it."""
    await shop.reconcile()
    for session_id, case in shop.cases.items():
        if case.end == "fulfilled":
            found = await shop.order(session_id)
            assert found
            assert found.order.status.value == "fulfilled"
    await shop.reconcile()
    assert await shop.ends() == {session_id: case.end for session_id, case in shop.cases.items()}
    for session_id, case in shop.cases.items():
        found = await shop.order(session_id)
        if case.order == "erased":
            assert found
            assert (found.order.customer, found.order.shipping) == (None, None)
    assert len(shop.fulfilled) == len(set(shop.fulfilled))
    assert not shop.dead_letter.stored


def _order(session_id: str, case: Case) -> Order:
    """An order that has come as far as the case says."""
    paid = case.order in {"paid", "fulfilled", "erased"}
    said = replace(case, payment="paid" if paid else "unpaid").session(session_id)
    more = {"created": said["created"]} | ({"account": case.account} if case.account else {})
    order = order_of(event(COMPLETED, said, **more))
    if case.order == "payment_failed":
        order = apply(order, parsed(event(FAILED, said, **more))).order
    order = replace(order, effects=keep_configured(order.effects, {FULFILL}))
    if case.order in {"fulfilled", "erased"}:
        order = lifecycle.mark_done(order, FULFILL, datetime.now(UTC))
        order = replace(order, effects=keep_configured(order.effects, {FULFILL}))
        assert order.status is Status.FULFILLED
    if case.order == "erased":
        order = replace(order, erased_at=datetime.now(UTC), customer=None, shipping=None)
    return order
