"""Reconcile, end to end: real functions, both emulators, Stripe's API on a stand-in, no webhook called."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fulfillment.domain.status import Status
from local.fakes.stripe_events import COMPLETED, body, event, line_item, session, signature
from local.runtime import pipe
from local.runtime.neighbors import Neighbors, neighbors
from local.runtime.pipe import RECONCILE, Pipe
from local.runtime.processes import Processes
from support import tools
from support.waiting import LONG


class Shop:
    """A running pipe and the Stripe beside it."""

    def __init__(self, running: Pipe, around: Neighbors) -> None:
        self.pipe, self.around = running, around

    def sell(self, **changes: Any) -> str:
        """A checkout that Stripe knows of, and we do not."""
        order_id = f"cs_test_{uuid.uuid4().hex}"
        self.around.sell(session(order_id, **changes), [line_item()])
        return order_id

    async def ends(self, order_ids: list[str], status: Status) -> None:
        """Returns once all of the orders have that status."""
        async with asyncio.timeout(LONG):
            for each in order_ids:
                while (found := await self.pipe.order(each)) is None or found.order.status is not status:
                    await asyncio.sleep(0.1)

    async def run(self) -> dict[str, Any]:
        """The log line of one call."""
        log = self.pipe.processes.log(RECONCILE)
        before = log.read_text().count('"duration_ms"')
        assert await self.pipe.reconcile() == 200
        async with asyncio.timeout(LONG):
            while log.read_text().count('"duration_ms"') == before:
                await asyncio.sleep(0.05)
        lines = [line for line in log.read_text().splitlines() if '"duration_ms"' in line]
        said: dict[str, Any] = json.loads(lines[-1])
        return said


@pytest.fixture
async def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    tools.need(tools.missing_emulators())
    async with neighbors() as around:
        with Processes(tmp_path) as processes:
            running = await asyncio.to_thread(pipe.start, processes, pipe.choose_ports(), around.env)
            for name, host in running.emulators.env.items():
                monkeypatch.setenv(name, host)
            yield Shop(running, around)


async def test_with_the_webhook_off_every_session_ends_as_paid_and_with_it_on_there_is_nothing_to_do(
    shop: Shop,
) -> None:
    paid = [shop.sell() for _ in range(120)]
    delayed = [shop.sell(payment_status="unpaid", payment_intent=f"pi_{number}") for number in range(3)]
    said = await shop.run()
    assert (said["outcome"], said["missing"], said["published"]) == ("reconciled", 123, 123)
    await shop.ends(paid, Status.FULFILLED)
    await shop.ends(delayed, Status.AWAITING_PAYMENT)

    shop.around.stripe.sessions[delayed[0]]["payment_status"] = "paid"
    shop.around.stripe.intents["pi_1"] = {"id": "pi_1", "status": "canceled"}
    said = await shop.run()
    assert (said["behind"], said["published"]) == (2, 2)
    await shop.ends(delayed[:1], Status.FULFILLED)
    await shop.ends(delayed[1:2], Status.PAYMENT_FAILED)

    sold = [shop.sell() for _ in range(5)]
    for each in sold:
        payload = body(event(COMPLETED, shop.around.stripe.sessions[each]))
        assert await shop.pipe.post(payload, signature(payload)) == 200
    await shop.ends(sold, Status.FULFILLED)
    said = await shop.run()
    assert (said["sessions"], said["waiting"], said["published"]) == (128, 1, 0)
    assert said["severity"] == "INFO"
