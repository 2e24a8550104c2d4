"""What a message that a person sent again may ask for, once."""

from dataclasses import replace

import pytest

from fulfillment.domain.decision import GRANTED, News, Policy, ReplayRequest
from fulfillment.domain.effects import Effect, EffectState
from fulfillment.domain.order import Order
from fulfillment.domain.transitions import apply
from fulfillment.effects.runner import EffectExecutor, EffectExecutors
from fulfillment.errors import PermanentError
from fulfillment.subscriber.delivery import Delivery
from local.fakes.memory_orders import MemoryOrders
from local.fakes.stripe_events import COMPLETED, event, session
from support.builders import parsed

EVENT = parsed(event(COMPLETED, session("cs_test_a1")))


def order() -> Order:
    states = {"fulfill": EffectState.FAILED, "send_receipt": EffectState.HELD}
    effects = {name: Effect(state=state, key=name) for name, state in states.items()}
    return replace(apply(None, EVENT).order, effects=effects)


@pytest.mark.parametrize(
    ("asked", "fulfill", "send_receipt"),
    [
        (ReplayRequest(id="7", replay=True), "owed", "held"),
        (ReplayRequest(id="7", release=True), "failed", "owed"),
        (ReplayRequest(id="7", replay=True, release=True), "owed", "owed"),
    ],
)
def test_a_request_is_granted_for_what_it_names(asked: ReplayRequest, fulfill: str, send_receipt: str) -> None:
    granted = asked.grant(order())
    assert {name: effect.state.value for name, effect in granted.effects.items()} == {
        "fulfill": fulfill,
        "send_receipt": send_receipt,
    }
    assert granted.granted == ("7",)
    assert asked.grant(replace(order(), granted=("6", "7"))) == replace(order(), granted=("6", "7"))


def test_without_a_request_nothing_is_granted_and_nothing_remembered() -> None:
    plain = order()
    assert ReplayRequest().grant(plain) is plain
    assert ReplayRequest(id="7").grant(plain) is plain


def test_an_order_remembers_the_last_twenty_messages_whose_request_was_granted() -> None:
    assert GRANTED == 20
    now = order()
    for number in range(25):
        now = ReplayRequest(id=str(number), replay=True).grant(now)
    assert now.granted == tuple(map(str, range(5, 25)))


@pytest.mark.parametrize(
    ("attributes", "asked"),
    [
        ({}, ReplayRequest(id="7")),
        ({"replay": "true"}, ReplayRequest(id="7", replay=True)),
        ({"release": "true"}, ReplayRequest(id="7", release=True)),
        ({"replay": "false", "release": "yes"}, ReplayRequest(id="7")),
    ],
)
def test_a_request_is_an_attribute_that_says_true(attributes: dict[str, str], asked: ReplayRequest) -> None:
    assert ReplayRequest.of("7", attributes) == asked
    assert ReplayRequest.of(None, attributes) == replace(asked, id="")


def test_a_delivery_asks_for_nothing_and_is_known_by_a_token_of_its_own() -> None:
    one, other = (Delivery(orders=MemoryOrders(), executors=EffectExecutors({}), news=News.of(EVENT)) for _ in range(2))
    assert one.request == ReplayRequest()
    assert one.owner != other.owner
    assert len(one.owner) >= 16


def test_a_deployment_holds_nothing_unless_it_is_told_to_and_a_lease_outlives_the_longest_effect() -> None:
    async def perform(_order: Order, _key: str) -> None:
        """Does nothing."""

    assert Policy(configured=frozenset()).hold_on_review is False
    assert (EffectExecutors({}).hold_on_review, EffectExecutors({}).reconciled) == (False, False)
    assert (EffectExecutors({}).lease, EffectExecutors({}).budget) == (30, 540)
    assert EffectExecutors({"a": EffectExecutor(5.5, perform), "b": EffectExecutor(2, perform)}).lease == 36


async def test_what_can_no_longer_be_done_here_is_dropped_and_the_line_says_so() -> None:
    orders = MemoryOrders()
    await orders.create(replace(order(), effects={"send_receipt": Effect(state=EffectState.OWED, key="k")}))

    async def park(error: PermanentError) -> None:
        raise error

    delivery = Delivery(orders=orders, executors=EffectExecutors({}), news=News.of(EVENT))
    assert (await delivery.run(park)).effects == {}
    assert {name: str(each) for name, each in delivery.attempts.items()} == {
        "send_receipt": "dropped: overtaken, or not configured here"
    }
