"""The landing page on the real pipe: alone, with the webhook switched off, and beside it."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from fulfillment.domain.status import Status
from local.fakes.stripe_events import COMPLETED, body, event, line_item, session, signature
from local.runtime import pipe
from local.runtime.neighbors import Neighbors, neighbors
from local.runtime.pipe import WEBHOOK, Pipe
from local.runtime.processes import Processes
from support import tools
from support.waiting import LONG

PAYING: list[dict[str, object]] = [
    {},
    {"payment_status": "no_payment_required", "amount_total": 0, "amount_subtotal": 0},
    {"mode": "subscription", "payment_intent": None, "subscription": "sub_1"},
    {"payment_status": "unpaid"},
]


class Shop:
    """A pipe, and buyers that come back from Checkout."""

    def __init__(self, running: Pipe, around: Neighbors) -> None:
        self.pipe, self.around = running, around

    def sell(self, **changes: object) -> str:
        order_id = f"cs_test_{uuid.uuid4().hex}"
        self.around.sell(session(order_id, **changes), [line_item(1500, quantity=2, description="Mug")])
        return order_id

    async def visit(self, order_id: str) -> str:
        async with httpx.AsyncClient(timeout=LONG) as client:
            params, headers = {"session_id": order_id}, {"Accept": "application/json"}
            answer = await client.get(self.pipe.order_status_url, params=params, headers=headers)
        return str(answer.json()["status"])

    async def waits_for(self, order_id: str, status: str, seconds: float = LONG) -> set[str]:
        """What the buyer sees until it is that."""
        seen = set[str]()
        async with asyncio.timeout(seconds):
            while status not in seen:
                seen.add(await self.visit(order_id))
                await asyncio.sleep(0.5)
        return seen


@pytest.fixture
async def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    tools.need(tools.missing_emulators())
    async with neighbors() as around:
        with Processes(tmp_path) as processes:
            running = await asyncio.to_thread(pipe.start, processes, pipe.choose_ports(), around.env)
            for name, host in running.emulators.env.items():
                monkeypatch.setenv(name, host)
            yield Shop(running, around)


async def test_with_the_webhook_switched_off_every_paid_session_is_fulfilled_through_the_landing_page(
    shop: Shop,
) -> None:
    shop.pipe.processes.stop(WEBHOOK)
    orders = [shop.sell(**changes) for changes in PAYING * 3]
    unpaid = orders[3::4]
    seen = await asyncio.gather(*(shop.visit(each) for each in orders for _ in range(5)))
    assert set(seen) <= {"confirming", "paid", "fulfilled", "awaiting_payment"}  # a cold start may be slow
    paid = [each for each in orders if each not in unpaid]
    await asyncio.gather(*(shop.waits_for(each, "fulfilled") for each in paid))
    for each in unpaid:  # the money comes while the buyer waits
        shop.around.stripe.sessions[each]["payment_status"] = "paid"
    await asyncio.gather(*(shop.waits_for(each, "fulfilled") for each in unpaid))
    for each in orders:
        stored = await shop.pipe.order(each)
        assert stored
        assert stored.order.status is Status.FULFILLED
        assert set(stored.order.events) <= {f"reconcile:{each}:{claim}" for claim in ("awaiting_payment", "paid")}
        assert len(shop.around.mails_about(each)) == 1
    assert await shop.pipe.parked() == []


async def test_the_page_and_the_webhook_at_once_make_one_order_that_is_fulfilled_once(shop: Shop) -> None:
    orders = [shop.sell() for _ in range(10)]

    async def webhook(order_id: str) -> None:
        payload = body(event(COMPLETED, shop.around.stripe.sessions[order_id]))
        assert await shop.pipe.post(payload, signature(payload)) == 200

    await asyncio.gather(*(work for each in orders for work in (shop.visit(each), webhook(each), shop.visit(each))))
    await asyncio.gather(*(shop.waits_for(each, "fulfilled") for each in orders))
    for each in orders:
        assert len(shop.around.mails_about(each)) == 1
        stored = await shop.pipe.order(each)
        assert stored
        assert stored.order.source.startswith("evt_")  # a tie is won by Stripe's own event
        assert {effect.state.value for effect in stored.order.effects.values()} == {"done"}
