"""Every schedule of a sale's messages within bounds: nothing is lost, and nothing is done twice without a reason."""

from collections.abc import Sequence

import pytest

from fulfillment.domain.decision import News
from fulfillment.domain.effects import EffectState, owed
from fulfillment.domain.status import Status
from local.fakes.stripe_events import COMPLETED, FAILED, SUCCEEDED, event, session
from support.builders import parsed
from support.samples import Json
from support.schedules import Bounds, World, schedules

FAULTS = ("crash", "lost", "expire", "fail", "refuse", "down")


def check_end(world: World, status: Status) -> None:
    order = world.document()
    assert order is not None
    assert owed(order.effects) == (), world.trail
    done = {name for name, effect in order.effects.items() if effect.state is EffectState.DONE}
    failed = {name for name, effect in order.effects.items() if effect.state is EffectState.FAILED}
    assert done | failed == set(order.effects), world.trail
    assert bool(failed) <= ("refuse" in world.used), world.trail
    assert bool(failed) <= bool(world.parked), world.trail
    if "fulfill" not in failed:
        assert order.status is status, world.trail
    times: dict[str, int] = {}
    for name, key in world.performed:
        assert key == f"cs_test_a1:{name}", world.trail
        times[name] = times.get(name, 0) + 1
    assert done <= set(times), f"struck off and never done: {world.trail}"
    if not set(world.used) & {"crash", "lost", "expire"}:
        assert set(times.values()) <= {1}, f"done twice without a reason: {times} {world.trail}"


PAID = event(COMPLETED, session("cs_test_a1"), id="evt_a")
TWIN = event(COMPLETED, session("cs_test_a1"), id="evt_b")
UNPAID = event(COMPLETED, session("cs_test_a1", payment_status="unpaid"), id="evt_c")
FAILURE = event(FAILED, session("cs_test_a1"), id="evt_d")
SUCCESS = event(SUCCEEDED, session("cs_test_a1"), id="evt_e")


def search(said: Sequence[Json], bounds: Bounds, status: Status = Status.FULFILLED) -> int:
    tried = 0
    for world in schedules([News.of(parsed(each)) for each in said], bounds):
        check_end(world, status)
        tried += 1
    return tried


def test_the_same_message_twice_at_once_is_performed_once() -> None:
    assert search([PAID, PAID], Bounds((), switches=2)) > 400


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_anywhere_loses_nothing(fault: str) -> None:
    faults = ("refuse", "down") if fault == "down" else (fault,)
    assert search([PAID, TWIN], Bounds(faults, in_all=len(faults), switches=1)) > 50


def test_two_faults_anywhere_lose_nothing() -> None:
    assert search([PAID, PAID], Bounds(FAULTS, in_all=2, switches=0)) > 1000


@pytest.mark.parametrize("fault", ["crash", "lost", "expire"])
def test_a_failure_overtaken_by_the_payment_ends_fulfilled(fault: str) -> None:
    assert search([FAILURE, SUCCESS], Bounds((fault,), in_all=1, switches=1)) > 400


def test_a_latecomer_takes_nothing_away() -> None:
    assert search([SUCCESS, UNPAID], Bounds(("crash",), in_all=1, switches=1)) > 200
