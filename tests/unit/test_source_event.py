"""An order's own source event, told again: it asks for nothing but what its message request."""

import json
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain import lifecycle
from fulfillment.domain.decision import ReplayRequest
from fulfillment.domain.effects import EffectState
from fulfillment.domain.events import parse
from fulfillment.domain.order import Order
from fulfillment.domain.source_event import source_event
from fulfillment.domain.transitions import Outcome, apply
from fulfillment.topic.attributes import attributes_of
from local.fakes.stripe_events import COMPLETED, Json, event, session
from support.builders import NOW, parsed
from support.samples import renderings

LATER = NOW + timedelta(days=1)


def arrive(events: list[Json]) -> Order:
    order = None
    for each in events:
        order = apply(order, parsed(each)).order
    assert order
    return order


@given(renderings().filter(bool))
def test_it_changes_no_order_whatever_made_it(events: list[Json]) -> None:
    order = arrive(events)
    transition = apply(order, parse(source_event(order).body, LATER))
    assert transition.outcome is Outcome.DUPLICATE
    assert transition.order is order


@given(renderings().filter(bool), st.data())
def test_what_it_made_where_the_order_was_lost_gives_way_to_stripes_own_event(
    events: list[Json], data: st.DataObject
) -> None:
    order = arrive(events)
    told = parse(source_event(order).body, LATER)
    around = data.draw(st.permutations([told, *map(parsed, events)]))
    after: Order | None = None
    for each in around:
        after = apply(after, each).order
    assert after
    assert (after.customer, after.shipping, after.source) == (order.customer, order.shipping, order.source)


def test_it_says_nothing_of_the_buyer_and_reaches_the_subscriber_of_its_event() -> None:
    order = arrive([event(COMPLETED, session("cs_test_a1"), account="acct_1", context="org_1/acct_1")])
    found = source_event(order)
    assert not [each for each in ("jenny", "Jenny", "Oyster", "cart_1001") if each in found.body.decode()]
    attributes = attributes_of(found.event, "")
    wanted = {"event_id": order.source, "event_type": COMPLETED, "session_id": "cs_test_a1", "livemode": "false"}
    told = {name: text for name, text in attributes.items() if text and not name.startswith(("ce-", "content-"))}
    assert told == {**wanted, "object_id": "cs_test_a1", "account": "acct_1", "context": "org_1/acct_1"}
    assert json.loads(found.body) == found.event


def test_it_takes_over_nothing_from_an_event_that_names_no_version_either() -> None:
    order = arrive([event(COMPLETED, session("cs_test_a1"), api_version=None)])
    assert order.customer
    assert apply(order, parse(source_event(order).body, LATER)).order is order


def test_what_its_message_wishes_is_granted() -> None:
    order = lifecycle.mark_failed(arrive([event(COMPLETED, session("cs_test_a1"))]), "fulfill", "permanent: sold out")
    after = ReplayRequest(id="1", replay=True).grant(apply(order, parse(source_event(order).body, LATER)).order)
    assert after.effects["fulfill"].state is EffectState.OWED
    assert replace(after, effects=order.effects, granted=()) == order


def test_it_tells_what_the_order_is_known_by_and_nothing_of_the_buyer() -> None:
    said = session("cs_test_a1", payment_link="plink_1", payment_intent="pi_1", metadata={"shop": "acme"})
    told = json.loads(source_event(arrive([event(COMPLETED, said, id="evt_1", created=1795446600)])).body)
    assert {name: value for name, value in told.items() if name != "data"} == {
        "id": "evt_1",
        "object": "event",
        "type": COMPLETED,
        "created": 1795446600,
        "livemode": False,
    }
    assert told["data"]["object"] == {
        "id": "cs_test_a1",
        "object": "checkout.session",
        "livemode": False,
        "mode": "payment",
        "payment_status": "paid",
        "payment_link": "plink_1",
        "payment_intent": "pi_1",
        "metadata": {"shop": "acme"},
        "amount_total": 3500,
        "amount_subtotal": 3000,
        "currency": "usd",
    }
