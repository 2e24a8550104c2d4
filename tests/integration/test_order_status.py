"""Each line of the landing page's table, over real HTTP, with both emulators and a stand-in of Stripe behind it."""

import asyncio
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from fulfillment.domain.events import parse
from fulfillment.domain.ids import SessionId
from fulfillment.domain.order import Order
from fulfillment.domain.status import Status
from local.fakes.stripe_events import session
from local.runtime.neighbors import SHOP_URL
from local.runtime.processes import free_ports
from support.builders import item, order
from support.landings import DONE, PERSONAL, Landing, MakeLanding, line, new_id


def without_nonce(text: str) -> str:
    return re.sub(r'nonce="[^"]+"', "", text)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_another_method_is_405(landing: Landing, method: str) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.request(method, landing.url, params={"session_id": new_id()})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_browser_may_ask_beforehand_for_a_page_of_another_origin(
    landing: Landing, capsys: pytest.CaptureFixture[str]
) -> None:
    """A header of the shop's own, as tracing adds one, makes the browser ask with OPTIONS first."""
    asking = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "traceparent,x-requested-with",
    }
    capsys.readouterr()
    async with httpx.AsyncClient() as client:
        answer = await client.options(landing.url, params={"session_id": new_id()}, headers=asking)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert {"GET", "HEAD"} <= {each.strip() for each in answer.headers["access-control-allow-methods"].split(",")}
    assert answer.headers["access-control-allow-headers"] == "*"
    assert int(answer.headers["access-control-max-age"]) > 0
    assert "access-control-allow-credentials" not in answer.headers
    assert landing.stripe.reads == []
    assert (line(capsys)["outcome"], answer.headers["allow"]) == ("preflight", "GET, HEAD, OPTIONS")


async def test_the_json_of_every_status_may_be_read_by_a_page_of_another_origin(make_landing: MakeLanding) -> None:
    landing = make_landing()
    asked = [(await landing.has(Status.PAID), 200), (new_id(), 404), (None, 404), ("cs_live_a1", 404)]
    answers = [(await landing.get(session_id, "application/json"), status) for session_id, status in asked]
    landing = make_landing(STRIPE_API_KEY="")
    answers.append((await landing.get(new_id(), "application/json"), 202))
    landing = make_landing(FIRESTORE_EMULATOR_HOST=f"127.0.0.1:{free_ports(1)[0]}")
    answers.append((await landing.get(new_id(), "application/json"), 503))
    assert [answer.status_code for answer, _ in answers] == [status for _, status in answers]
    assert {answer.headers.get("access-control-allow-origin") for answer, _ in answers} == {"*"}


async def test_what_is_not_found_is_one_and_the_same_page_whatever_the_reason(make_landing: MakeLanding) -> None:
    landing = make_landing(ORDER_FILTER="metadata.shop=acme")
    others = landing.sold(metadata={"shop": "other"})
    connected = landing.sold(metadata={"shop": "acme"})
    landing.stripe.accounts[connected] = "acct_1"
    strangers = [
        new_id(),
        "cs_live_a1",
        "nonsense",
        others,
        connected,
        landing.sold(metadata={"shop": "acme"}, status="open", payment_status="unpaid"),
        landing.sold(metadata={"shop": "acme"}, status="expired", payment_status="unpaid"),
        landing.sold(metadata={"shop": "acme"}, mode="setup", payment_status="no_payment_required"),
    ]
    answers = [await landing.get(each) for each in strangers]
    assert {answer.status_code for answer in answers} == {404}
    assert len({without_nonce(answer.text) for answer in answers}) == 1
    varying = {"content-security-policy", "date"}
    assert len({str([pair for pair in answer.headers.items() if pair[0] not in varying]) for answer in answers}) == 1
    assert len({(await landing.get(each, "application/json")).text for each in strangers}) == 1
    assert landing.published() == []
    assert SHOP_URL in answers[0].text


async def test_with_connect_a_buyer_who_is_back_before_the_webhook_waits_and_so_does_every_stranger(
    make_landing: MakeLanding,
) -> None:
    """Whose session it is, only its event tells: a buyer who has paid must not read that there is no order."""
    landing = make_landing(STRIPE_CONNECT="true")
    connected = landing.sold()
    landing.stripe.accounts[connected] = "acct_1"
    strangers = [connected, new_id(), landing.sold(status="open", payment_status="unpaid")]
    answers = [await landing.get(each) for each in strangers]
    assert {(answer.status_code, answer.headers["refresh"]) for answer in answers} == {(202, "2")}
    assert landing.published() == []
    assert (await landing.told(landing.sold()))["status"] == "paid"


