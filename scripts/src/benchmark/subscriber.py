"""The subscriber path: orders per second for a first event, a later one and a duplicate, against a bare Firestore call
and the naive transaction; the same with many orders in the store. Every order must then be in the store.
"""

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from benchmark import load
from benchmark.figures import Goal, Part, Spread, Table, ratios
from benchmark.load import Posted
from benchmark.servers import Bench, Server
from benchmark.worker import post
from fulfillment.domain.events import parse
from fulfillment.domain.transitions import apply
from fulfillment.orders.documents import to_document
from fulfillment.topic.attributes import attributes_of
from fulfillment.topic.message import Message
from local.fakes.memory_topic import push_body
from local.fakes.stripe_events import COMPLETED, Json, body, event, new_id, session

CONNECTIONS = 8
COUNT = 1_500
STORED = (0, 10_000, 100_000)
OURS = "on_checkout_session_completed"
TITLES = {
    ("store", "limit"): "one bare call of Firestore's: the limit",
    ("transaction", "first"): "the naive transaction, first event",
    ("transaction", "later"): "the naive transaction, later event",
    (OURS, "waiting"): "**first event, nothing owed yet** (the payment is delayed)",
    (OURS, "first"): "**first event of a card order, with its hook**",
    (OURS, "later"): "**later event of that order**",
    (OURS, "duplicate"): "**duplicate of it**",
}
CALLS = {"waiting": 1, "first": 2, "later": 3, "duplicate": 2}


@dataclass(frozen=True)
class Pushes:
    """One round's pushes, in files for wrk, by kind; and their session ids."""

    files: dict[str, Path]
    ids: dict[str, set[str]]


def measure(bench: Bench, files: Path, rounds: int, share: float) -> Part:
    """All contenders, in rounds; then this product's subscriber with a growing store."""
    servers = {name: bench.start(name) for name in ("store", "transaction", OURS)}
    count = int(COUNT * share)
    posted: dict[tuple[str, str], list[Posted]] = defaultdict(list)
    for number in range(-1, rounds):  # the first one warms up
        pushes = _prepare(files, count)
        for name, what in TITLES:
            result = post(bench, servers[name], pushes.files[what], count, CONNECTIONS)
            posted[name, what].extend([result] if number >= 0 else [])
        bench.stored(pushes.ids["waiting"] | pushes.ids["first"])
    cpu = {key: [each.cpu for each in results] for key, results in posted.items()}
    rates = {key: [each.rate for each in results] for key, results in posted.items()}
    rows = [
        [
            title,
            CALLS[key[1]] if key[0] == OURS else "",
            Spread.of(rates[key]),
            Spread.of(cpu[key]),
            ratios(cpu[key], cpu["store", "limit"]),
        ]
        for key, title in TITLES.items()
    ]
    columns = ["contender", "Firestore calls", "events/s", "CPU µs for an event", "of the limit"]
    goal = "CPU of a first card order with its hook, of the naive transaction's"  # 2.85 with the library's messages
    first = Goal(goal, ratios(cpu[OURS, "first"], cpu["transaction", "first"]), most=1.7)
    note = f"{CONNECTIONS} pushes at a time. `tests/integration/test_operations_per_order.py` pins the calls."
    growth, flat = _growth(bench, servers[OURS], servers["store"], files, share)
    at_once = _at_once(bench, servers[OURS])
    for name in servers:
        bench.processes.stop(name)
    bars = {title.replace("*", ""): Spread.of(rates[key]).median for key, title in TITLES.items()}
    return Part([Table("Subscriber path", columns, rows, note), growth, at_once], [first, flat], {"events/s": bars})


def _prepare(files: Path, count: int) -> Pushes:
    ids = {what: [new_id("cs_test") for _ in range(count)] for what in ("waiting", "first")}
    waiting = [event(COMPLETED, session(each, payment_status="unpaid"), id=new_id("evt")) for each in ids["waiting"]]
    first = [event(COMPLETED, session(each), id=new_id("evt")) for each in ids["first"]]
    later = [event(COMPLETED, session(each), id=new_id("evt")) for each in ids["first"]]
    limit = [event(COMPLETED, session(new_id("cs_test")), id=new_id("evt")) for _ in range(count)]
    kinds = {"waiting": waiting, "limit": limit, "first": first, "later": later, "duplicate": later}
    written = {}
    for what, events in kinds.items():
        written[what] = files / what
        load.write(written[what], ((push(each), {}) for each in events))
    return Pushes(written, {what: set(each) for what, each in ids.items()})


