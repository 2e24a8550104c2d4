"""The flows of docs/effects.md, one test each; the search through all schedules is in test_effects_search.py."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from fulfillment.domain import lifecycle
from fulfillment.domain.decision import ReplayRequest
from fulfillment.domain.effects import EffectState
from fulfillment.domain.order import Lease, LineItem, Order
from fulfillment.domain.status import Status
from fulfillment.effects.attempts import Attempt, AttemptState
from fulfillment.effects.hook import Hooks
from fulfillment.effects.runner import EffectExecutor, EffectExecutors
from fulfillment.errors import (
    ConfigurationError,
    EffectsOutstanding,
    HookFailed,
    PermanentError,
    PublishFailed,
    RefusedForNow,
)
from fulfillment.orders.store import Stored, update
from fulfillment.subscriber.delivery import Delivery
from fulfillment.subscriber.executors import configured
from fulfillment.subscriber.settings import SubscriberSettings
from local.fakes.memory_orders import MemoryOrders
from local.fakes.stripe_events import COMPLETED, FAILED, event, session
from support.builders import parsed
from support.samples import Json
from support.waiting import LONG

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
        by_name = {name: EffectExecutor(10, self._performing(name)) for name in names or ("fulfill",)}
        self.executors = EffectExecutors(by_name, budget, hold_on_review, reconciled)

    def _performing(self, name: str) -> Perform:
        async def perform(_order: Order, key: str) -> None:
            if name in self.failing:
                raise self.failing[name]
            self.done.append(key.removeprefix("cs_test_a1:"))

        return perform

    def delivery(self, said: Json = PAID, request: ReplayRequest | None = None) -> Delivery:
        wished = request or ReplayRequest()
        return Delivery(orders=self.orders, executors=self.executors, event=parsed(said), request=wished)

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


async def test_permanent_refusal_is_parked_and_failed_and_the_others_go_on() -> None:
    world = World(*ALL)
    world.failing["fulfill"] = PermanentError("no such product")
    order = await world.deliver()
    assert world.parked == ["permanent: no such product"]
    assert (await world.states())["fulfill"] == "failed"
    assert order.effects["fulfill"].error == "permanent: no such product"
    assert world.done == ["load_line_items", "send_receipt", "announce_paid"]
    assert (order.status, order.lease) == (Status.PAID, None)


REFUSED = RefusedForNow("refused for now: 550", PermanentError("refused each time: 550"))


async def rested(world: World) -> None:
    """Lets the longest rest go by: the stored times move back."""

    def earlier(stored: Stored | None) -> Order:
        assert stored
        longest = max(lifecycle.BACKOFFS)
        effects = {
            name: replace(effect, not_before=effect.not_before and effect.not_before - longest)
            for name, effect in stored.order.effects.items()
        }
        return replace(stored.order, effects=effects)

    await update(world.orders, "cs_test_a1", earlier, await world.orders.get("cs_test_a1"))


async def test_a_refusal_that_may_pass_rests_and_the_others_go_on() -> None:
    world = World(*ALL)
    world.failing["send_receipt"] = REFUSED
    with pytest.raises(EffectsOutstanding, match="still owed: send_receipt"):
        await world.deliver()
    assert world.done == ["load_line_items", "fulfill", "announce_paid", "announce_fulfilled"]
    assert (await world.order()).lease is None
    del world.failing["send_receipt"]
    again = world.delivery()
    with pytest.raises(EffectsOutstanding, match="still owed: send_receipt"):
        await again.run(world.park)
    said = r"to be tried again from 20\d\d-\d\d-\d\d \d\d:\d\d UTC on: refused for now: 550"
    assert re.fullmatch(said, str(again.attempts["send_receipt"]))
    assert (await world.order()).effects["send_receipt"].attempts == 1
    await rested(world)
    order = await world.deliver()
    assert (world.done[-1], order.effects["send_receipt"].state) == ("send_receipt", EffectState.DONE)
    assert world.parked == []


async def test_a_message_does_not_wait_for_what_rests_where_reconcile_brings_it_back() -> None:
    world = World("fulfill", "send_receipt", reconciled=True)
    world.failing["send_receipt"] = REFUSED
    order = await world.deliver()
    assert (order.status, order.effects["send_receipt"].state) == (Status.FULFILLED, EffectState.OWED)
    assert order.lease is None
    await rested(world)
    del world.failing["send_receipt"]
    await world.deliver()
    assert world.done == ["fulfill", "send_receipt"]


async def test_a_message_waits_for_whatever_is_owed_beside_what_rests() -> None:
    world = World("fulfill", "send_receipt", reconciled=True)
    world.failing |= {"send_receipt": REFUSED, "fulfill": TimeoutError()}
    with pytest.raises(EffectsOutstanding, match="still owed: fulfill, send_receipt"):
        await world.deliver()


async def test_a_refusal_that_does_not_pass_is_parked_in_the_end_with_its_reason() -> None:
    world = World()
    world.failing["fulfill"] = REFUSED
    for _ in lifecycle.BACKOFFS:
        with pytest.raises(EffectsOutstanding):
            await world.deliver()
        assert world.parked == []
        await rested(world)
    order = await world.deliver()
    assert world.parked == ["permanent: refused each time: 550"]
    assert order.effects["fulfill"].state is EffectState.FAILED
    assert order.effects["fulfill"].error == "permanent: refused each time: 550"
    assert order.effects["fulfill"].attempts == len(lifecycle.BACKOFFS) + 1


async def test_a_replay_does_not_wait_for_what_rests() -> None:
    world = World()
    world.failing["fulfill"] = REFUSED
    with pytest.raises(EffectsOutstanding):
        await world.deliver()
    del world.failing["fulfill"]
    assert (await world.deliver(request=resent("replay"))).status is Status.FULFILLED


async def test_a_replay_makes_what_had_failed_owed_again() -> None:
    world = World()
    world.failing["fulfill"] = PermanentError("no such product")
    await world.deliver()
    del world.failing["fulfill"]
    assert (await world.deliver()).status is Status.PAID
    assert (await world.deliver(request=resent("replay"))).status is Status.FULFILLED


async def test_a_refusal_that_cannot_be_parked_stays_owed() -> None:
    world = World()
    world.failing["fulfill"] = PermanentError("no such product")

    async def down(_error: PermanentError) -> None:
        raise PublishFailed("down")

    with pytest.raises(EffectsOutstanding):
        await world.delivery().run(down)
    assert await world.states() == {"fulfill": "owed"}
    assert (await world.order()).lease is None


async def test_one_that_fails_does_not_keep_the_others_waiting() -> None:
    world = World(*ALL)
    world.failing["send_receipt"] = ConnectionError("jenny.rosen@example.com")
    with pytest.raises(EffectsOutstanding, match="still owed: send_receipt"):
        await world.deliver()
    assert world.done == ["load_line_items", "fulfill", "announce_paid", "announce_fulfilled"]
    receipt = (await world.order()).effects["send_receipt"]
    assert (receipt.attempts, receipt.error) == (1, receipt.error)
    assert re.fullmatch(r"ConnectionError at unit/test_effects.py:\d+ perform", receipt.error or "")
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
    original = world.executors.by_name["announce_awaiting_payment"].perform

    async def slow(order: Order, key: str) -> None:
        await original(order, key)
        with pytest.raises(EffectsOutstanding):
            await world.deliver()

    by_name = {**world.executors.by_name, "announce_awaiting_payment": EffectExecutor(10, slow)}
    world.executors = EffectExecutors(by_name)
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


async def test_a_refusal_that_cannot_be_parked_is_a_try_in_vain_and_tried_again() -> None:
    world = World()
    world.failing["fulfill"] = PermanentError("sold out")

    async def unreachable(_error: PermanentError) -> None:
        raise PublishFailed("Pub/Sub did not store the message: Unavailable")

    delivery = world.delivery()
    with pytest.raises(EffectsOutstanding):
        await delivery.run(unreachable)
    fulfill = (await world.order()).effects["fulfill"]
    assert (fulfill.state, fulfill.attempts) == (EffectState.OWED, 1)
    assert fulfill.error == "not parked: Pub/Sub did not store the message: Unavailable"
    assert delivery.attempts == {"fulfill": Attempt(AttemptState.RETRY, fulfill.error or "")}


async def test_what_an_effect_took_is_missing_for_the_next_one() -> None:
    world = World("fulfill", "send_receipt", budget=13)
    first = world.executors.by_name["fulfill"].perform

    async def slow(order: Order, key: str) -> None:
        await asyncio.sleep(3.1)
        await first(order, key)

    by_name = {**world.executors.by_name, "fulfill": EffectExecutor(10, slow)}
    world.executors = replace(world.executors, by_name=by_name)
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
        {**world.executors.by_name, "load_line_items": EffectExecutor(10, load)}, hold_on_review=True
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


def apply_paid() -> Order:
    delivery = World().delivery()
    return replace(delivery._decide(None).order, lease=None)


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


# The user's hooks


async def test_hooks_may_be_plain_or_async() -> None:
    hooks, called, order = Hooks(), [], apply_paid()

    def plain(order: Order, key: str) -> None:
        called.append((order.id, key, threading.current_thread().name[:4]))

    async def quick(order: Order, key: str) -> None:
        called.append((order.id, key, "loop"))

    def odd(order: Order, key: str) -> Awaitable[None]:
        return quick(order, key)

    for hook in (plain, quick, odd):
        await hooks.performing(hook)(order, "k")
    assert called == [("cs_test_a1", "k", "hook"), ("cs_test_a1", "k", "loop"), ("cs_test_a1", "k", "loop")]


async def test_what_a_hook_raises_is_raised() -> None:
    def fail(_order: Order, _key: str) -> None:
        raise PermanentError("no")

    with pytest.raises(PermanentError):
        await Hooks().performing(fail)(apply_paid(), "k")


async def test_a_hook_that_changes_its_order_changes_nothing_that_is_kept() -> None:
    world = World()

    def spoil(order: Order, _key: str) -> None:
        assert isinstance(order.metadata, dict)
        order.metadata.clear()

    world.executors = EffectExecutors({"fulfill": EffectExecutor(5, Hooks().performing(spoil))})
    assert (await world.deliver()).metadata == PAID["data"]["object"]["metadata"]
    assert (await world.order()).metadata == PAID["data"]["object"]["metadata"]


def a_generator(_order: Order, _key: str) -> Iterator[None]:
    yield


async def an_async_generator(_order: Order, _key: str) -> AsyncIterator[None]:
    yield


@pytest.mark.parametrize("hook", [a_generator, an_async_generator])
async def test_a_hook_with_a_yield_in_it_has_done_nothing_and_is_not_struck_off(hook: Any) -> None:
    with pytest.raises(HookFailed, match="it has a yield"):
        await Hooks().performing(hook)(apply_paid(), "k")


async def test_hooks_wait_for_a_free_thread_within_their_time() -> None:
    hooks, go = Hooks(threads=1), threading.Event()

    def hang(_order: Order, _key: str) -> None:
        go.wait(LONG)

    perform = hooks.performing(hang)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await perform(apply_paid(), "k")
    go.set()
    async with asyncio.timeout(LONG):
        await perform(apply_paid(), "k")


def ends(error: BaseException) -> Callable[[Order, str], None]:
    def hook(_order: Order, _key: str) -> None:
        raise error

    return hook


def ends_async(error: BaseException) -> Perform:
    async def hook(_order: Order, _key: str) -> None:
        raise error

    return hook


ODD = [
    SystemExit("jenny.rosen@example.com"),
    KeyboardInterrupt(),
    StopIteration(),
    asyncio.CancelledError(),
    GeneratorExit(),
]


@pytest.mark.parametrize("error", ODD, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("make", [ends, ends_async])
async def test_however_a_hook_ends_it_is_an_error_of_that_effect_alone(
    make: Callable[[BaseException], Callable[[Order, str], Awaitable[None] | None]], error: BaseException
) -> None:
    world = World(*ALL)
    by_name = {**world.executors.by_name, "fulfill": EffectExecutor(5, Hooks().performing(make(error)))}
    world.executors = EffectExecutors(by_name)
    with pytest.raises(EffectsOutstanding, match="still owed: fulfill"):
        await world.deliver()
    fulfill = (await world.order()).effects["fulfill"]
    assert (fulfill.attempts, fulfill.state.value) == (1, "owed")
    assert fulfill.error is not None
    assert "jenny" not in fulfill.error
    assert world.done == ["load_line_items", "send_receipt", "announce_paid"]
    assert (await world.order()).lease is None


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

    world.executors = EffectExecutors({name: EffectExecutor(10, slow(name)) for name in world.executors.by_name})
    await world.deliver()
    assert calls == ["fulfill", "send_receipt", "announce_paid"]


async def test_a_replay_is_granted_once_however_often_it_is_redelivered() -> None:
    world = World("fulfill", "send_receipt")
    world.failing = {"fulfill": PermanentError("no"), "send_receipt": ConnectionError()}
    for _ in range(5):
        with pytest.raises(EffectsOutstanding):
            await world.deliver(request=resent("replay"))
    assert len(world.parked) == 1
    with pytest.raises(EffectsOutstanding):
        await world.deliver(request=resent("replay", "m2"))
    assert len(world.parked) == 2


async def test_a_refusal_of_any_text_can_be_parked() -> None:
    world = World()
    world.failing["fulfill"] = PermanentError("\ud800" + "x" * 10_000)
    await world.deliver()
    assert len(world.parked[0].encode()) <= 600


SETTINGS = SubscriberSettings(project="shop", livemode=False)


def hooks_file(**functions: object) -> SimpleNamespace:
    return SimpleNamespace(**functions)


def test_only_what_is_configured_is_owed() -> None:
    def hook(_order: Order, _key: str) -> None:
        """Does nothing."""

    assert set(configured(SETTINGS, hooks_file(fulfill=hook)).by_name) == {"fulfill"}
    both = configured(SETTINGS, hooks_file(fulfill=hook, payment_failed=hook)).by_name
    assert set(both) == {"fulfill", "payment_failed"}
    announcing = replace(SETTINGS, order_events_topic="order-events", hook_timeout=60, hold_on_review=True)
    executors = configured(announcing, hooks_file(fulfill=hook))
    assert {name for name in executors.by_name if name.startswith("announce_")} == {
        *("announce_awaiting_payment", "announce_payment_failed", "announce_paid", "announce_fulfilled"),
    }
    assert executors.lease == 90
    assert executors.hold_on_review


def test_hooks_without_fulfill_stop_the_start() -> None:
    with pytest.raises(ConfigurationError, match="hooks.py must have a function fulfill"):
        configured(SETTINGS, hooks_file())


@pytest.mark.parametrize("name", ["fulfill", "payment_failed"])
def test_hooks_that_cannot_be_called_with_an_order_and_its_key_stop_the_start(name: str) -> None:
    hooks: dict[str, object] = {"fulfill": print, name: lambda order: order}
    with pytest.raises(ConfigurationError, match=rf"hooks.py: {name} must take \(order, key\)"):
        configured(SETTINGS, hooks_file(**hooks))


def test_a_key_and_a_mail_server_make_line_items_and_mails_owed() -> None:
    env = {"GOOGLE_CLOUD_PROJECT": "shop", "STRIPE_LIVEMODE": "false", "STRIPE_API_KEY": "sk_test_0123456789"}
    env |= {"SMTP_URL": "smtp+insecure://127.0.0.1:1025", "EMAIL_FROM": "shop@example.com"}
    executors = configured(SubscriberSettings.load(env), hooks_file(fulfill=print))
    assert set(executors.by_name) == {"load_line_items", "fulfill", "send_receipt", "notify_payment_failed"}
    assert executors.lease == 65
