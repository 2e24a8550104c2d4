"""What a message that a person sent again may wish for, once."""

from dataclasses import replace

import pytest

from fulfillment.domain.effects import Effect, EffectState
from fulfillment.domain.order import Order
from fulfillment.domain.transitions import apply
from fulfillment.effects.runner import Performer, Performers
from fulfillment.errors import PermanentError
from fulfillment.subscriber.delivery import GRANTED, Delivery, Wishes
from fulfillment.topic.message import Message
from local.memory_orders import MemoryOrders
from local.stripe_events import COMPLETED, event, session
from samples import parsed

EVENT = parsed(event(COMPLETED, session("cs_test_a1")))


def order() -> Order:
    states = {"fulfill": EffectState.FAILED, "send_receipt": EffectState.HELD}
    effects = {name: Effect(state=state, key=name) for name, state in states.items()}
    return replace(apply(None, EVENT).order, effects=effects)


@pytest.mark.parametrize(
    ("wishes", "fulfill", "send_receipt"),
    [
        (Wishes(id="7", replay=True), "owed", "held"),
        (Wishes(id="7", release=True), "failed", "owed"),
        (Wishes(id="7", replay=True, release=True), "owed", "owed"),
    ],
)
def test_a_wish_is_granted_for_what_it_names(wishes: Wishes, fulfill: str, send_receipt: str) -> None:
    granted = wishes.grant(order())
    assert {name: effect.state.value for name, effect in granted.effects.items()} == {
        "fulfill": fulfill,
        "send_receipt": send_receipt,
    }
    assert granted.granted == ("7",)
    assert wishes.grant(replace(order(), granted=("6", "7"))) == replace(order(), granted=("6", "7"))


def test_without_a_wish_nothing_is_granted_and_nothing_remembered() -> None:
    plain = order()
    assert Wishes().grant(plain) is plain
    assert Wishes(id="7").grant(plain) is plain


def test_an_order_remembers_the_last_twenty_messages_whose_wish_was_granted() -> None:
    assert GRANTED == 20
    now = order()
    for number in range(25):
        now = Wishes(id=str(number), replay=True).grant(now)
    assert now.granted == tuple(map(str, range(5, 25)))


@pytest.mark.parametrize(
    ("attributes", "wishes"),
    [
        ({}, Wishes(id="7")),
        ({"replay": "true"}, Wishes(id="7", replay=True)),
        ({"release": "true"}, Wishes(id="7", release=True)),
        ({"replay": "false", "release": "yes"}, Wishes(id="7")),
    ],
)
def test_a_wish_is_an_attribute_that_says_true(attributes: dict[str, str], wishes: Wishes) -> None:
    assert Wishes.of(Message(data=b"", attributes=attributes, id="7")) == wishes
    assert Wishes.of(Message(data=b"", attributes=attributes)) == replace(wishes, id="")


def test_a_delivery_wishes_for_nothing_and_is_known_by_a_token_of_its_own() -> None:
    one, other = (Delivery(orders=MemoryOrders(), performers=Performers({}), event=EVENT) for _ in range(2))
    assert one.wishes == Wishes()
    assert one.owner != other.owner
    assert len(one.owner) >= 16


def test_a_deployment_holds_nothing_unless_it_is_told_to_and_a_lease_outlives_the_longest_effect() -> None:
    async def perform(_order: Order, _key: str) -> None:
        """Does nothing."""

    assert Performers({}).hold_on_review is False
    assert (Performers({}).lease, Performers({}).budget) == (30, 540)
    assert Performers({"a": Performer(5.5, perform), "b": Performer(2, perform)}).lease == 36


async def test_what_can_no_longer_be_done_here_is_dropped_and_the_line_says_so() -> None:
    orders = MemoryOrders()
    await orders.create(replace(order(), effects={"send_receipt": Effect(state=EffectState.OWED, key="k")}))

    async def park(error: PermanentError) -> None:
        raise error

    delivery = Delivery(orders=orders, performers=Performers({}), event=EVENT)
    assert (await delivery.run(park)).effects == {}
    assert delivery.performed == {"send_receipt": "dropped: overtaken, or not configured here"}
