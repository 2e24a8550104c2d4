"""Whatever way Stripe's events come in: in the end the order has what Stripe has."""

import asyncio
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.fakes.stripe_events import COMPLETED, event
from local.fakes.stripe_payments import Told
from support.after_sale_shop import PAYMENT, Shop, long_ago

REFUNDS = [
    ("succeeded",),
    ("succeeded", "requires_action"),
    ("pending", "succeeded"),
    ("pending", "succeeded", "failed"),
    ("requires_action", "pending", "succeeded", "requires_action"),
    ("requires_action", "pending", "succeeded", "requires_action", "pending", "succeeded"),
    ("requires_action", "succeeded", "requires_action", "failed"),
    ("requires_action", "failed"),
    ("pending", "canceled"),
]
DISPUTES = [
    ("needs_response", "under_review", "won"),
    ("needs_response", "lost", "won"),
    ("warning_needs_response", "warning_under_review", "warning_closed"),
    ("warning_needs_response", "needs_response", "lost"),
    ("prevented", "needs_response"),
    ("prevented", "needs_response", "under_review", "lost"),
    ("needs_response", "lost", "appeal_needs_response", "appeal_under_review", "lost"),
    ("needs_response", "lost", "appeal_needs_response", "appeal_under_review", "won"),
]


class Ticking:
    """A clock at which each event has a time of its own, all of them hours ago."""

    def __init__(self) -> None:
        self.now = long_ago(days=1).timestamp()

    def __call__(self) -> float:
        self.now += 100
        return self.now


async def told(shop: Shop, arrival: list[tuple[int, bool]], events: list[Told]) -> None:
    """Has the events told in that order, each until it is acknowledged."""
    for index, thin in arrival:
        each = events[index]
        said = (each.thin or {}) if thin else each.snapshot
        for _ in range(3):
            if await shop.push(said) == 204:
                break
        else:
            raise AssertionError(f"{each.type} is not acknowledged")


async def sold(*, known: bool = True) -> Shop:
    """A sale. `known`: its event was told before all others."""
    shop = Shop()
    paid = shop.pay()
    shop.world.clock = Ticking()
    if known:
        assert await shop.push(event(COMPLETED, paid)) == 204
    return shop


async def agrees(shop: Shop) -> None:
    """Asserts that the order has each object in the status in which Stripe has it."""
    order = await shop.order()
    joined = {**order.refunds, **order.disputes}
    assert joined
    assert {name: each.status for name, each in joined.items()} == {
        name: shop.world.object(name)["status"] for name in joined
    }


SHORT = [life for life in (*REFUNDS, *DISPUTES) if len(life) <= 5]


@pytest.mark.parametrize("life", SHORT, ids="-".join)
async def test_each_arrival_of_a_short_life_ends_with_what_stripe_has(life: tuple[str, ...]) -> None:
    count = len((await lived(life))[1])
    for arrival in itertools.permutations(range(count)):
        shop, events = await lived(life)
        await told(shop, [(index, False) for index in arrival], events)
        await agrees(shop)


async def lived(life: tuple[str, ...]) -> tuple[Shop, list[Told]]:
    """A shop with the events of one life, at most one of each status."""
    shop = await sold()
    befall = shop.world.refunded if life in REFUNDS else shop.world.disputed
    events = befall(PAYMENT, *life)
    return shop, [each for each in events if "funds" not in each.type]


@settings(max_examples=150)
@given(st.data())
def test_any_arrival_of_two_lives_ends_with_what_stripe_has(data: st.DataObject) -> None:
    """Snapshot and thin, several times, before their sale and after it."""

    async def live() -> None:
        shop = await sold(known=data.draw(st.booleans(), label="the sale is known first"))
        lives = [*shop.world.refunded(PAYMENT, *data.draw(st.sampled_from(REFUNDS)), amount=1000)]
        lives += shop.world.disputed(PAYMENT, *data.draw(st.sampled_from(DISPUTES)))
        again = data.draw(st.lists(st.integers(0, len(lives) - 1), max_size=4))
        arrival = data.draw(st.permutations([*range(len(lives)), *again]))
        thin = data.draw(st.sets(st.integers(0, len(arrival) - 1), max_size=2))
        await told(shop, [(index, place in thin) for place, index in enumerate(arrival)], lives)
        await agrees(shop)

    asyncio.run(live())
