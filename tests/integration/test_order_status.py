"""What the order status page and its JSON show, over real HTTP, with both emulators and a stand-in of Stripe."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from fulfillment.domain.events import parse
from fulfillment.domain.ids import SessionId
from fulfillment.domain.order import Order
from fulfillment.domain.status import Status
from local.fakes.stripe_events import session
from local.runtime.neighbors import SHOP_URL
from support.after_sale import dispute, refund
from support.builders import item, order
from support.landings import DONE, PERSONAL, Landing, MakeLanding, new_id


def without_nonce(text: str) -> str:
    return re.sub(r'nonce="[^"]+"', "", text)


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
        "refund": None,
        "refunded": None,
        "refunding": None,
        "refresh_seconds": 2,
    }


PROMISES = ("preparing", "Thank you", "Everything is done", 'aria-label="Progress"')


@pytest.mark.parametrize("changes", [{}, {"effects": DONE}])
@pytest.mark.parametrize(
    ("status", "heading", "said"),
    [
        ("succeeded", "Your payment was refunded", "We have refunded <bdi>$76.93</bdi>."),
        ("pending", "Your refund is on its way", "A refund of <bdi>$76.93</bdi> is on its way."),
    ],
)
async def test_an_order_whose_whole_payment_goes_back_promises_nothing_more(
    landing: Landing, changes: dict[str, Any], status: str, heading: str, said: str
) -> None:
    order_id = await landing.has(Status.PAID, refunds={"re_1": refund(7693, status)}, **changes)
    page, told = await landing.get(order_id), await landing.told(order_id)
    assert f"<h1>{heading}</h1>" in page.text
    assert said in page.text
    assert not [each for each in PROMISES if each in page.text]
    assert told["status"] == ("fulfilled" if changes else "paid")
    all_of_it, none_of_it = usd(7693, "$76.93"), usd(0, "$0.00")
    if status == "succeeded":
        assert (told["refund"], told["refunded"], told["refunding"]) == ("refunded", all_of_it, none_of_it)
    else:
        assert (told["refund"], told["refunded"], told["refunding"]) == ("refunding", none_of_it, all_of_it)


async def test_a_part_that_was_refunded_is_told_beside_the_order(landing: Landing) -> None:
    refunds = {"re_1": refund(1000), "re_2": refund(500, "pending")}
    done = await landing.get(await landing.has(Status.PAID, refunds=refunds, effects=DONE))
    assert "<h1>Your order is complete</h1>" in done.text
    for said in ("We have refunded <bdi>$10.00</bdi>.", "A refund of <bdi>$5.00</bdi> is on its way.", "Everything is"):
        assert said in done.text
    paid_id = await landing.has(Status.PAID, refunds={"re_1": refund(1000, currency="jpy")})
    paid, told = await landing.get(paid_id), await landing.told(paid_id)
    assert "We have refunded <bdi>¥1,000</bdi>." in paid.text
    assert "on its way" not in paid.text
    assert "We are preparing your order." in paid.text
    yen = {"minor_units": 1000, "currency": "jpy", "text": "¥1,000"}
    assert (told["refund"], told["refunded"]) == ("partly_refunded", yen)


async def test_refunds_in_several_currencies_are_told_without_an_amount(landing: Landing) -> None:
    order_id = await landing.has(Status.PAID, refunds={"re_1": refund(1), "re_2": refund(1, currency="jpy")})
    page, told = await landing.get(order_id), await landing.told(order_id)
    assert "We have refunded a part of your payment." in page.text
    assert "We are preparing your order." in page.text
    assert (told["refund"], told["refunded"], told["refunding"]) == ("partly_refunded", None, None)


@pytest.mark.parametrize("status", ["needs_response", "lost", "won", "warning_needs_response"])
async def test_a_dispute_is_not_shown_to_the_buyer(landing: Landing, status: str) -> None:
    changes: dict[str, Any] = {"id": SessionId(new_id()), "effects": DONE}
    plain, disputed = (order(**changes, disputes=each) for each in ({}, {"dp_1": dispute(status)}))
    stored = await landing.orders.create(plain)
    assert stored
    before, json_before = await landing.get(plain.id), await landing.told(plain.id)
    await landing.orders.replace(disputed, stored.version)
    assert without_nonce((await landing.get(plain.id)).text) == without_nonce(before.text)
    assert await landing.told(plain.id) == json_before


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
    assert attributes.pop("ce-time")
    event_id = f"reconcile:{order_id}:{status}"
    assert attributes == {
        "event_id": event_id,
        "event_type": event_type,
        "session_id": order_id,
        "object_id": order_id,
        "livemode": "false",
        "api_version": "2026-10-28.endive",
        "source": "order_status",
        "ce-specversion": "1.0",
        "ce-id": event_id,
        "ce-source": "//shared/checkout",
        "ce-type": f"com.stripe.v1.{event_type}",
        "ce-subject": order_id,
        "content-type": "application/json",
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


async def test_a_buyer_can_stop_the_page_from_updating_itself(landing: Landing) -> None:
    order_id = await landing.has(Status.PAID)
    page = await landing.get(order_id)
    assert page.headers["refresh"] == "2"
    assert f'href="?session_id={order_id}&amp;refresh=off"' in page.text
    quiet = await landing.get(order_id, refresh="off")
    assert "refresh" not in quiet.headers
    assert f'href="?session_id={order_id}"' in quiet.text


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