def push(of: Json) -> bytes:
    """The body of Pub/Sub's push request with the event."""
    return push_body(Message(data=body(of), attributes=attributes_of(of, ""), id="1"), 1)


def _growth(bench: Bench, server: Server, bare: Server, files: Path, share: float) -> tuple[Table, Goal]:
    """The effect of the number of stored orders on a first event, a later one and a duplicate. The bare call shows the
    effect on the emulator, which keeps everything in memory.
    """
    rows, found, stored = [], [], 0
    columns = {"limit": bare, "first": server, "later": server, "duplicate": server}
    for wanted in (int(each * share) for each in STORED):
        fill(bench, wanted - stored)
        stored = max(stored, wanted)
        rates: dict[str, list[float]] = {what: [] for what in columns}
        for number in range(-1, 3):
            pushes = _prepare(files, int(COUNT * share))
            for what, each in columns.items():
                posted = load.post(each.url, pushes.files[what], int(COUNT * share), CONNECTIONS)
                rates[what].extend([posted.rate] if number >= 0 else [])
            bench.stored(pushes.ids["first"])
        shares = ratios(rates["first"], rates["limit"])
        found.append(shares)
        rows.append([f"{wanted:,}", *map(Spread.of, rates.values()), shares])
    flat = Goal(
        f"first events, of the bare call: with {rows[-1][0]} orders in the store, of those with none",
        ratios(found[-1].rounds, found[0].rounds),
        least=0.85,
    )
    head = [
        "orders in the store",
        "bare calls/s",
        "first events/s",
        "later/s",
        "duplicates/s",
        "first, of the bare call",
    ]
    return Table("Growth", head, rows, "The emulator keeps all of it in memory, and slows down by itself."), flat


def fill(bench: Bench, count: int) -> None:
    """Adds `count` orders to the store."""
    document = stored_order("cs_test_x")
    for begin in range(0, count, 400):
        batch = bench.firestore.batch()
        for _ in range(min(400, count - begin)):
            order_id = new_id("cs_test")
            batch.create(bench.firestore.collection("orders").document(order_id), document | {"id": order_id})
        batch.commit()


def stored_order(order_id: str) -> Json:
    """The document of an order after a card payment."""
    data = body(event(COMPLETED, session(order_id), id="evt_x"))
    return to_document(apply(None, parse(data, datetime.now(UTC))).order)


def _at_once(bench: Bench, server: Server, deliveries: int = 50) -> Table:
    """Many deliveries for one session at once, each retried until it is acknowledged."""
    session_id = new_id("cs_test")
    events = [event(COMPLETED, session(session_id), id=new_id("evt")) for _ in range(deliveries)]

    async def deliver(client: httpx.AsyncClient, content: bytes) -> int:
        tries = 1
        while (await client.post(server.url, content=content)).status_code != 204:
            tries += 1
            await asyncio.sleep(0.05)
        return tries

    async def all_at_once() -> list[int]:
        async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=deliveries)) as client:
            return await asyncio.gather(*(deliver(client, push(each)) for each in events))

    began = time.perf_counter()
    tries = asyncio.run(all_at_once())
    took = time.perf_counter() - began
    document = bench.firestore.collection("orders").document(session_id).get().to_dict() or {}
    known = set(document["events"])
    hooks = bench.processes.log(server.name).read_text().count(f"fulfilled {session_id} ")
    if known != {each["id"] for each in events} or document["status"] != "fulfilled" or hooks != 1:
        raise AssertionError(
            f"of {deliveries} deliveries at once {len(known)} are in the order, fulfilled {hooks} times"
        )
    rows = [[deliveries, f"{took:.2f}", sum(tries), hooks]]
    return Table(
        "One session hit at once", ["events at once", "seconds until all are in", "deliveries", "hook calls"], rows
    )
