"""The whole pipe, end to end: a signed POST, the emulator's push, a document. Four real function processes."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fulfillment.domain.effects import owed
from fulfillment.domain.order import Order
from fulfillment.topic.publisher import PUBLISH_SECONDS
from local.fakes.stripe_events import COMPLETED, SUCCEEDED, Json, body, event, session, signature
from local.programs import day, sales
from local.programs.sale import Sale
from local.runtime import pipe
from local.runtime.memory_pipe import MemoryPipe
from local.runtime.pipe import ENTRY_POINTS, FUNCTIONS, WEBHOOK, Pipe
from local.runtime.processes import Processes
from support import tools
from support.waiting import LONG

NAMES = [sale.name for sale in sales.sales() if not (sale.lost or sale.thin or sale.routed or sale.abandoned)]
"""The others need a Stripe, or a setting: `scripts/demo` has both, and test_programs.py runs it."""


def named(name: str) -> Sale:
    return next(sale for sale in sales.sales() if sale.name == name)


@pytest.mark.parametrize("name", NAMES)
async def test_each_sale_of_the_day_ends_as_it_must(real_pipe: Pipe, name: str) -> None:
    assert (await day.play(named(name), real_pipe, lambda _: None)).problems == []


@pytest.mark.parametrize("name", NAMES)
async def test_each_sale_of_the_day_ends_the_same_in_memory(name: str) -> None:
    assert (await day.play(named(name), MemoryPipe(), lambda _: None)).problems == []


async def test_a_sale_that_goes_wrong_is_not_called_right() -> None:
    """The demo must be able to fail."""
    card = named("card")
    wrong = replace(card, status="payment_failed", amount_total=1, answer=400)
    problems = (await day.play(wrong, MemoryPipe(), lambda _: None)).problems
    assert len(problems) == 3
    refund = named("refund")
    wrong = replace(refund, afterwards=[replace(refund.afterwards[0], access="granted")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(day, "PATIENCE_SECONDS", 0.5)
        (problem,) = (await day.play(wrong, MemoryPipe(), lambda _: None)).problems
    assert problem == "money and access must be refunded, granted, and are refunded, revoked"
    refused = replace(named("unsigned"), signed=True)
    assert "there must be no order" in (await day.play(refused, MemoryPipe(), lambda _: None)).problems


def new_sale() -> tuple[str, Json]:
    order_id = f"cs_test_{uuid.uuid4().hex}"
    return order_id, event(COMPLETED, session(order_id))


async def post(to: Pipe, said: Json) -> int:
    payload = body(said)
    return await to.post(payload, signature(payload))


async def order(of: Pipe, order_id: str, seconds: float = LONG) -> Order:
    """The order, as soon as it is there and owes nothing."""
    async with asyncio.timeout(seconds):
        while not (found := await of.order(order_id)) or owed(found.order.effects):
            await asyncio.sleep(0.05)
    return found.order


async def test_one_trace_follows_an_order_from_the_ack_to_the_document(real_pipe: Pipe) -> None:
    order_id, said = new_sale()
    payload, trace_id = body(said), uuid.uuid4().hex
    await real_pipe.post(payload, signature(payload) | {"X-Cloud-Trace-Context": f"{trace_id}/1;o=1"})
    await order(real_pipe, order_id)
    found = {}
    for name in (WEBHOOK, "on_checkout_session_completed"):
        text = await _line(real_pipe, name, trace_id)
        found[name] = json.loads(text)["outcome"]
        assert json.loads(text)["logging.googleapis.com/trace"] == f"projects/local/traces/{trace_id}"
    assert found == {WEBHOOK: "published", "on_checkout_session_completed": "created"}


async def _line(of: Pipe, name: str, word: str) -> str:
    async with asyncio.timeout(LONG):
        while True:
            for text in of.processes.log(name).read_text().splitlines():
                if word in text:
                    return text
            await asyncio.sleep(0.05)


async def test_no_person_and_no_secret_is_in_any_log(real_pipe: Pipe) -> None:
    order_id, said = new_sale()
    await post(real_pipe, said)
    await order(real_pipe, order_id)
    poison = event(COMPLETED, session(order_id, amount_total="x"))
    await post(real_pipe, poison)
    assert '"outcome": "parked"' in await _line(real_pipe, "on_checkout_session_completed", poison["id"])
    for name in ENTRY_POINTS:
        text = real_pipe.processes.log(name).read_text()
        assert not any(word in text for word in ("whsec_", "jenny", "Rosen", "Oyster", "94080")), name


async def test_a_poison_message_is_parked_and_the_rest_flows_on(real_pipe: Pipe) -> None:
    poisoned, (order_id, said) = f"cs_test_{uuid.uuid4().hex}", new_sale()
    assert await post(real_pipe, event(COMPLETED, session(poisoned, mode=5))) == 200
    assert await post(real_pipe, said) == 200
    assert (await order(real_pipe, order_id)).amount_total == 3500
    reasons: dict[str, str] = {}
    async with asyncio.timeout(LONG):
        while poisoned not in reasons:
            reasons |= {each.attributes["session_id"]: each.attributes["reason"] for each in await real_pipe.parked()}
            await asyncio.sleep(0.1)
    assert reasons[poisoned] == "malformed_event: data.object.mode: expected a string, got an integer"
    assert await real_pipe.order(poisoned) is None


@pytest.fixture
def own_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipe]:
    """A pipe that a test may break."""
    tools.need(tools.missing_emulators())
    with Processes(tmp_path) as running:
        started = pipe.start(running, pipe.choose_ports())
        for name, host in started.emulators.env.items():
            monkeypatch.setenv(name, host)
        yield started


async def test_pubsub_that_hangs_is_503_and_nothing_is_lost_once_it_is_back(own_pipe: Pipe) -> None:
    order_id, said = new_sale()
    own_pipe.processes.pause("pubsub")
    async with asyncio.timeout(PUBLISH_SECONDS + 60):  # as long again for a busy machine
        assert await post(own_pipe, said) == 503
    own_pipe.processes.resume("pubsub")
    assert await _until_taken(own_pipe, said) == 200
    assert (await order(own_pipe, order_id)).status.value == "fulfilled"


async def test_pubsub_that_is_gone_is_503_and_nothing_is_lost_once_it_is_back(own_pipe: Pipe) -> None:
    order_id, said = new_sale()
    own_pipe.processes.stop("pubsub", signal.SIGKILL)
    assert await post(own_pipe, said) == 503
    pipe.restart_pubsub(own_pipe)
    assert await _until_taken(own_pipe, said) == 200
    assert (await order(own_pipe, order_id)).status.value == "fulfilled"


async def _until_taken(own_pipe: Pipe, said: Json) -> int:
    """Sends again as Stripe does, until it is answered 2xx; a few tries must do."""
    tries = 1
    while (status := await post(own_pipe, said)) != 200 and tries < 5:
        tries += 1
        await asyncio.sleep(1)
    return status


async def test_a_subscriber_that_is_down_gets_its_messages_when_it_is_back(own_pipe: Pipe) -> None:
    order_id, said = new_sale()
    own_pipe.processes.stop("on_checkout_session_completed", signal.SIGKILL)
    assert await post(own_pipe, said) == 200
    other = f"cs_test_{uuid.uuid4().hex}"
    assert await post(own_pipe, event(SUCCEEDED, session(other))) == 200
    assert (await order(own_pipe, other)).status.value == "fulfilled"  # the others go on
    assert await own_pipe.order(order_id) is None
    own_pipe.start_function("on_checkout_session_completed")
    assert (await order(own_pipe, order_id)).status.value == "fulfilled"


async def test_firestore_that_hangs_delays_the_order_and_loses_nothing(own_pipe: Pipe) -> None:
    order_id, said = new_sale()
    own_pipe.processes.pause("firestore")
    assert await post(own_pipe, said) == 200
    retry = await _line_within(own_pipe, "on_checkout_session_completed", '"outcome": "retry"', 20)
    assert json.loads(retry)["status"] == 503
    own_pipe.processes.resume("firestore")
    assert (await order(own_pipe, order_id)).status.value == "fulfilled"
    assert await own_pipe.parked() == []


async def _line_within(of: Pipe, name: str, word: str, seconds: float) -> str:
    async with asyncio.timeout(seconds):
        while word not in of.processes.log(name).read_text():
            await asyncio.sleep(0.1)
    return await _line(of, name, word)


@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
def test_an_entry_point_that_lacks_its_settings_ends_at_start_with_one_line_that_names_them(entry_point: str) -> None:
    command = [str(Path(sys.executable).with_name("functions-framework")), f"--source={FUNCTIONS / 'main.py'}"]
    env = {"PATH": os.environ["PATH"], "STRIPE_LIVEMODE": "maybe"}
    ended = subprocess.run(
        [*command, f"--target={entry_point}"], env=env, capture_output=True, text=True, timeout=LONG, check=False
    )
    assert ended.returncode == 1
    (line,) = ended.stdout.splitlines()
    record = json.loads(line)
    assert record["severity"] == "CRITICAL"
    assert "GOOGLE_CLOUD_PROJECT is required; STRIPE_LIVEMODE must be true" in record["message"]
    assert ("STRIPE_WEBHOOK_SECRETS" in record["message"]) is (entry_point == WEBHOOK)
