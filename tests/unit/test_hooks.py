"""The user's hooks: plain or async, and however they end."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from fulfillment.domain.order import Order
from fulfillment.effects.hook import Hooks
from fulfillment.effects.runner import EffectExecutor, EffectExecutors
from fulfillment.errors import (
    EffectsOutstanding,
    HookFailed,
    PermanentError,
)
from support.effects_world import ALL, PAID, Perform, World, apply_paid
from support.waiting import LONG


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
    by_kind = {**world.executors.by_kind, "fulfill": EffectExecutor(5, Hooks().performing(make(error)))}
    world.executors = EffectExecutors(by_kind)
    with pytest.raises(EffectsOutstanding, match="still owed: fulfill"):
        await world.deliver()
    fulfill = (await world.order()).effects["fulfill"]
    assert (fulfill.attempts, fulfill.state.value) == (1, "owed")
    assert fulfill.error is not None
    assert "jenny" not in fulfill.error
    assert world.done == ["load_line_items", "send_receipt", "announce_paid"]
    assert (await world.order()).lease is None


async def test_what_a_hook_raises_after_its_time_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """asyncio logs an exception that nothing retrieves, with its text: perhaps a buyer's data."""
    go_on = threading.Event()

    def late(_order: Order, _key: str) -> None:
        go_on.wait(10)
        raise ValueError("jenny.rosen@example.com")

    hooks = Hooks(threads=1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(hooks.performing(late)(apply_paid(), "k"), 0.05)
    go_on.set()
    await asyncio.wait_for(hooks.performing(lambda _order, _key: None)(apply_paid(), "k"), 10)
    for _ in range(3):
        gc.collect()
        await asyncio.sleep(0)
    assert "jenny" not in caplog.text