@pytest.mark.parametrize(
    ("claim", "changes", "status", "heading"),
    [
        (Status.AWAITING_PAYMENT, {}, "awaiting_payment", "Waiting for your payment"),
        (Status.PAYMENT_FAILED, {}, "payment_failed", "Your payment did not come through"),
        (Status.PAID, {}, "paid", "Thank you, your payment is here"),
        (Status.PAID, {"review": ("amounts_differ",)}, "paid", "Thank you, your payment is here"),
        (Status.PAID, {"effects": DONE}, "fulfilled", "Your order is complete"),
    ],
)
async def test_an_order_is_200_with_its_status_items_and_total_and_nothing_personal(
    landing: Landing, claim: Status, changes: dict[str, Any], status: str, heading: str
) -> None:
    order_id = await landing.has(claim, **changes)
    page, told = await landing.get(order_id), await landing.get(order_id, "application/json")
    assert (page.status_code, told.status_code) == (200, 200)
    assert f"<h1>{heading}</h1>" in page.text
    assert told.json()["status"] == status
    for text in ("Notebook", "$30.00", "$76.93", "Fountain pen"):
        assert text in page.text
        assert text in told.text
    assert not [each for each in PERSONAL if each in (page.text + told.text).lower()]
    assert (SHOP_URL in page.text, "Order again" in page.text) == (True, status == "payment_failed")
    assert landing.published() == []


def usd(minor: int, text: str) -> dict[str, Any]:
    return {"minor_units": minor, "currency": "usd", "text": text}


async def test_the_json_is_the_contracts(landing: Landing) -> None:
    total_alone = replace(item(None, 0, quantity=None), amount_subtotal=None, amount_total=4400)
    order_id = await landing.has(Status.PAID, line_items=(item("Notebook", 3000, quantity=2), total_alone))
    assert await landing.told(order_id) == {
        "status": "paid",
        "items": [
            {"description": "Notebook", "quantity": 2, "amount": usd(3000, "$30.00")},
            {"description": None, "quantity": None, "amount": usd(4400, "$44.00")},
        ],
        "subtotal": usd(7400, "$74.00"),
        "discount": usd(-740, "-$7.40"),
        "shipping": usd(500, "$5.00"),
        "tax": usd(533, "$5.33"),
        "included_tax": usd(0, "$0.00"),
        "total": usd(7693, "$76.93"),
        "presented": None,
        "refresh_seconds": 2,
    }


async def test_the_json_tells_no_amounts_that_contradict_the_total(landing: Landing) -> None:
    order_id = await landing.has(Status.PAID, line_items=(item("Notebook", 3000), item("Pen", 990, "jpy")))
    told = await landing.told(order_id)
    assert [(each["description"], each["amount"]) for each in told["items"]] == [("Notebook", None), ("Pen", None)]
    told = await landing.told(await landing.has(Status.PAID, amount_total=7694, amount_tax=0))
    parts = ("subtotal", "discount", "shipping", "tax", "included_tax")
    assert ([told[part] for part in parts], told["total"]) == ([None] * 5, usd(7694, "$76.94"))
    unknown = (await landing.get(new_id(), "application/json")).json()
    assert [unknown[part] for part in (*parts, "total", "items")] == [None] * 7


async def test_a_quantity_is_shown_where_there_is_one_and_zero_is_one(landing: Landing) -> None:
    for quantity in (None, 0):
        order_id = await landing.has(Status.PAID, line_items=(item("Metered", 300, quantity=quantity),))
        page, told = await landing.get(order_id), await landing.told(order_id)
        assert ("Quantity" in page.text, "Quantity: <bdi>0</bdi>" in page.text) == (quantity == 0, quantity == 0)
        assert told["items"][0]["quantity"] == quantity


