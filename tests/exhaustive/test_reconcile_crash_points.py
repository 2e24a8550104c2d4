"""A run of reconcile dies between any two of its steps, and the next one goes on: every moment, not samples."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from support.mortal import Died, Life, Mortal
from support.reconciling import Case, Shop, healed, shop_of

DRAWN = [
    *[Case()] * 8,  # more than fit on a page
    Case(order="awaiting_payment"),
    Case(order="awaiting_payment", payment="unpaid", intent="canceled"),
    Case(order="awaiting_payment", age=timedelta(days=4)),
    Case(order="paid"),
]
PARTS = ("stripe", "orders", "checkpoint", "topic")


async def lived(deaths: Collection[int]) -> tuple[Shop, Life]:
    """A shop after one run, which died where it was told to; what it published is still on its way."""
    shop, life = await shop_of(DRAWN), Life(deaths)
    outside: dict[str, Any] = {name: getattr(shop, name) for name in PARTS}
    vars(shop).update({name: Mortal(part, life) for name, part in outside.items()})
    died = False
    try:
        await shop.run_once()
    except Died:
        died = True
    assert died is bool(deaths)
    vars(shop).update(outside)
    return shop, life


async def told(shop: Shop) -> set[str]:
    """The ids of all that was published when everything is healed."""
    await shop.topic.settle()
    await healed(shop)
    return {message.attributes["event_id"] for message in shop.topic.stored}


async def test_a_run_that_dies_at_any_moment_is_gone_on_with_and_nothing_is_told_that_was_not_to_be() -> None:
    calm, life = await lived(())
    expected = await told(calm)
    for moment in range(len(life.steps)):
        shop, _ = await lived((moment,))
        assert await told(shop) == expected, f"died {life.steps[moment]}"


async def test_every_step_of_a_run_is_a_place_to_die_at() -> None:
    calm, life = await lived(())
    await told(calm)
    calls = {"load", "save", "sessions", "session", "find", "get_all", "publish"}
    assert set(life.steps) == {f"{when} {call}" for when in ("before", "after") for call in calls}
