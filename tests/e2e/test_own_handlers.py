"""A developer writes handlers of other events: in the whole pipe, killed in the middle, and in scripts/dev."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fulfillment.domain.status import Status
from local.fakes.stripe_events import (
    COMPLETED,
    SECRET,
    Json,
    body,
    event,
    line_item,
    new_id,
    session,
    signature,
    thin_event,
)
from local.runtime import pipe
from local.runtime.neighbors import Neighbors, neighbors
from local.runtime.pipe import FUNCTIONS, HANDLERS, PORTS, STRIPE_EVENTS_DEAD_LETTER, Pipe
from local.runtime.processes import Processes, free_ports
from support import tools
from support.tools import ROOT
from support.waiting import LONG

OWN = '''
"""Members in a folder, instead of an API; and a handler that hangs in the middle while a file says so."""
import json, pathlib, time
from fulfillment.errors import PermanentError
from handlers import examples
from handlers.examples import on_customer_subscription_deleted, on_invoice_paid
HERE = pathlib.Path({folder!r})

class Api:
    def patch(self, url, json, headers, timeout):
        note(headers["Idempotency-Key"], url.rpartition("/")[2], *json.items())
        return self
    status_code = 204
    def raise_for_status(self):
        pass

examples.httpx = Api()

def note(*what):
    with (HERE / "calls").open("a") as calls:
        calls.write(json.dumps(what) + "\\n")

def on_charge_refunded(event, key):
    note(key)
    while (HERE / "hang").exists():
        time.sleep(0.05)
    if event["data"]["object"].get("refuse"):
        raise PermanentError("no such charge")
'''


class Shop:
    """A pipe with handlers of its own."""

    def __init__(self, running: Pipe, around: Neighbors, folder: Path) -> None:
        self.pipe, self.around, self.folder = running, around, folder

    async def tell(self, said: Json) -> None:
        payload = body(said)
        assert await self.pipe.post(payload, signature(payload)) == 200

    async def sell(self, subscription: str) -> str:
        """The order of a subscription, once it is fulfilled."""
        order_id = new_id("cs_test")
        sold = session(order_id, mode="subscription", subscription=subscription, payment_intent=None)
        self.around.sell(sold, [line_item()])
        await self.tell(event(COMPLETED, sold))
        async with asyncio.timeout(LONG):
            while (found := await self.pipe.order(order_id)) is None or found.order.status is not Status.FULFILLED:
                await asyncio.sleep(0.1)
        return order_id

    async def calls(self, count: int) -> list[str]:
        file = self.folder / "calls"
        async with asyncio.timeout(LONG):
            while not file.exists() or len(file.read_text().splitlines()) < count:
                await asyncio.sleep(0.05)
        return file.read_text().splitlines()


@pytest.fixture
async def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """Only functions/handlers/__init__.py is changed: the source is a copy."""
    tools.need(tools.missing_emulators())
    source, folder = tmp_path / "functions", tmp_path / "shop"
    shutil.copytree(FUNCTIONS, source, ignore=shutil.ignore_patterns("__pycache__"))
    folder.mkdir()
    (source / "handlers" / "__init__.py").write_text(OWN.format(folder=str(folder)))
    monkeypatch.setattr(pipe, "FUNCTIONS", source)
    async with neighbors() as around:
        with Processes(tmp_path) as processes:
            more = {**around.env, "ROUTED_EVENTS": "invoice.paid,customer.subscription.*,charge.refunded"}
            more |= {"MEMBERS_URL": "https://members.example"}
            running = await asyncio.to_thread(pipe.start, processes, pipe.choose_ports(), more, handlers=True)
            for name, host in running.emulators.env.items():
                monkeypatch.setenv(name, host)
            yield Shop(running, around, folder)


async def test_a_membership_follows_its_subscription_and_twins_have_one_key(shop: Shop) -> None:
    subscription = new_id("sub")
    order_id = await shop.sell(subscription)
    lines = {"data": [{"period": {"start": 1_000, "end": 2_000}}]}
    parent = {"subscription_details": {"subscription": subscription}}
    invoice = {"id": "in_1", "object": "invoice", "billing_reason": "subscription_cycle", "livemode": False}
    invoice |= {"lines": lines, "parent": parent}
    over = {"id": subscription, "object": "subscription", "livemode": False, "ended_at": 3_000}
    paid, ended = event("invoice.paid", invoice), event("customer.subscription.deleted", over)
    shop.around.stripe.others |= {"/v1/invoices/in_1": invoice, f"/v1/subscriptions/{subscription}": over}
    for said in (paid, ended):
        await shop.tell(said)
        await shop.tell(thin_event(said["type"], said["data"]["object"], snapshot_event=said["id"]))
    calls = await shop.calls(4)
    extended = f'["{paid["id"]}:{order_id}", "cart_1001", ["paid_until", 2000]]'
    closed = f'["{ended["id"]}:{order_id}", "cart_1001", ["ended_at", 3000]]'
    assert sorted(calls) == sorted([extended, extended, closed, closed])
    assert shop.pipe.admin.take(STRIPE_EVENTS_DEAD_LETTER) == []


async def test_a_function_killed_in_the_middle_of_a_handler_calls_it_again_with_the_same_key(shop: Shop) -> None:
    (shop.folder / "hang").touch()
    said = event("charge.refunded", {"id": "ch_1", "object": "charge"})
    await shop.tell(said)
    await shop.calls(1)
    shop.pipe.processes.stop(HANDLERS, signal.SIGKILL)
    (shop.folder / "hang").unlink()
    shop.pipe.start_function(HANDLERS)
    assert set(await shop.calls(2)) == {f'["{said["id"]}"]'}


async def test_what_a_handler_refuses_is_parked_on_the_dead_letter_of_its_own(shop: Shop) -> None:
    said = event("charge.refunded", {"id": "ch_1", "object": "charge", "refuse": True})
    await shop.tell(said)
    parked: list[Any] = []
    async with asyncio.timeout(LONG):
        while not (parked := await shop.pipe.parked(STRIPE_EVENTS_DEAD_LETTER)):
            await asyncio.sleep(0.1)
    assert [message.attributes["reason"] for message in parked] == ["permanent: no such charge"]
    assert parked[0].data == body(said)
    assert await shop.pipe.parked() == []


# --- scripts/dev


def dev(folder: Path, handlers: str, first: int, **more: str) -> subprocess.Popen[bytes]:
    """scripts/dev with these handlers, running."""
    (folder / "handlers").mkdir()
    (folder / "handlers" / "__init__.py").write_text(handlers)
    path = f"{folder}:{ROOT}/scripts/src:{ROOT}/functions"
    env = {"PYTHONPATH": path, "PATH": os.environ["PATH"], "HOME": str(folder)}
    command = [sys.executable, "-m", "local.programs.dev", "--port", str(first)]
    with (folder / "dev.log").open("wb") as log:
        return subprocess.Popen(command, env=env | more, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)


def free_row() -> int:
    """The first of so many free ports in a row."""
    while (ports := free_ports(len(PORTS)))[-1] - ports[0] != len(PORTS) - 1:
        pass
    return ports[0]


def said_in(folder: Path, word: str, times: int = 1) -> str:
    deadline = time.monotonic() + LONG
    while (text := (folder / "dev.log").read_text()).count(word) < times:
        assert time.monotonic() < deadline, text
        time.sleep(0.05)
    return text


def test_dev_routes_the_types_that_have_a_handler_and_runs_it(tmp_path: Path) -> None:
    tools.need(tools.missing_emulators())
    first = free_row()
    handler = "def on_charge_captured(event, key):\n    print('refunded', key)\n"
    running = dev(tmp_path, handler, first, STRIPE_WEBHOOK_SECRETS=SECRET)
    try:
        shown = said_in(tmp_path, "Ctrl-C stops everything")
        assert ",charge.captured," in shown.replace("\n", ",")
        payload = body(said := event("charge.captured", {"id": "ch_1", "object": "charge"}))
        answer = httpx.post(f"http://127.0.0.1:{first}/", content=payload, headers=signature(payload))
        assert answer.status_code == 200
        assert f"refunded {said['id']}" in said_in(tmp_path, "on_charge_captured returned")
    finally:
        running.send_signal(signal.SIGINT)
        assert running.wait(LONG) == 0


REFUSING = """
from fulfillment.errors import PermanentError