@pytest.mark.parametrize(
    ("changes", "status", "event_type"),
    [
        ({}, "paid", "checkout.session.completed"),
        ({"payment_status": "no_payment_required", "amount_total": 0}, "paid", "checkout.session.completed"),
        ({"payment_status": "unpaid"}, "awaiting_payment", "checkout.session.completed"),
        ({"payment_status": "unpaid", "payment_intent": "pi_ended"}, "payment_failed",
         "checkout.session.async_payment_failed"),
    ],
)  # fmt: skip
async def test_before_the_webhook_the_truth_is_read_from_stripe_once_and_published_once(
    landing: Landing, changes: dict[str, Any], status: str, event_type: str
) -> None:
    landing.stripe.intents["pi_ended"] = {"id": "pi_ended", "status": "requires_payment_method"}
    order_id = landing.sold(**changes)
    answers = await asyncio.gather(*(landing.get(order_id, "application/json") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["status"] for answer in answers} == {status}
    assert len(landing.stripe.reads) == 1
    (message,) = landing.published()
    attributes = dict(message.attributes)
    assert attributes.pop("traceparent")
    assert attributes == {
        "event_id": f"reconcile:{order_id}:{status}",
        "event_type": event_type,
        "session_id": order_id,
        "livemode": "false",
        "api_version": "2026-10-28.endive",
        "source": "order_status",
    }
    event = parse(message.data, received_at=datetime.now(UTC))
    assert event.checkout.id == order_id
    page = await landing.get(order_id)
    assert not [each for each in PERSONAL if each in page.text.lower()]


async def test_a_delayed_payment_that_has_come_is_told_and_published_although_its_event_was_lost(
    landing: Landing,
) -> None:
    waiting = await landing.has(Status.AWAITING_PAYMENT)
    landing.stripe.sessions[waiting] = session(waiting)
    assert (await landing.told(waiting))["status"] == "paid"
    (message,) = landing.published()
    assert message.attributes["event_id"] == f"reconcile:{waiting}:paid"


async def test_a_paid_order_needs_no_request_to_stripe(landing: Landing) -> None:
    paid = await landing.has(Status.PAID)
    landing.stripe.sessions[paid] = session(paid, payment_status="unpaid")
    assert (await landing.told(paid))["status"] == "paid"
    assert landing.stripe.reads == []


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


async def test_a_page_is_locked_down(landing: Landing) -> None:
    headers = (await landing.get(await landing.has(Status.PAID))).headers
    policy = headers["content-security-policy"]
    assert re.fullmatch(
        r"default-src 'none'; style-src 'nonce-[\w-]{16}'; img-src data:; base-uri 'none'; form-action 'none'; "
        r"frame-ancestors 'none'",
        policy,
    )
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-robots-tag"] == "noindex"
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["vary"] == "Accept, Accept-Language"
    assert "access-control-allow-origin" not in headers


async def test_the_json_may_be_read_by_the_shops_own_page(landing: Landing) -> None:
    headers = (await landing.get(await landing.has(Status.PAID), "application/json")).headers
    assert headers["access-control-allow-origin"] == "*"
    assert headers["content-type"] == "application/json"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


async def test_only_what_is_final_is_kept_by_the_browser(landing: Landing) -> None:
    done = (await landing.get(await landing.has(Status.PAID, effects=DONE))).headers
    assert (done["cache-control"], "refresh" in done) == ("private, max-age=300", False)
    for answer in (
        await landing.get(await landing.has(Status.PAID)),
        await landing.get(await landing.has(Status.PAYMENT_FAILED)),
        await landing.get(new_id()),
    ):
        assert answer.headers["cache-control"] == "no-store"


async def test_a_buyer_can_stop_the_page_from_updating_itself(landing: Landing) -> None:
    order_id = await landing.has(Status.PAID)
    page = await landing.get(order_id)
    assert page.headers["refresh"] == "2"
    assert f'href="?session_id={order_id}&amp;refresh=off"' in page.text
    quiet = await landing.get(order_id, refresh="off")
    assert "refresh" not in quiet.headers
    assert f'href="?session_id={order_id}"' in quiet.text


async def test_head_is_get_without_the_page(landing: Landing) -> None:
    order_id = await landing.has(Status.PAID)
    async with httpx.AsyncClient() as client:
        answer = await client.head(landing.url, params={"session_id": order_id})
    assert (answer.status_code, answer.text) == (200, "")
    assert answer.headers["cache-control"] == "no-store"


async def test_the_page_during_the_webhook_shows_no_step_back(landing: Landing) -> None:
    """Forty visits while the order is written, and paid for: each sees one of its statuses, in their order."""
    order_id = landing.sold(payment_status="unpaid")
    seen = []
    waits = order(Status.AWAITING_PAYMENT, id=SessionId(order_id))

    async def visit() -> None:
        seen.extend([(await landing.told(order_id))["status"] for _ in range(10)])

    async def webhook() -> None:
        while not landing.stripe.reads:  # the first visit comes before the order: a quick write could win otherwise
            await asyncio.sleep(0.001)
        stored = await landing.orders.create(waits)
        assert stored
        paid: Order = order(Status.PAID, id=SessionId(order_id), effects=DONE)
        await landing.orders.replace(paid, stored.version)

    await asyncio.gather(visit(), visit(), visit(), visit(), webhook())
    assert set(seen) <= {"awaiting_payment", "fulfilled"}
    assert (await landing.told(order_id))["status"] == "fulfilled"
    assert len(landing.stripe.reads) == 1
