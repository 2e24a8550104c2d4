"""The landing page in real Chromium: it comes to its end by itself without JavaScript, it is readable on any
screen, and it asks for nothing from elsewhere.
"""

import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect
from starlette.datastructures import Headers

from fulfillment.domain.checkout import Presentment
from fulfillment.domain.ids import Currency, SessionId
from fulfillment.domain.status import Status
from support import tools
from support.after_sale import refund
from support.builders import item, order
from support.landings import DONE, Landing, new_id

PHONE, DESKTOP = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=800)
SMALL = ViewportSize(width=320, height=568)
BYTES = 14_000
BACKGROUND = {"light": "rgb(243, 244, 246)", "dark": "rgb(17, 19, 24)"}
VIOLATIONS = "async () => (await axe.run()).violations.map(each => each.id + ': ' + each.nodes[0].html)"
LONG = (item("N" * 500, 123456789, "kwd", quantity=10**9), item("A long name of many words " * 19, 5000))
RTL = (item("دفتر ملاحظات فاخر", 3000, quantity=2), item("קולמוס נוזל", 4400), item("Mixed قلم pen (2)", 100))
MANY = tuple(item(f"Ink cartridge no. {n}, blue-black", 990 * n + 490, quantity=n % 4 + 1) for n in range(50))
SEEN: dict[str, tuple[Status, dict[str, Any]]] = {
    "awaiting": (Status.AWAITING_PAYMENT, {"line_items": None}),
    "failed": (Status.PAYMENT_FAILED, {"line_items": None}),
    "paid": (Status.PAID, {}),
    "fulfilled": (Status.PAID, {"effects": DONE}),
    "refunded": (Status.PAID, {"refunds": {"re_1": refund(7693)}, "effects": DONE}),
    "refunding": (Status.PAID, {"refunds": {"re_1": refund(7693, "pending")}}),
    "partly refunded": (Status.PAID, {"refunds": {"re_1": refund(700), "re_2": refund(5, "pending")}}),
    "long refund": (Status.PAID, {"refunds": {"re_1": refund(2**50, currency="idr")}, "locale": "ar"}),
    "many": (Status.PAID, {"line_items": MANY}),
    "rtl": (Status.PAID, {"line_items": RTL, "locale": "ar"}),
    "long": (
        Status.PAID,
        {"line_items": LONG, "amount_total": 2**50, "presentment": Presentment(amount=2**50, currency=Currency("idr"))},
    ),
}


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    tools.need(tools.missing_chromium())
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        await browser.close()


async def test_from_pending_to_fulfilled_by_itself_without_javascript(landing: Landing, chromium: Browser) -> None:
    """The webhook comes while the buyer looks: the page is not touched."""
    order_id = landing.sold()
    landing.stripe.faults = [500]
    context = await chromium.new_context(viewport=PHONE, java_script_enabled=False)
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{landing.url}?session_id={order_id}")
    heading = page.get_by_role("heading", level=1)
    await expect(heading).to_have_text("Confirming your order")
    stored = await landing.orders.create(order(Status.AWAITING_PAYMENT, id=SessionId(order_id)))
    assert stored
    landing.stripe.sessions[order_id]["payment_status"] = "unpaid"
    await expect(heading).to_have_text("Waiting for your payment", timeout=300_000)
    stored = await landing.orders.replace(order(id=SessionId(order_id)), stored.version)
    assert stored
    await expect(heading).to_have_text("Thank you, your payment is here", timeout=300_000)
    await landing.orders.replace(order(id=SessionId(order_id), effects=DONE), stored.version)
    await expect(heading).to_have_text("Your order is complete", timeout=300_000)
    assert {url.removeprefix(landing.url) for url in asked} == {f"?session_id={order_id}"}
    count = len(asked)
    await page.wait_for_timeout(3000)
    assert len(asked) == count
    await page.go_back()
    assert page.url == "about:blank"  # each look was a reload: the way back to the shop is one step
    await context.close()


@pytest.mark.parametrize("colors", ["light", "dark"])
async def test_every_page_fits_every_screen_is_accessible_and_asks_for_nothing_from_elsewhere(
    landing: Landing, chromium: Browser, colors: Any
) -> None:
    tools.need(tools.missing_axe())
    pages = {name: await landing.has(claim, **changes) for name, (claim, changes) in SEEN.items()}
    pages |= {"not found": new_id(), "confirming": landing.sold()}
    for name, order_id in pages.items():
        landing.stripe.faults = [500] if name == "confirming" else []
        for screen in (PHONE, DESKTOP, SMALL):
            context = await chromium.new_context(viewport=screen, color_scheme=colors)
            page = await context.new_page()
            complaints, asked = listen(page)
            await page.goto(f"{landing.url}?session_id={order_id}&refresh=off")
            assert await page.evaluate("document.documentElement.scrollWidth") == screen["width"], name
            await page.evaluate(tools.AXE.read_text("utf-8"))
            assert await page.evaluate(VIOLATIONS) == [], name
            if screen is DESKTOP:
                shown = await page.evaluate("getComputedStyle(document.body).backgroundColor")
                assert shown == BACKGROUND[colors]
            missing = "the server responded with a status of 404"
            assert [each for each in complaints if missing not in each] == [], name
            assert asked == [page.url], name
            await context.close()


def listen(page: Page) -> tuple[list[str], list[str]]:
    """What the browser complains of, and what it asks for."""
    complaints, asked = list[str](), list[str]()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    return complaints, asked


@pytest.mark.parametrize("name", [name for name in SEEN if name not in {"many", "long"}])
async def test_a_page_is_light_enough_for_the_first_packets_of_a_connection(landing: Landing, name: str) -> None:
    claim, changes = SEEN[name]
    answer = await landing.get(await landing.has(claim, **changes))
    headers = sum(len(key) + len(value) + 4 for key, value in Headers(answer.headers).raw)
    assert len(answer.content) + headers < BYTES


async def test_a_page_is_there_within_a_second(landing: Landing, chromium: Browser) -> None:
    """From the click to the last pixel, on a phone, with the order read from the store. On a busy machine it takes
    more than one look to see it: what takes a second by itself is never seen in less.
    """
    order_id = await landing.has(Status.PAID, effects=DONE)
    context = await chromium.new_context(viewport=PHONE)
    took: list[float] = []
    while not took or (min(took) >= 1000 and len(took) < 50):
        page = await context.new_page()
        await page.goto(f"{landing.url}?session_id={order_id}&at={len(took)}")
        took.append(await page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
        await page.close()
    await context.close()
    assert min(took) < 1000, took
