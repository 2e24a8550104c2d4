"""End to end: from the ack to the document, and to the fulfilled order, at a steady rate, through four functions and
Pub/Sub's own pushes.
"""

import asyncio
import statistics
import time
from datetime import datetime
from pathlib import Path

import httpx

from benchmark import load
from benchmark.figures import Part, Table, number
from benchmark.servers import PROJECT, Bench, Server
from fulfillment.domain.event_types import SUBSCRIBERS
from local.fakes.stripe_events import new_id, signature
from local.runtime.pipe import TOPIC, WEBHOOK, Pipe

RATE = 5
SECONDS = 30


def measure(bench: Bench, _files: Path, _rounds: int, share: float) -> Part:
    """One steady run."""
    servers = {name: bench.start(name, EVENTS_TOPIC=TOPIC) for name in (WEBHOOK, *SUBSCRIBERS.values())}
    ports = {name: server.port for name, server in servers.items()}
    Pipe(bench.processes, bench.emulators, ports, {}, PROJECT).create_topics()
    asyncio.run(_run(servers[WEBHOOK], 20))
    acked = asyncio.run(_run(servers[WEBHOOK], int(RATE * SECONDS * share)))
    documents = _fulfilled(bench, set(acked))
    for server in servers.values():
        bench.processes.stop(server.name)
    waits = {"the document": 0, "the order is fulfilled": 1}
    rows = []
    for title, which in waits.items():
        took = sorted((documents[each][which].timestamp() - at) * 1000 for each, at in acked.items())
        rows.append([title, number(statistics.median(took)), number(took[int(len(took) * 0.99)])])
    note = f"{len(acked)} card orders at {RATE} a second. Below zero: it was there before the ack reached the caller."
    return Part([Table("From the ack to …", ["", "p50 ms", "p99 ms"], rows, note)])


async def _run(webhook: Server, count: int) -> dict[str, float]:
    """Posts at the rate, without waiting for answers. Returns the time of each session's acknowledgment."""
    acked: dict[str, float] = {}
    async with httpx.AsyncClient(timeout=30) as client, asyncio.TaskGroup() as group:

        async def post(session_id: str) -> None:
            content = load.card_event(session_id)
            answer = await client.post(webhook.url, content=content, headers=signature(content))
            acked[session_id] = time.time()
            if answer.status_code != 200:
                raise AssertionError(f"the webhook answered {answer.status_code}")

        for _ in range(count):
            group.create_task(post(new_id("cs_test")))
            await asyncio.sleep(1 / RATE)
    return acked


def _fulfilled(bench: Bench, session_ids: set[str], seconds: float = 60) -> dict[str, tuple[datetime, datetime]]:
    """The times at which each order was stored and fulfilled. AssertionError unless all are fulfilled."""
    collection = bench.firestore.collection("orders")
    done: dict[str, tuple[datetime, datetime]] = {}
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = bench.firestore.get_all([collection.document(each) for each in session_ids])
        done = {
            each.id: (each.create_time, each.get("fulfilled_at"))
            for each in found
            if each.exists and each.get("status") == "fulfilled"
        }
        if len(done) == len(session_ids):
            return done
        time.sleep(0.5)
    raise AssertionError(f"{len(session_ids) - len(done)} orders of {len(session_ids)} are not fulfilled")
