"""Fulfilment, end to end: a hook of the user's own in real function processes, killed in the middle of it."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fulfillment.domain.order import Order
from fulfillment.domain.status import Status
from local.fakes.stripe_events import COMPLETED, FAILED, event, line_item, session, signature
from local.fakes.stripe_events import body as body_of
from local.runtime import pipe
from local.runtime.neighbors import Neighbors, neighbors
from local.runtime.pipe import FUNCTIONS, ORDER_EVENTS, Pipe
from local.runtime.processes import Processes
from support import tools
from support.waiting import LONG

HOOKS = '''
"""Ships each order once: remembers keys in a folder, and hangs in the middle while a file says so."""
import pathlib, time
from fulfillment.errors import PermanentError
HERE = pathlib.Path({folder!r})

def fulfill(order, key):
    with (HERE / "calls").open("a") as calls:
        calls.write(key + "\\n")
    while (HERE / "hang").exists():
        time.sleep(0.05)
    if order.metadata.get("refuse") and not (HERE / "mended").exists():
        raise PermanentError("not for sale")
    (HERE / key).write_text(",".join(f"{{item.quantity}} {{item.description}}" for item in order.line_items))
'''


class Shop:
    """A pipe with hooks of its own, and the world around it."""

    def __init__(self, running: Pipe, around: Neighbors, folder: Path) -> None:
        self.pipe, self.around, self.folder = running, around, folder

    async def sell(self, said_type: str = COMPLETED, **changes: object) -> str:
        order_id = f"cs_test_{uuid.uuid4().hex}"
        sold = session(order_id, **changes)
        self.around.sell(sold, [line_item(1500, quantity=2, description="Mug")])
        payload = body_of(event(said_type, sold))
        assert await self.pipe.post(payload, signature(payload)) == 200
        return order_id

    async def order(self, order_id: str, status: Status, seconds: float = LONG) -> Order:
        """The order, once it has that status and owes nothing."""
        async with asyncio.timeout(seconds):
            while True:
                found = await self.pipe.order(order_id)
                if found and found.order.status is status and found.order.lease is None:
                    return found.order
                await asyncio.sleep(0.1)

    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().split() if file.exists() else []

    async def called(self, count: int) -> None:
        async with asyncio.timeout(LONG):
            while len(self.calls()) < count:
                await asyncio.sleep(0.05)


@pytest.fixture
async def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """Only hooks.py is changed: the source is a copy, the hook is the user's, a call may take three seconds."""
    tools.need(tools.missing_emulators())
    source, folder = tmp_path / "functions", tmp_path / "shop"
    shutil.copytree(FUNCTIONS, source, ignore=shutil.ignore_patterns("__pycache__"))
    folder.mkdir()
    (source / "hooks.py").write_text(HOOKS.format(folder=str(folder)))
    monkeypatch.setattr(pipe, "FUNCTIONS", source)
    async with neighbors() as around:
        with Processes(tmp_path) as processes:
            more = {**around.env, "HOOK_TIMEOUT": "3"}
            running = await asyncio.to_thread(pipe.start, processes, pipe.choose_ports(), more)
            for name, host in running.emulators.env.items():
                monkeypatch.setenv(name, host)
            yield Shop(running, around, folder)


async def test_a_hook_of_ones_own_ships_what_was_bought_and_the_buyer_gets_a_receipt(shop: Shop) -> None:
    order_id = await shop.sell()
    order = await shop.order(order_id, Status.FULFILLED)
    assert (shop.folder / f"{order_id}:fulfill").read_text() == "2 Mug"
    assert shop.calls() == [f"{order_id}:fulfill"]
    assert {effect.state.value for effect in order.effects.values()} == {"done"}
    (mail,) = shop.around.mails_about(order_id)
    assert mail["To"] == "jenny.rosen@example.com"
    announced = [json.loads(message.data) for message in shop.pipe.admin.take(ORDER_EVENTS)]
    mine = {each["id"]: each for each in announced if each["order"]["id"] == order_id}
    assert set(mine) == {f"{order_id}:announce_paid", f"{order_id}:announce_fulfilled"}
    paid = mine[f"{order_id}:announce_paid"]
    assert (paid["schema"], paid["status"], paid["order"]["line_items"][0]["quantity"]) == (1, "paid", 2)


