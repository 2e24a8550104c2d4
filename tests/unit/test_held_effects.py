"""Orders under review: their effects are held until a person releases them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from fulfillment.domain.order import LineItem, Order
from fulfillment.domain.status import Status
from fulfillment.effects.runner import EffectExecutor, EffectExecutors
from fulfillment.errors import EffectsOutstanding
from local.fakes.stripe_events import COMPLETED, event, session
from support.effects_world import ALL, FAILURE, World, apply_paid, resent

REVIEWED = event(COMPLETED, session("cs_test_a1", mode="barter"), id="evt_barter")


async def test_an_order_under_review_is_fulfilled_all_the_same() -> None:
    assert (await World().deliver(REVIEWED)).status is Status.FULFILLED


async def test_hold_on_review_holds_all_but_the_line_items_until_a_person_releases_it() -> None:
    world = World(*ALL, hold_on_review=True)
    order = await world.deliver(REVIEWED)
    assert order.status is Status.PAID
    assert world.done == ["load_line_items"]
    assert (await world.states())["fulfill"] == "held"
    await world.deliver(REVIEWED)
    assert world.done == ["load_line_items"]
    assert (await world.deliver(REVIEWED, resent("release"))).status is Status.FULFILLED
    assert len(world.done) == len(ALL)


async def test_doubts_that_the_line_items_raise_hold_the_rest() -> None:
    world = World(*ALL, hold_on_review=True)

    async def load(_order: Order, _key: str) -> Callable[[Order], Order]:
        return lambda order: replace(order, review=("amounts_differ",))

    world.executors = EffectExecutors(
        {**world.executors.by_kind, "load_line_items": EffectExecutor(10, load)}, hold_on_review=True
    )
    order = await world.deliver()
    assert (order.status, order.review) == (Status.PAID, ("amounts_differ",))
    assert world.done == []
    assert {state for name, state in (await world.states()).items() if name != "load_line_items"} == {"held"}


async def test_doubts_that_come_later_hold_what_is_still_owed() -> None:
    world = World("fulfill", hold_on_review=True)
    world.failing["fulfill"] = ConnectionError()
    with pytest.raises(EffectsOutstanding):
        await world.deliver()
    assert (await world.deliver(FAILURE)).review == ("failed_and_paid",)
    assert await world.states() == {"fulfill": "held"}


async def test_what_is_owed_by_an_order_that_is_under_review_already_is_held_too() -> None:
    world = World("fulfill", hold_on_review=True)
    waiting = event(COMPLETED, session("cs_test_a1", mode="barter", payment_status="unpaid"), id="evt_waits")
    assert (await world.deliver(waiting)).review == ("unknown_mode",)
    assert (await world.deliver()).status is Status.PAID
    assert await world.states() == {"fulfill": "held"}


async def test_what_a_person_has_released_is_not_held_again_by_a_duplicate() -> None:
    world = World("fulfill", hold_on_review=True)
    await world.deliver(REVIEWED)
    world.failing["fulfill"] = ConnectionError()
    with pytest.raises(EffectsOutstanding):
        await world.deliver(REVIEWED, resent("release"))
    world.failing.clear()
    assert (await world.deliver(REVIEWED)).status is Status.FULFILLED


async def test_a_doubt_that_takes_the_place_of_another_holds_too() -> None:
    """One event may settle what the items had raised, and raise something else."""
    world = World("fulfill", hold_on_review=True)
    stored = replace(apply_paid(), review=("amounts_differ",), line_items=(LineItem(id="li_1", amount_subtotal=3000),))
    await world.orders.create(replace(stored, lease=None))
    assert (await world.deliver(FAILURE)).review == ("failed_and_paid",)
    assert await world.states() == {"fulfill": "held"}
    assert world.done == []
