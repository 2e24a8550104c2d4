"""A rollback: of what a newer version has written, this one keeps what it does not know, and does the rest."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from fulfillment.domain.decision import News, ReplayRequest
from fulfillment.domain.effects import Effect, EffectState
from fulfillment.domain.order import Order
from fulfillment.domain.status import Status
from fulfillment.effects.runner import EffectExecutor, EffectExecutors
from fulfillment.errors import EffectsOutstanding, PermanentError
from fulfillment.orders.store import Stored
from fulfillment.subscriber.delivery import Delivery
from local.fakes.memory_orders import MemoryOrders
from local.fakes.stripe_events import COMPLETED, FAILED, SUCCEEDED, event, session
from support.builders import order_of, parsed
from support.samples import Json

SESSION = "cs_test_a1"
NAME = "post_parcel"
UNPAID = event(COMPLETED, session(SESSION, payment_status="unpaid"), id="evt_1")
PAID = event(SUCCEEDED, session(SESSION), id="evt_2")
FAILURE = event(FAILED, session(SESSION, payment_status="unpaid"), id="evt_3")
LATER = datetime(2040, 1, 1, tzinfo=UTC)
STATES = list(EffectState)


def newer_effect(state: EffectState = EffectState.OWED, **changes: Any) -> Effect:
    return Effect(state=state, key=f"{SESSION}:{NAME}", attempts=2, unknown={"carrier": "x"}, **changes)


async def perform(_order: Order, _key: str) -> None:
    """Does it."""


async def park(error: PermanentError) -> None:
    raise AssertionError(error)


async def deliver(
    orders: MemoryOrders, said: Json, request: ReplayRequest | None = None, *, hold_on_review: bool = False
) -> Order | str:
    """The order, or why the message comes again."""
    by_kind = {name: EffectExecutor(1, perform) for name in ("fulfill", "payment_failed", "send_receipt")}
    executors = EffectExecutors(by_kind, hold_on_review=hold_on_review)
    delivery = Delivery(
        orders=orders, executors=executors, news=News.of(parsed(said)), request=request or ReplayRequest()
    )
    try:
        return await delivery.run(park)
    except EffectsOutstanding as error:
        return str(error)


async def stored(orders: MemoryOrders) -> Stored:
    found = await orders.get(SESSION)
    assert found
    return found


async def world(effect: Effect, said: Json = UNPAID) -> MemoryOrders:
    orders, order = MemoryOrders(), order_of(said)
    await orders.create(replace(order, effects={NAME: effect}))
    return orders


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("said", [UNPAID, PAID, FAILURE])
async def test_an_effect_that_is_not_known_stays_as_it_is_whatever_becomes_of_the_order(
    said: Json, state: EffectState
) -> None:
    effect = newer_effect(state, not_before=LATER, refusals=1)
    orders = await world(effect)
    await deliver(orders, said)
    assert (await stored(orders)).order.effects[NAME] == effect


async def test_it_is_owed_so_that_the_message_comes_again_and_it_is_not_performed() -> None:
    orders = await world(newer_effect())
    assert await deliver(orders, PAID) == f"still owed: {NAME}"
    after = (await stored(orders)).order
    assert after.status is Status.FULFILLED, "what is known is done all the same"
    assert (after.lease, after.effects[NAME].attempts) == (None, 2)


async def test_a_message_that_comes_again_changes_nothing() -> None:
    orders = await world(newer_effect())
    await deliver(orders, PAID)
    before = (await stored(orders)).order.effects
    await deliver(orders, PAID)
    assert (await stored(orders)).order.effects == before


async def test_once_the_newer_version_has_done_it_the_message_is_acknowledged() -> None:
    orders = await world(newer_effect(EffectState.DONE))
    assert isinstance(await deliver(orders, PAID), Order)


@pytest.mark.parametrize("wish", ["replay", "release"])
@pytest.mark.parametrize("state", [EffectState.HELD, EffectState.FAILED])
async def test_what_a_person_asks_for_is_the_newer_versions_to_grant(wish: str, state: EffectState) -> None:
    effect = newer_effect(state, not_before=LATER, refusals=2)
    orders = await world(effect)
    await deliver(orders, PAID, ReplayRequest.of("m1", {wish: "true"}))
    assert (await stored(orders)).order.effects[NAME] == effect


async def test_a_review_holds_what_is_known() -> None:
    doubtful = event(COMPLETED, session(SESSION, mode="barter"), id="evt_9")
    orders = await world(newer_effect(), UNPAID)
    await deliver(orders, doubtful, hold_on_review=True)
    effects = (await stored(orders)).order.effects
    assert (effects[NAME].state, effects["fulfill"].state) == (EffectState.OWED, EffectState.HELD)
