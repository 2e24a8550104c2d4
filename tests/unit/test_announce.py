"""An announcement is the message that docs/effects.md says."""

import json
from dataclasses import replace
from datetime import datetime

import pytest

from fulfillment.domain.order import Order
from fulfillment.domain.status import Status
from fulfillment.effects.announce import Announcer, message
from local.fakes.memory_topic import MemoryTopic
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
    assert not {"events", "effects", "effect_states", "lease", "granted"} & data["order"].keys()


def test_what_has_no_json_is_a_bug_and_not_a_message() -> None:
    order = an_order()
    order.metadata["x"] = object()  # type: ignore[index]
    with pytest.raises(TypeError):
        message(Status.PAID, order, "k")
