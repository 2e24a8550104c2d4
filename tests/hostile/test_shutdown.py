"""Cloud Run takes an instance away with SIGTERM, and kills it ten seconds later: what is in flight is finished."""

import asyncio
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from fulfillment.domain.status import Status
from fulfillment.orders.firestore_orders import FirestoreOrders
from fulfillment.topic.message import Message
from local.fakes.memory_topic import push_body
from local.fakes.pubsub_stand_in import PubSubStandIn
from local.fakes.stripe_events import COMPLETED, body, event, new_id, session, signature
from local.runtime.emulators import Emulators
from local.runtime.pipe import FUNCTIONS
from local.runtime.processes import Processes
from prove.servers import Server
from support.waiting import LONG

GRACE = 10  # Cloud Run's


async def test_the_webhook_answers_what_it_has_taken_in_before_it_ends(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes, PubSubStandIn() as pubsub:
        server = Server(processes, pubsub.host)
        server.start()
        pubsub.seconds = 3
        async with httpx.AsyncClient(timeout=LONG) as client:
            posts = [asyncio.create_task(_sell(client, server.port)) for _ in range(20)]
            await _until(lambda: pubsub.asked > 0)
            await asyncio.sleep(1)  # for the others to be in, too
            server.terminate()
            answers = await asyncio.gather(*posts)
            assert await asyncio.to_thread(server.ended_within, GRACE) == 0
            with pytest.raises(httpx.ConnectError):
                await _sell(client, server.port)
    assert answers == [200] * 20
    assert len(pubsub.take()) == 20


async def _sell(client: httpx.AsyncClient, port: int) -> int:
    payload = body(event(COMPLETED, session(new_id("cs_test"))))
    answer = await client.post(f"http://127.0.0.1:{port}/", content=payload, headers=signature(payload))
    return answer.status_code


async def test_a_subscriber_finishes_the_hook_that_runs_and_strikes_it_off(
    tmp_path: Path, emulated: Emulators, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = shutil.copytree(FUNCTIONS, tmp_path / "functions")
    running = tmp_path / "running"
    hook = f"def fulfill(order, key):\n    pathlib.Path({str(running)!r}).touch()\n    time.sleep(2)\n"
    (source / "hooks.py").write_text(f"import pathlib\nimport time\n\n\n{hook}")
    session_id = f"cs_test_{uuid.uuid4().hex}"
    sold = body(event(COMPLETED, session(session_id)))
    push = push_body(Message(data=sold, attributes={"event_type": COMPLETED}, id="1"))
    with Processes(tmp_path) as processes:
        server = Server(processes, emulated.pubsub, entry_point="on_checkout_session_completed", source=source)
        server.start({"FIRESTORE_EMULATOR_HOST": emulated.firestore})
        async with httpx.AsyncClient(timeout=LONG) as client:
            pushed = asyncio.create_task(_push(client, server.port, push))
            await _until(running.exists)
            server.terminate()
            assert await pushed == 204
        assert await asyncio.to_thread(server.ended_within, GRACE) == 0
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulated.firestore)
    stored = await FirestoreOrders("local", "(default)", "orders").get(session_id)
    assert stored is not None
    assert stored.order.status is Status.FULFILLED
    assert stored.order.lease is None


async def _push(client: httpx.AsyncClient, port: int, push: bytes) -> int:
    """Pub/Sub's part: it tries again, as long as a cold emulator does not answer in time."""
    status = 503
    while status == 503:
        status = (await client.post(f"http://127.0.0.1:{port}/", content=push)).status_code
    return status


async def _until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG):
        while not happened():
            await asyncio.sleep(0.01)
