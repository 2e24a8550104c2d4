"""End to end: from the ack to the document, and to the fulfilled order, at a steady rate, through four functions and
Pub/Sub's own pushes.
"""

import asyncio
import statistics
import time
from collections.abc import Mapping, Sequence
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
    servers = start(bench)
    waits = steady(bench, servers, int(RATE * SECONDS * share), RATE)
    stop(bench, servers)
    titles = ("the document", "the order is fulfilled")
    rows = [
        [title, number(statistics.median(took) * 1000), number(p99(took) * 1000)]
        for title, took in zip(titles, waits, strict=True)
    ]
    note = (
        f"{len(waits[0])} card orders at {RATE} a second. Below zero: it was there before the ack reached the caller."
    )
    return Part([Table("From the ack to …", ["", "p50 ms", "p99 ms"], rows, note)])


def start(bench: Bench) -> dict[str, Server]:
    """The webhook and the subscribers, warmed up, connected by the topic."""
    servers = {name: bench.start(name, EVENTS_TOPIC=TOPIC) for name in (WEBHOOK, *SUBSCRIBERS.values())}
    ports = {name: server.port for name, server in servers.items()}
    Pipe(bench.processes, bench.emulators, ports, {}, PROJECT).create_topics()
    asyncio.run(_run(servers[WEBHOOK], 20, RATE))
    return servers


def stop(bench: Bench, servers: Mapping[str, Server]) -> None:
    """Stops the functions, and deletes their subscriptions: the next functions listen on other ports."""
    for entry_point in SUBSCRIBERS.values():
        bench.admin.unsubscribe(entry_point.replace("_", "-"))
    for server in servers.values():
        bench.processes.stop(server.name)


def steady(bench: Bench, servers: Mapping[str, Server], count: int, rate: float) -> tuple[list[float], list[float]]:
    """The seconds from each ack to its document, and to its fulfilled order. Card orders come at a steady rate."""
    acked = asyncio.run(_run(servers[WEBHOOK], count, rate))
    documents = _fulfilled(bench, set(acked))
    stored, fulfilled = ([documents[each][which].timestamp() - at for each, at in acked.items()] for which in (0, 1))
    return stored, fulfilled


def p99(values: Sequence[float]) -> float:
    """The value that 99 of 100 do not exceed."""
    return sorted(values)[int(len(values) * 0.99)]


async def _run(webhook: Server, count: int, rate: float) -> dict[str, float]:
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
            await asyncio.sleep(1 / rate)
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
