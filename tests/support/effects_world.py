"""A store and effects for the tests of deliveries: a clock that stands still, and a list of what was done."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

from fulfillment.domain.decision import News, ReplayRequest
from fulfillment.domain.order import Order
from fulfillment.effects.runner import EffectExecutor, EffectExecutors
from fulfillment.errors import PermanentError
from fulfillment.subscriber.delivery import Delivery
from local.fakes.memory_orders import MemoryOrders
from local.fakes.stripe_events import COMPLETED, FAILED, event, session
from support.builders import parsed
from support.samples import Json

PAID = event(COMPLETED, session("cs_test_a1"), id="evt_paid")
UNPAID = event(COMPLETED, session("cs_test_a1", payment_status="unpaid"), id="evt_unpaid")
FAILURE = event(FAILED, session("cs_test_a1"), id="evt_failed")


def resent(wish: str, message_id: str = "m1") -> ReplayRequest:
    return ReplayRequest.of(message_id, {wish: "true"})


Perform = Callable[[Order, str], Awaitable[None]]


class World:
    """A store with a clock that stands still, and effects that are written down."""

    def __init__(
        self, *names: str, hold_on_review: bool = False, budget: float = 540, reconciled: bool = False
    ) -> None:
        self.now = datetime(2026, 11, 23, tzinfo=UTC)
        self.orders = MemoryOrders(lambda: self.now)
        self.done: list[str] = []
        self.parked: list[str] = []
        self.failing: dict[str, Exception] = {}
        by_kind = {name: EffectExecutor(10, self._performing(name)) for name in names or ("fulfill",)}
        self.executors = EffectExecutors(by_kind, budget, hold_on_review, reconciled)

    def _performing(self, name: str) -> Perform:
        async def perform(_order: Order, key: str) -> None:
            if name in self.failing:
                raise self.failing[name]
            self.done.append(key.removeprefix("cs_test_a1:"))

        return perform

    def delivery(self, said: Json = PAID, request: ReplayRequest | None = None) -> Delivery:
        wished = request or ReplayRequest()
        return Delivery(orders=self.orders, executors=self.executors, news=News.of(parsed(said)), request=wished)

    async def park(self, error: PermanentError) -> None:
        self.parked.append(error.reason)

    async def deliver(self, said: Json = PAID, request: ReplayRequest | None = None) -> Order:
        return await self.delivery(said, request).run(self.park)

    async def order(self) -> Order:
        found = await self.orders.get("cs_test_a1")
        assert found is not None
        return found.order

    async def states(self) -> dict[str, str]:
        return {name: effect.state.value for name, effect in (await self.order()).effects.items()}


ALL = ("load_line_items", "fulfill", "send_receipt", "announce_paid", "announce_fulfilled")


def apply_paid() -> Order:
    delivery = World().delivery()
    return replace(delivery._decide(None).order, lease=None)
