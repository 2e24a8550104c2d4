"""What the order status page shows and logs when a service fails or a limit is reached."""

import asyncio
import json

import pytest

from fulfillment.domain.ids import SessionId
from local.runtime.processes import free_ports
from support.builders import order
from support.landings import PERSONAL, Landing, MakeLanding, line, new_id


async def test_who_guesses_ids_cannot_use_up_the_shops_quota(
    make_landing: MakeLanding, capsys: pytest.CaptureFixture[str]
) -> None:
    landing = make_landing(ORDER_STATUS_READS_PER_MINUTE="3")
    guessed = await asyncio.gather(*(landing.get(new_id()) for _ in range(40)))
    assert sorted(answer.status_code for answer in guessed) == [202] * 37 + [404] * 3
    assert len(landing.stripe.reads) == 3
    buyer = landing.sold()
    capsys.readouterr()
    answer = await landing.get(buyer)
    assert (answer.status_code, answer.headers["refresh"]) == (202, "2")
    assert "Confirming your order" in answer.text
    assert line(capsys)["stripe"] == "allowance_spent"
    stored = order(id=SessionId(buyer))
    await landing.orders.create(stored)
    assert (await landing.get(buyer)).status_code == 200
    assert len(landing.stripe.reads) == 3


async def test_stripes_failure_counts_as_one_read_and_is_not_the_buyers(
    landing: Landing, capsys: pytest.CaptureFixture[str]
) -> None:
    landing.stripe.faults = [500, 429, 401]
    order_id = landing.sold()
    capsys.readouterr()
    assert (await landing.get(order_id)).status_code == 202
    assert (await landing.get(order_id)).status_code == 202
    assert len(landing.stripe.reads) == 1
    written = [json.loads(text) for text in capsys.readouterr().out.splitlines() if "duration_ms" in text]
    assert [(each["outcome"], each["stripe"]) for each in written] == [
        ("unread", "unavailable"),
        ("shown", "remembered"),
    ]


async def test_without_a_key_the_page_waits_for_the_webhook_whatever_the_id(make_landing: MakeLanding) -> None:
    landing = make_landing(STRIPE_API_KEY="")
    assert {(await landing.get(each)).status_code for each in (new_id(), landing.sold())} == {202}


async def test_firestore_down_is_503_and_the_page_looks_again(
    make_landing: MakeLanding, capsys: pytest.CaptureFixture[str]
) -> None:
    landing = make_landing(FIRESTORE_EMULATOR_HOST=f"127.0.0.1:{free_ports(1)[0]}")
    capsys.readouterr()
    answer = await landing.get(landing.sold())
    assert answer.status_code == 503
    assert answer.headers["refresh"] == answer.headers["retry-after"]
    assert "Confirming your order" in answer.text
    assert landing.stripe.reads == []
    assert line(capsys)["outcome"] == "unavailable"


async def test_pubsub_down_is_no_reason_to_hide_the_truth(
    make_landing: MakeLanding, capsys: pytest.CaptureFixture[str]
) -> None:
    landing = make_landing(EVENTS_TOPIC="a-missing-topic")
    order_id = landing.sold()
    capsys.readouterr()
    assert (await landing.told(order_id))["status"] == "paid"
    assert line(capsys)["outcome"] == "publish_failed"
    landing.admin.create_topic("a-missing-topic")
    assert (await landing.told(order_id))["status"] == "paid"
    written = line(capsys)
    assert (written["outcome"], written["stripe"]) == ("shown", "remembered")
    assert written["message_id"]


async def test_an_unreadable_order_is_503_and_an_error_in_the_log(
    landing: Landing, capsys: pytest.CaptureFixture[str]
) -> None:
    order_id = new_id()
    await landing.orders._documents.create(order_id, {"schema": 1, "status": "paid"})
    capsys.readouterr()
    assert (await landing.get(order_id)).status_code == 503
    written = line(capsys)
    assert (written["severity"], written["outcome"]) == ("ERROR", "failed")


async def test_one_line_tells_a_visit_without_a_word_about_the_buyer(
    landing: Landing, capsys: pytest.CaptureFixture[str]
) -> None:
    order_id = landing.sold()
    capsys.readouterr()
    await landing.get(order_id)
    written = line(capsys)
    assert (written["session"], written["standing"], written["status"]) == (order_id, "paid", 200)
    assert (written["entry_point"], written["stripe"], written["outcome"]) == ("order_status", "read", "shown")
    assert not [each for each in PERSONAL if each in json.dumps(written).lower()]
