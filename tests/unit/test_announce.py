"""An announcement is the message that docs/effects.md says."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from fulfillment.domain.order import Announced, Order
from fulfillment.domain.order_money import MoneyStatus
from fulfillment.domain.status import Status
from fulfillment.effects.announce import Announcer, message, money_message
from local.fakes.memory_topic import MemoryTopic
from support.after_sale import dispute, refund
from support.builders import paid_order


def an_order() -> Order:
    return paid_order("cs_test_a1", mode="subscription")


async def test_its_attributes_are_what_a_filter_wants() -> None:
    topic = MemoryTopic()
    await Announcer(topic).announce(Status.PAID, an_order(), "cs_test_a1:announce_paid")
    assert topic.stored[0].attributes == {
        "key": "cs_test_a1:announce_paid",
        "status": "paid",
        "livemode": "false",
        "mode": "subscription",
        "schema": "1",
    }


@pytest.mark.parametrize("mode", ["", "a\nb", "x" * 1025, None])
async def test_a_mode_that_no_attribute_can_be_is_unknown_and_does_not_stop_the_announcement(mode: str | None) -> None:
    topic = MemoryTopic()
    await Announcer(topic).announce(Status.PAID, replace(an_order(), mode=mode), "k")
    assert topic.stored[0].attributes["mode"] == "unknown"


def test_its_data_is_the_order_without_what_is_internal() -> None:
    data = json.loads(message(Status.PAID, an_order(), "cs_test_a1:announce_paid"))
    assert (data["schema"], data["id"], data["status"]) == (1, "cs_test_a1:announce_paid", "paid")
    assert data["order"]["status"] == "paid"
    assert data["order"]["amount_total"] == 3500
    assert datetime.fromisoformat(data["order"]["paid_at"]).tzinfo is not None
    assert not {"events", "effects", "effect_states", "lease", "granted", "announced"} & data["order"].keys()


def test_what_has_no_json_is_a_bug_and_not_a_message() -> None:
    order = an_order()
    order.metadata["x"] = object()  # type: ignore[index]
    with pytest.raises(TypeError):
        message(Status.PAID, order, "k")


# --- of the money

MONEY_KEY = "cs_test_a1:announce_money:3"


def refunded() -> Order:
    changed = Announced(money=MoneyStatus.REFUNDED, changes=3)
    return replace(an_order(), refunds={"re_1": refund(3500)}, announced=changed)


async def test_a_message_about_the_money_has_its_status_and_not_the_orders() -> None:
    topic, order = MemoryTopic(), refunded()
    await Announcer(topic).announce_money(order, MONEY_KEY)
    (stored,) = topic.stored
    assert stored.attributes == {
        "key": MONEY_KEY,
        "money_status": "refunded",
        "livemode": "false",
        "mode": "subscription",
        "schema": "1",
    }
    assert stored.data == money_message(order, MONEY_KEY)


def test_its_data_is_the_order_with_its_refunds() -> None:
    data = json.loads(money_message(refunded(), MONEY_KEY))
    assert set(data) == {"schema", "id", "money_status", "order"}
    assert (data["schema"], data["id"], data["money_status"]) == (1, MONEY_KEY, "refunded")
    of = data["order"]
    assert (of["id"], of["status"], of["money"]["status"], of["money"]["refunded"]) == (
        *("cs_test_a1", "paid", "refunded", 3500),
    )
    assert (of["refunds"]["re_1"]["status"], of["refunds"]["re_1"]["amount"]) == ("succeeded", 3500)
    assert not {"events", "effects", "effect_states", "lease", "granted", "announced"} & of.keys()


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "kept"),
        ({"refunds": {"re_1": refund(100)}}, "partly_refunded"),
        ({"refunds": {"re_1": refund(3500)}, "disputes": {"dp_1": dispute("needs_response")}}, "disputed"),
        ({"refunds": {"re_1": refund(3500, "failed")}}, "kept"),
    ],
)
def test_the_level_is_told_as_it_is_now(changes: dict[str, Any], status: str) -> None:
    data = json.loads(money_message(replace(an_order(), **changes), MONEY_KEY))
    assert data["money_status"] == data["order"]["money"]["status"] == status
