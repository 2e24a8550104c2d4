"""The ack path: CPU for an event, events per second and the latency of an answer, at 1, 16 and 64 connections. A row
counts only if every answered event is then on the topic.
"""

import asyncio
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from benchmark import load
from benchmark.figures import Goal, Part, Spread, Table, ratios
from benchmark.load import Posted
from benchmark.servers import PROJECT, Bench, Server
from benchmark.worker import post
from fulfillment.topic.pubsub import Publisher, to_message
from local.fakes.stripe_events import new_id
from local.runtime.pipe import WEBHOOK

CONNECTIONS = (1, 16, 64)
COUNTS = {"bare": (3_000, 10_000, 10_000), "naive": (120, 900, 900), WEBHOOK: (1_500, 7_000, 7_000)}
"""At each number of connections: about two seconds for each."""
TITLES = {
    "bare": "a bare ASGI function on the stock server: the limit",
    "naive": "Flask, `construct_event`, `publish().result()`",
    WEBHOOK: "**this webhook**",
}
_TOPIC = "ack-{}"
Results = dict[tuple[str, int], list[Posted]]
"""By contender, and by the index of the number of connections."""


@dataclass(frozen=True)
class Run:
    """One round's events, and the servers that get them."""

    bench: Bench
    servers: list[Server]
    requests: Path
    ids: list[str]

    def row(self, server: Server, column: int, share: float) -> Posted:
        """One contender at one number of connections; AssertionError unless every event is on the topic afterwards."""
        count = int(COUNTS[server.entry_point][column] * share)
        posted = post(self.bench, server, self.requests, count, CONNECTIONS[column])
        if server.entry_point != "bare":
            self.bench.find(_TOPIC.format(server.entry_point), set(self.ids[:count]))
        return posted


def measure(bench: Bench, files: Path, rounds: int, share: float) -> Part:
    """All contenders, in rounds."""
    servers = []
    for entry_point in COUNTS:
        topic = _TOPIC.format(entry_point)
        bench.topic(topic)
        servers.append(bench.start(entry_point, EVENTS_TOPIC=topic))
    bench.topic("bare-rpc")
    asyncio.run(_warm_up(bench))
    posted: Results = defaultdict(list)
    rpcs = []
    for number in range(-1, rounds):  # the first one warms up
        requests, ids = load.prepare(files / "ack", max(max(each) for each in COUNTS.values()))
        run = Run(bench, servers, requests, ids)
        rpc = asyncio.run(_publish_rpc(bench))
        for column in range(len(CONNECTIONS)):
            for server in servers[number % 3 :] + servers[: number % 3]:
                result = run.row(server, column, 0.3 if number < 0 else share)
                if number >= 0:
                    posted[server.entry_point, column].append(result)
        rpcs += [rpc] if number >= 0 else []
    for server in servers:
        bench.processes.stop(server.name)
    return _part(posted, rpcs)


async def _warm_up(bench: Bench) -> None:
    """Warms up the emulator: its Java is five times as fast once it is compiled, and Pub/Sub is always warm."""
    publisher = Publisher(f"projects/{PROJECT}/topics/bare-rpc", bench.emulators.pubsub)
    messages = [to_message(load.card_event(new_id("cs_test")), {}) for _ in range(16)]
    for _ in range(1_500):
        await publisher.publish(messages)


def publish_seconds(bench: Bench) -> float:
    """The median seconds of a bare Publish call to a warm emulator."""
    bench.topic("bare-rpc")
    asyncio.run(_warm_up(bench))
    return asyncio.run(_publish_rpc(bench)) / 1000


async def _publish_rpc(bench: Bench) -> float:
    """The median milliseconds of a bare Publish call, one call at a time."""
    publisher = Publisher(f"projects/{PROJECT}/topics/bare-rpc", bench.emulators.pubsub)
    took = []
    for _ in range(300):
        message = to_message(b"x" * load.BYTES, {})
        began = time.perf_counter()
        await publisher.publish([message])
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def _part(posted: Results, rpcs: list[float]) -> Part:
    rows: list[list[object]] = []
    for entry_point, title in TITLES.items():
        for column, connections in enumerate(CONNECTIONS):
            results, limit = posted[entry_point, column], posted["bare", column]
            spreads = [Spread.of([getattr(each, name) for each in results]) for name in ("rate", "p50", "p99", "cpu")]
            of_limit = ratios([each.cpu for each in results], [each.cpu for each in limit])
            rows.append([title, str(connections), *spreads, of_limit])
    alone = zip(posted[WEBHOOK, 0], posted["bare", 0], rpcs, strict=True)
    extra = Spread.of([(our.p50 - limit.p50) / rpc for our, limit, rpc in alone])
    columns = ["contender", "connections", "events/s", "p50 ms", "p99 ms", "CPU µs for an event", "of the limit"]
    note = f"One bare Publish call of such an event to the emulator: {Spread.of(rpcs)} ms."
    goals = [
        Goal(
            "CPU of an acked event at 16 connections, of the bare function",
            _ratio(posted, 1, "cpu", WEBHOOK, "bare"),
            most=1.4,
        ),
        Goal(
            "CPU of an acked event at 16 connections: the naive way's, of ours",
            _ratio(posted, 1, "cpu", "naive", WEBHOOK),
            least=8,
            unit=" times",
        ),
        Goal(
            "events a second at 16 connections, of the naive way",
            _ratio(posted, 1, "rate", WEBHOOK, "naive"),
            least=8,
            unit=" times",
        ),
        Goal(
            "events a second at 64 connections, of the naive way",
            _ratio(posted, 2, "rate", WEBHOOK, "naive"),
            least=10,
            unit=" times",
        ),
        Goal("ack at 1 connection beyond the bare function, in Publish calls (p50)", extra, most=1.5),
    ]
    bars = {name: Spread.of([each.cpu for each in posted[name, 1]]).median for name in TITLES}
    return Part([Table("Ack path", columns, rows, note)], goals, {"CPU µs for an event, at 16 connections": bars})


def _ratio(posted: Results, column: int, name: str, of: str, to: str) -> Spread:
    these, those = ([getattr(each, name) for each in posted[contender, column]] for contender in (of, to))
    return ratios(these, those)