def on_charge_failed(event, key):
    raise PermanentError("no such charge")

def on_charge_expired(event, key):
    return event["nothing"]
"""
CHARGE = {"id": "ch_1", "object": "charge", "amount_refunded": 500, "currency": "usd"}


def test_dev_without_an_account_runs_the_first_handler_of_the_documents_with_the_line_that_it_prints(
    tmp_path: Path,
) -> None:
    tools.need(tools.missing_emulators())
    text = (ROOT / "docs" / "handlers.md").read_text("utf-8")
    documented, line = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0], sending_line(text)
    running = dev(tmp_path, documented + REFUSING, free_row())
    try:
        printed = sending_line(said_in(tmp_path, "Ctrl-C stops everything"))
        assert printed.endswith("/local/events?type=charge.expired' -d @object.json")
        base = printed.split("'")[1].partition("/local/")[0]
        line = line.replace("http://127.0.0.1:PORT", base)
        key = told_by(line)["id"]
        told_by(line.replace("refunded'", "refunded&thin=true'"))
        said_in(tmp_path, f"{key}: 500 usd of ch_1 were refunded", times=2)

        (tmp_path / "object.json").write_text(json.dumps(CHARGE))
        told_by(printed, cwd=tmp_path)
        place = f"at handlers/__init__.py:{(documented + REFUSING).count(chr(10))} on_charge_expired"
        assert place in said_in(tmp_path, "on_charge_expired raised KeyError")

        told_by(printed.replace("expired", "failed"), cwd=tmp_path)
        said_in(tmp_path, "parked: permanent")
        assert "permanent: no such charge" in dead_letters(said_in(tmp_path, "scripts/ops dead-letters list --events"))
    finally:
        running.send_signal(signal.SIGINT)
        assert running.wait(LONG) == 0


def dead_letters(shown: str) -> str:
    """What the printed commands list, in a terminal that knows nothing of this one."""
    (export,) = re.findall(r"^  export PUBSUB.*", shown, re.MULTILINE)
    (command,) = re.findall(r"^  scripts/ops (dead-letters list --events)$", shown, re.MULTILINE)
    env = {"PYTHONPATH": f"{ROOT}/scripts/src:{ROOT}/functions", "PATH": os.environ["PATH"]}
    script = f"{export}\n{sys.executable} -m ops {command}"
    return subprocess.check_output(["/bin/sh", "-ec", script], env=env, cwd=ROOT, text=True, timeout=LONG)


def sending_line(text: str) -> str:
    """The `curl` line that sends an event, with its second line if there is one."""
    found = re.search(r"curl '\S+/local/events\?[^\\\n]*(\\\n.*)?", text)
    assert found, text
    return found.group()


def told_by(line: str, cwd: Path = ROOT) -> Json:
    """What the stand-in answers to a line, as a shell runs it."""
    answer = subprocess.check_output(["/bin/sh", "-ec", line], cwd=cwd, text=True, timeout=LONG)
    told: Json = json.loads(answer)
    assert told["webhook"] == 200
    return told


@pytest.mark.parametrize(
    ("handlers", "routed", "word"),
    [
        (
            "import nowhere_to_be_found",
            {},
            "functions/handlers cannot be imported: No module named 'nowhere_to_be_found'",
        ),
        ("def on_invoice_paid(event, key:", {}, "SyntaxError: '(' was never closed (__init__.py, line 1)"),
        ("def on_invoice_payed(event, key): ...", {}, "on_invoice_payed is named after no event type that Stripe's"),
        ("def on_invoice_paid(event): ...", {}, "on_invoice_paid must be a function that takes (event, key)"),
        ("def on_invoice_paid(event, key): ...", {"ROUTED_EVENTS": "charge.*"}, "not in ROUTED_EVENTS (charge.*)"),
        ("def on_invoice_paid(event, key): ...", {"ROUTED_EVENTS": "*"}, "ROUTED_EVENTS must name the types"),
    ],
)
def test_dev_says_in_one_line_what_is_wrong_with_a_handler(
    tmp_path: Path, handlers: str, routed: dict[str, str], word: str
) -> None:
    tools.need(tools.missing_emulators())
    running = dev(tmp_path, handlers, free_row(), STRIPE_WEBHOOK_SECRETS=SECRET, **routed)
    assert running.wait(LONG) == 1
    text = (tmp_path / "dev.log").read_text()
    assert word in text
    assert "Traceback" not in text