async def test_a_failed_payment_is_told_and_nothing_is_shipped(shop: Shop) -> None:
    order_id = await shop.sell(FAILED, payment_status="unpaid")
    await shop.order(order_id, Status.PAYMENT_FAILED)
    assert shop.calls() == []
    (mail,) = shop.around.mails_about(order_id)
    assert "https://shop.example.com" in mail.as_string()


async def test_a_subscriber_killed_in_the_middle_of_fulfill_ends_fulfilled_with_the_same_key(shop: Shop) -> None:
    (shop.folder / "hang").touch()
    order_id = await shop.sell()
    await shop.called(1)
    name = "on_checkout_session_completed"
    shop.pipe.processes.stop(name, signal.SIGKILL)
    (shop.folder / "hang").unlink()
    shop.pipe.start_function(name)
    order = await shop.order(order_id, Status.FULFILLED, 120)
    assert shop.calls() == [f"{order_id}:fulfill"] * 2
    assert order.effects["fulfill"].attempts == 1  # the crash took the first one's record with it
    assert len(shop.around.mails_about(order_id)) == 1
    assert await shop.pipe.parked() == []


async def test_what_a_hook_refuses_for_good_is_parked_and_the_buyer_still_gets_the_receipt(shop: Shop) -> None:
    order_id = await shop.sell(metadata={"refuse": "yes"})
    order = await shop.order(order_id, Status.PAID)
    async with asyncio.timeout(LONG):
        while (order := await shop.order(order_id, Status.PAID)).effects["fulfill"].state.value != "failed":
            await asyncio.sleep(0.1)
    assert order.effects["send_receipt"].state.value == "done"
    (parked,) = await shop.pipe.parked()
    assert parked.attributes["reason"] == "permanent: not for sale"
    assert parked.attributes["session_id"] == order_id
    assert len(shop.around.mails_about(order_id)) == 1


async def test_what_was_parked_is_replayed_by_the_operator_once_the_hook_is_mended(shop: Shop) -> None:
    order_id = await shop.sell(metadata={"refuse": "yes"})
    await shop.called(1)
    async with asyncio.timeout(LONG):
        while (await shop.order(order_id, Status.PAID)).effects["fulfill"].state.value != "failed":
            await asyncio.sleep(0.1)
    (shop.folder / "mended").touch()
    replayed = await operate(shop, "dead-letters", "replay", "--session", order_id, "--yes")
    assert (replayed["ok"], replayed["by_reason"]) == (True, {"permanent": 1})
    await shop.order(order_id, Status.FULFILLED)
    told = await operate(shop, "orders", "show", order_id)
    assert told["order"]["status"] == "fulfilled"
    assert shop.calls() == [f"{order_id}:fulfill"] * 2
    assert len(shop.around.mails_about(order_id)) == 1
    assert await shop.pipe.parked() == []


async def operate(shop: Shop, *args: str) -> Any:
    """What the operator's program says, as it is run by a person."""
    command = [sys.executable, "-m", "ops", *args, "--json"]
    path = f"{FUNCTIONS.parent}/scripts/src:{FUNCTIONS.parent}/functions"
    env = {**os.environ, **shop.pipe.emulators.env, "PYTHONPATH": path}
    return json.loads(await asyncio.to_thread(subprocess.check_output, command, env=env, timeout=LONG))


async def test_stripe_may_be_down_for_a_while(shop: Shop) -> None:
    shop.around.stripe.faults = [500, 429, 503, 500]
    order_id = await shop.sell()
    order = await shop.order(order_id, Status.FULFILLED, 120)
    assert order.line_items is not None
    assert shop.calls() == [f"{order_id}:fulfill"]
