"""Deliveries of one session at the same time: on the emulator, and on every interleaving that we can draw."""

import asyncio
import json
import random
import uuid
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.domain.decision import News
from fulfillment.domain.order import Order
from fulfillment.domain.transitions import apply
from fulfillment.effects.runner import EffectExecutors
from fulfillment.errors import PermanentError
from fulfillment.orders.firestore_orders import FirestoreOrders
from fulfillment.orders.store import Orders, Stored
from fulfillment.subscriber.delivery import Delivery
from local.fakes.memory_orders import MemoryOrders
from local.fakes.stripe_events import COMPLETED, FAILED, SUCCEEDED, event, session
from local.runtime.emulators import Emulators
from support.builders import NOW, parsed
from support.samples import Json, renderings


def facts(order: Order) -> str:
    """All but effects, lease and the times of processing."""
    kept = {each.name: getattr(order, each.name) for each in fields(Order)}
    for name in ("effects", "lease", "created_at", "updated_at"):
        del kept[name]
    kept["events"] = {name: replace(seen, received_at=NOW) for name, seen in sorted(order.events.items())}
    return json.dumps(kept, default=repr, sort_keys=True)


def model(said: list[Json]) -> str:
    order = None
    for each in said:
        order = apply(order, parsed(each)).order
    assert order is not None
    return facts(order)


async def deliver(orders: Orders, said: Json) -> None:
    """What a subscriber does with the event, until it succeeds."""

    async def park(error: PermanentError) -> None:
        raise error

    await Delivery(orders=orders, executors=EffectExecutors({}), news=News.of(parsed(said))).run(park)


@pytest.mark.parametrize("seed", range(5))
async def test_simultaneous_deliveries_on_firestore_end_right(
    emulated: Emulators, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulated.firestore)
    order_id = f"cs_test_{uuid.uuid4().hex}"
    unpaid = event(COMPLETED, session(order_id, payment_status="unpaid", amount_total=1))
    paid, twin = (
        event(SUCCEEDED, session(order_id, amount_total=2)),
        event(SUCCEEDED, session(order_id, amount_total=3)),
    )
    failed = event(FAILED, session(order_id, amount_total=4))
    said = [unpaid, paid, twin, failed] * 3
    random.Random(seed).shuffle(said)  # noqa: S311
    workers = [FirestoreOrders("shared", "(default)", "orders") for _ in said]
    await asyncio.gather(*(deliver(orders, each) for orders, each in zip(workers, said, strict=True)))
    found = await workers[0].get(order_id)
    assert found is not None
    assert facts(found.order) == model(said)
    assert found.order.amount_total == 2


class Interleaved(MemoryOrders):
    """A store in which every step waits as many turns as the test has drawn."""

    def __init__(self, turns: list[int]) -> None:
        super().__init__()
        self._turns = turns

    async def _wait(self) -> None:
        for _ in range(self._turns.pop() if self._turns else 0):
            await asyncio.sleep(0)

    async def create(self, order: Order) -> Stored | None:
        await self._wait()
        return await super().create(order)

    async def get(self, order_id: str) -> Stored | None:
        await self._wait()
        return await super().get(order_id)

    async def replace(self, order: Order, version: Any) -> Stored | None:
        await self._wait()
        return await super().replace(order, version)


@settings(max_examples=200)
@given(st.data(), st.lists(st.integers(0, 5), max_size=60))
def test_any_interleaving_ends_in_the_same_document(data: st.DataObject, turns: list[int]) -> None:
    said = data.draw(renderings())
    deliveries = said + data.draw(st.lists(st.sampled_from(said), max_size=3))

    async def play() -> Order:
        orders = Interleaved(turns)
        await asyncio.gather(*(deliver(orders, each) for each in deliveries))
        found = await orders.get("cs_test_a1")
        assert found is not None
        return found.order

    assert facts(asyncio.run(play())) == model(said)
