"""The flows of docs/effects.md, one test each; the search through all schedules is in test_effects_search.py."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fulfillment.domain import lifecycle
from fulfillment.domain.effects import EffectState
from fulfillment.domain.order import Lease, Order
from fulfillment.domain.status import Status
from fulfillment.effects.attempts import Attempt, AttemptState
from fulfillment.effects.runner import EffectExecutor, EffectExecutors
from fulfillment.errors import EffectsOutstanding
from local.fakes.memory_orders import MemoryOrders
from local.fakes.stripe_events import COMPLETED, event, session
from support.effects_world import ALL, FAILURE, UNPAID, Perform, World, apply_paid


async def test_success_performs_all_in_order_and_gives_the_lease_back() -> None:
    world = World(*ALL)
    order = await world.deliver()
    assert world.done == ["load_line_items", "fulfill", "send_receipt", "announce_paid", "announce_fulfilled"]
    assert (order.status, order.lease) == (Status.FULFILLED, None)
    assert order.fulfilled_at is not None
    assert await world.order() == order
    assert {effect.attempts for effect in order.effects.values()} == {1}


async def test_duplicate_performs_nothing_again() -> None:
    world = World(*ALL)
    await world.deliver()
    before = await world.orders.get("cs_test_a1")
    await world.deliver()
    after = await world.orders.get("cs_test_a1")
    assert len(world.done) == len(ALL)
    assert before
    assert after
    assert before.version == after.version


async def test_concurrent_the_second_delivery_writes_its_event_and_comes_back() -> None:
    world, inside, go = World(), asyncio.Event(), asyncio.Event()

    async def slow(_order: Order, key: str) -> None:
        inside.set()
        await go.wait()
        world.done.append(key)

    world.executors = EffectExecutors({"fulfill": EffectExecutor(10, slow)})
    first = asyncio.ensure_future(world.deliver())
    await inside.wait()
    twin = event(COMPLETED, session("cs_test_a1"), id="evt_twin")
    with pytest.raises(EffectsOutstanding):
        await world.deliver(twin)
    go.set()
    assert (await first).status is Status.FULFILLED
    assert set((await world.order()).events) == {"evt_paid", "evt_twin"}
    assert (await world.deliver(twin)).status is Status.FULFILLED
    assert world.done == ["cs_test_a1:fulfill"]


async def test_crash_before_the_effect_the_redelivery_performs_it_when_the_lease_has_run_out() -> None:
    world = World()
    crashed = world.delivery()
    await crashed.orders.create(crashed._decide(None).order)  # and then nothing more
    with pytest.raises(EffectsOutstanding):
        await world.deliver()
    world.now += timedelta(seconds=world.executors.lease)
    assert (await world.deliver()).status is Status.FULFILLED
    assert world.done == ["fulfill"]


async def test_crash_after_the_effect_the_world_sees_it_again_with_the_same_key() -> None:
    world = World()
    keys = []

    async def perform(_order: Order, key: str) -> None:
        keys.append(key)
        if len(keys) == 1:
            raise asyncio.CancelledError  # the process dies: done, but not struck off

    world.executors = EffectExecutors({"fulfill": EffectExecutor(10, perform)})
    with pytest.raises(asyncio.CancelledError):
        await world.deliver()
    world.now += timedelta(seconds=world.executors.lease)
    assert (await world.deliver()).status is Status.FULFILLED
    assert keys == ["cs_test_a1:fulfill"] * 2


async def test_one_that_fails_does_not_keep_the_others_waiting() -> None:
    world = World(*ALL)
    world.failing["send_receipt"] = ConnectionError("jenny.rosen@example.com")
    with pytest.raises(EffectsOutstanding, match="still owed: send_receipt"):
        await world.deliver()
    assert world.done == ["load_line_items", "fulfill", "announce_paid", "announce_fulfilled"]
    receipt = (await world.order()).effects["send_receipt"]
    assert (receipt.attempts, receipt.error) == (1, receipt.error)
    assert re.fullmatch(r"ConnectionError at support/effects_world.py:\d+ perform", receipt.error or "")
    del world.failing["send_receipt"]
    await world.deliver()
    assert world.done[-1] == "send_receipt"
    assert (await world.order()).effects["send_receipt"].error is None


async def test_without_its_line_items_nothing_is_fulfilled_but_the_rest_goes_on() -> None:
    world = World(*ALL)
    world.failing["load_line_items"] = ConnectionError()
    with pytest.raises(EffectsOutstanding, match="load_line_items, fulfill, send_receipt"):
        await world.deliver()
    assert world.done == ["announce_paid"]


async def test_effects_of_an_overtaken_status_are_not_performed() -> None:
    world = World("notify_payment_failed", "fulfill")
    world.failing["notify_payment_failed"] = ConnectionError()
    with pytest.raises(EffectsOutstanding):
        await world.deliver(FAILURE)
    await world.deliver()
    assert world.done == ["fulfill"]
    assert await world.states() == {"fulfill": "done"}


async def test_what_others_add_meanwhile_is_performed_too() -> None:
    """The holder performs for an order that waits; the money comes before it is through."""
    world = World("announce_awaiting_payment", "fulfill")
    original = world.executors.by_kind["announce_awaiting_payment"].perform

    async def slow(order: Order, key: str) -> None:
        await original(order, key)
        with pytest.raises(EffectsOutstanding):
            await world.deliver()

    by_kind = {**world.executors.by_kind, "announce_awaiting_payment": EffectExecutor(10, slow)}
    world.executors = EffectExecutors(by_kind)
    order = await world.deliver(UNPAID)
    assert order.status is Status.FULFILLED
    assert world.done == ["announce_awaiting_payment", "fulfill"]


async def test_a_holder_that_lost_its_lease_strikes_nothing_off() -> None:
    world = World()

    async def slow(_order: Order, key: str) -> None:
        found = await world.orders.get("cs_test_a1")
        assert found
        await world.orders.replace(replace(found.order, lease=Lease(owner="another", at=None)), found.version)
        world.done.append(key)

    world.executors = EffectExecutors({"fulfill": EffectExecutor(10, slow)})
    with pytest.raises(Exception, match="another delivery has taken over"):
        await world.deliver()
    assert await world.states() == {"fulfill": "owed"}


async def test_its_own_lost_reply_does_not_lock_it_out() -> None:
    class LosesOne(MemoryOrders):
        async def create(self, order: Order) -> None:
            await super().create(order)

    world = World()
    world.orders = LosesOne(lambda: world.now)
    assert (await world.deliver()).status is Status.FULFILLED


async def test_no_effect_starts_without_its_full_time_limit_left() -> None:
    world = World(*ALL, budget=9)
    with pytest.raises(EffectsOutstanding):
        await world.deliver()
    assert world.done == []
    assert (await world.order()).lease is None


async def test_what_an_effect_took_is_missing_for_the_next_one() -> None:
    world = World("fulfill", "send_receipt", budget=13)
    first = world.executors.by_kind["fulfill"].perform

    async def slow(order: Order, key: str) -> None:
        await asyncio.sleep(3.1)
        await first(order, key)

    by_kind = {**world.executors.by_kind, "fulfill": EffectExecutor(10, slow)}
    world.executors = replace(world.executors, by_kind=by_kind)
    with pytest.raises(EffectsOutstanding, match="still owed: send_receipt"):
        await world.deliver()
    assert world.done == ["fulfill"]
    await world.deliver()
    assert world.done == ["fulfill", "send_receipt"]


async def test_a_time_out_keeps_the_lease_because_a_thread_may_still_be_at_it() -> None:
    world = World()

    async def never(_order: Order, _key: str) -> None:
        await asyncio.sleep(60)

    world.executors = EffectExecutors({"fulfill": EffectExecutor(0.01, never)})
    with pytest.raises(EffectsOutstanding):
        await world.deliver()
    order = await world.order()
    assert order.lease is not None
    assert order.effects["fulfill"].error == "no answer within 0.01 s"
    with pytest.raises(EffectsOutstanding):
        await world.deliver()
    assert (await world.order()).effects["fulfill"].attempts == 1


async def test_a_time_out_of_the_users_own_is_an_error_like_any_other() -> None:
    world = World()
    world.failing["fulfill"] = TimeoutError()
    with pytest.raises(EffectsOutstanding):
        await world.deliver()
    assert (await world.order()).lease is None


def test_a_live_lease_is_anothers_and_a_dead_one_is_free() -> None:
    """By the holder's own word, whatever the reader's settings are."""
    order = replace(apply_paid(), lease=Lease(owner="another", at=datetime(2026, 11, 23, tzinfo=UTC), seconds=60))
    minute = timedelta(minutes=1)
    assert order.lease
    assert order.lease.at
    live = lifecycle.acquire_lease(order, "me", order.lease.at + minute - timedelta(microseconds=1), 10)
    assert live == order
    dead = lifecycle.acquire_lease(order, "me", order.lease.at + minute, 400)
    assert dead.lease == Lease(owner="me", at=None, seconds=400)


def test_who_owes_nothing_takes_no_lease() -> None:
    free = replace(apply_paid(), effects={})
    assert lifecycle.acquire_lease(free, "me", None, 60) == free


def test_striking_off_what_is_gone_or_done_changes_nothing() -> None:
    order = apply_paid()
    now = datetime.now(UTC)
    done = lifecycle.mark_done(order, "fulfill", now)
    assert lifecycle.mark_done(done, "fulfill", now) == done
    assert lifecycle.mark_done(order, "notify_payment_failed", now) == order
    assert lifecycle.record_failure(done, "fulfill", "x") == done
    assert lifecycle.record_failure(order, "gone", "x") == order
    assert lifecycle.mark_failed(done, "fulfill", "x") == done
    assert lifecycle.mark_failed(order, "gone", "x") == order


def test_the_states_of_an_effect_are_the_contracts() -> None:
    assert [state.value for state in EffectState] == ["owed", "held", "done", "failed"]


async def test_each_strike_off_renews_the_lease() -> None:
    """Three effects that together last longer than a lease: no other run takes over while the last one is performed."""
    world = World("fulfill", "send_receipt", "announce_paid")
    calls: list[str] = []

    def slow(name: str) -> Perform:
        async def perform(_order: Order, _key: str) -> None:
            calls.append(name)
            world.now += timedelta(seconds=world.executors.lease * 0.6)
            with pytest.raises(EffectsOutstanding):
                await world.deliver()

        return perform

    world.executors = EffectExecutors({name: EffectExecutor(10, slow(name)) for name in world.executors.by_kind})
    await world.deliver()
    assert calls == ["fulfill", "send_receipt", "announce_paid"]


def test_the_words_of_an_attempt_are_those_that_alerts_read() -> None:
    assert {str(Attempt(state)) for state in AttemptState} == {
        *("done", "failed", "dropped", "to be tried again"),
        *("to be tried again, more seldom", "to be tried again from"),
    }
    assert str(Attempt(AttemptState.FAILED, "permanent: no")) == "failed: permanent: no"
    assert str(Attempt(AttemptState.NOT_YET, "2026-11-28")) == "to be tried again from 2026-11-28"


async def test_of_an_error_deep_in_a_hook_the_innermost_place_is_kept() -> None:
    def fall(depth: int) -> None:
        if depth == 0:
            raise ConnectionError
        fall(depth - 1)

    async def perform(_order: Order, _key: str) -> None:
        fall(5)

    world = World()
    world.executors = EffectExecutors({"fulfill": EffectExecutor(5, perform)})
    with pytest.raises(EffectsOutstanding):
        await world.deliver()
    error = (await world.order()).effects["fulfill"].error
    assert re.fullmatch(r"ConnectionError at unit/test_effects.py:\d+ fall", error or "")
