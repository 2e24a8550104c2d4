"""Every schedule of a sale with what happens to its money later, within bounds: at rest the last level that the world
was told is the document's, whatever crashed, came late, or was lost.

The world is a receiver that refuses a number lower than one it has seen: a call that goes on after its time may end
after a newer one.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from fulfillment.domain.access import BEFORE, Level
from fulfillment.domain.decision import News
from fulfillment.domain.effects import EffectState, owed
from fulfillment.domain.order import Order
from local.fakes.stripe_events import COMPLETED, event, session
from support.after_sales import told
from support.builders import parsed
from support.schedules import Bounds, World, schedules

KINDS = ("access_changed", "fulfill")
SALE = parsed(event(COMPLETED, session("cs_test_a1", amount_total=1000), id="evt_a"))
FOUND = parsed(event(COMPLETED, session("cs_test_a1", amount_total=1000), id="reconcile:cs_test_a1:paid"))


def later(*facts: tuple[str, str, int]) -> News:
    """News of a refund: its status, its event, and when."""
    found = tuple(told("re_1", status, name, at) for status, name, at in facts)
    return News(order_id="cs_test_a1", event=FOUND, facts=found)


PAID = News.of(SALE)
REFUNDED = later(("succeeded", "evt_r1", 1))
FAILED = later(("failed", "evt_r2", 2))


def search(news: Sequence[News], bounds: Bounds, level: Level, kinds: Sequence[str] = KINDS) -> int:
    tried = 0
    for world in schedules(news, bounds, kinds):
        check_end(world, level)
        tried += 1
    return tried


def check_end(world: World, level: Level) -> None:
    order = world.document()
    assert order is not None
    assert owed(order.effects) == (), world.trail
    known = order.access.level if order.access else Level.GRANTED
    assert known is level, world.trail
    refused = {name for name, each in order.effects.items() if each.state is EffectState.FAILED}
    assert bool(refused) <= ("refuse" in world.used), world.trail
    if "access_changed" not in refused:
        assert told_last(world) is level, f"{world.performed} {world.trail}"
    held = {name for name, each in order.effects.items() if each.state is EffectState.HELD}
    assert bool(held) <= (level is Level.REVOKED), world.trail
    if level is Level.GRANTED and "fulfill" not in refused:
        assert order.effects["fulfill"].state is EffectState.DONE, world.trail
    assert {name for name in order.effects if name.startswith("refunded:")} <= refused, world.trail


def told_last(world: World) -> Level:
    """The level that the receiver ends with: that of the highest number."""
    numbers = {int(key.rpartition(":")[2]): key for name, key in world.performed if name == "access_changed"}
    if not numbers:
        return Level.GRANTED
    (level,) = world.levels[numbers[max(numbers)]]
    return level


def test_a_wrong_level_under_the_right_number_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    performing = World._performing

    def wrongly(world: World, name: str) -> Callable[[Order, str], Awaitable[None]]:
        perform = performing(world, name)
        return lambda order, key: perform(replace(order, access=BEFORE), key)

    monkeypatch.setattr(World, "_performing", wrongly)
    with pytest.raises(AssertionError, match="access_changed"):
        search([PAID, REFUNDED], Bounds((), switches=0), Level.REVOKED)


@pytest.mark.parametrize("fault", ["crash", "lost", "expire", "fail", "refuse", "late"])
def test_one_fault_anywhere_tells_the_last_level_of_a_refund(fault: str) -> None:
    assert search([PAID, REFUNDED], Bounds((fault,), switches=1), Level.REVOKED) > 50


@pytest.mark.parametrize("fault", ["crash", "lost", "expire", "late"])
def test_a_refund_that_fails_later_restores_in_every_schedule(fault: str) -> None:
    assert search([REFUNDED, FAILED], Bounds((fault,), switches=1), Level.GRANTED) > 50


def test_a_refund_that_fails_restores_however_the_three_interleave() -> None:
    assert search([PAID, REFUNDED, FAILED], Bounds((), switches=1), Level.GRANTED) > 50


def test_two_faults_anywhere_tell_the_last_level() -> None:
    assert search([REFUNDED, FAILED], Bounds(("crash", "late"), in_all=2, switches=0), Level.GRANTED) > 50


def test_what_a_refund_owes_is_done_beside_the_level() -> None:
    kinds = ("access_changed", "load_line_items", "fulfill", "refunded", "announce_money")
    assert search([PAID, REFUNDED], Bounds(("crash",), switches=0), Level.REVOKED, kinds) > 50
