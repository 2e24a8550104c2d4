"""How dead letters are held while an operator reads them, and given back: on Pub/Sub's emulator."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from fulfillment.topic.publisher import PubSubTopic
from local.runtime.pipe import DEAD_LETTER
from ops.dead_letters.dead_letter import DeadLetter
from ops.dead_letters.reading import Reading, reading
from ops.dead_letters.subscription import DeadLetterSubscription
from ops.errors import Missing
from support.emulated_shop import EmulatedShop


def run(shop: EmulatedShop, lease: int = 60) -> AbstractAsyncContextManager[Reading]:
    return reading(DeadLetterSubscription(shop.project, DEAD_LETTER, shop.emulated.pubsub, lease))


async def seen(letters: Reading) -> set[str]:
    return {each.attributes["number"] async for batch in letters.batches() for each in batch}


async def first(letters: Reading) -> list[DeadLetter]:
    return await anext(letters.batches())


@asynccontextmanager
async def parked(shop: EmulatedShop, count: int) -> AsyncIterator[set[str]]:
    topic = PubSubTopic(shop.project, DEAD_LETTER, shop.emulated.pubsub)
    numbers = {str(number) for number in range(count)}
    await asyncio.gather(*(topic.publish(b"{}", {"number": each}) for each in numbers))
    yield numbers


async def test_a_run_that_is_interrupted_gives_back_what_it_holds_at_once(shop: EmulatedShop) -> None:
    async with parked(shop, 5) as numbers:
        holding = asyncio.Event()

        async def interrupted() -> None:
            async with run(shop, 600) as letters:
                await first(letters)
                holding.set()
                await asyncio.sleep(600)

        task = asyncio.create_task(interrupted())
        await holding.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with run(shop) as letters:
            assert await seen(letters) == numbers


async def test_what_one_run_holds_no_other_sees_for_as_long_as_it_lasts(shop: EmulatedShop) -> None:
    async with parked(shop, 5) as numbers:
        async with run(shop, 2) as mine:
            assert await seen(mine) == numbers
            await asyncio.sleep(3)  # longer than the lease, which is renewed
            async with run(shop) as others:
                assert await seen(others) == set()
        async with run(shop) as letters:
            assert await seen(letters) == numbers


async def test_what_was_acknowledged_is_gone_and_the_rest_is_not(shop: EmulatedShop) -> None:
    async with parked(shop, 60) as numbers:
        async with run(shop) as letters:
            done = await first(letters)
            await letters.acknowledge(done)
        async with run(shop) as letters:
            assert await seen(letters) == numbers - {each.attributes["number"] for each in done}


async def test_a_subscription_that_is_not_there_is_said(shop: EmulatedShop) -> None:
    async with reading(DeadLetterSubscription(shop.project, "none-such", shop.emulated.pubsub, 60)) as letters:
        with pytest.raises(Missing, match="terraform apply"):
            await first(letters)


async def test_a_run_that_is_interrupted_while_it_pulls_gives_back_what_it_is_handed(shop: EmulatedShop) -> None:
    async with parked(shop, 5) as numbers:

        async def interrupted() -> None:
            async with run(shop, 600) as letters:
                await first(letters)

        for turns in range(1, 40, 3):
            task = asyncio.create_task(interrupted())
            for _ in range(turns):
                await asyncio.sleep(0.001)
            task.cancel()
            await asyncio.wait([task])
        async with run(shop) as letters:
            assert await seen(letters) == numbers
