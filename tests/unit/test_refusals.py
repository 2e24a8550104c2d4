"""What happens when an effect is refused: it rests, is parked, and is replayed."""

import re
from dataclasses import replace

import pytest

from fulfillment.domain import lifecycle
from fulfillment.domain.effects import EffectState
from fulfillment.domain.order import Order
from fulfillment.domain.status import Status
from fulfillment.effects.attempts import Attempt, AttemptState
from fulfillment.errors import (
    EffectsOutstanding,
    PermanentError,
    PublishFailed,
    RefusedForNow,
)
from fulfillment.orders.store import Stored, update
from support.effects_world import ALL, World, resent


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
