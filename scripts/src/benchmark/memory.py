"""Memory of the worker after its start, and after ten thousand more requests."""

from collections.abc import Iterator
from pathlib import Path

from benchmark import load
from benchmark.figures import Goal, Part, Spread, Table
from benchmark.servers import Bench, Server
from benchmark.subscriber import OURS, push
from benchmark.worker import resident
from local.fakes.stripe_events import COMPLETED, event, new_id, session
from local.runtime.pipe import WEBHOOK

REQUESTS = 10_000
WARM = 2_000


def measure(bench: Bench, files: Path, _rounds: int, share: float) -> Part:
    """The webhook and a subscriber, one after the other."""
    rows, goals = [], []
    bench.topic("memory")
    for entry_point in (WEBHOOK, OURS):
        server = bench.start(entry_point, EVENTS_TOPIC="memory")
        at_start = resident(bench, server)
        warm = _after(bench, server, files, int(WARM * share))
        grown = _after(bench, server, files, int(REQUESTS * share))
        bench.processes.stop(server.name)
        rows.append([f"`{entry_point}`", f"{at_start:.1f}", f"{warm:.1f}", f"{grown:.1f}"])
        goals.append(
            Goal(
                f"growth of {entry_point} over {REQUESTS * share:,.0f} requests",
                Spread.of([grown - warm]),
                most=5,
                unit=" MB",
            )
        )
    columns = [
        "entry point",
        "MB after start",
        f"after {WARM * share:,.0f} requests",
        f"after {REQUESTS * share:,.0f} more",
    ]
    return Part([Table("Memory", columns, rows, "Resident, of the worker process.")], goals)


def _after(bench: Bench, server: Server, files: Path, count: int) -> float:
    """Megabytes after `count` events. All of them must be on the topic or in the store."""
    ids = [new_id("cs_test") for _ in range(count)]
    if server.entry_point == WEBHOOK:
        requests, ids = load.prepare(files / "memory", count)
        load.post(server.url, requests, count, 16)
        bench.find("memory", set(ids))
    else:
        pushes: Iterator[tuple[bytes, dict[str, str]]] = (
            (push(event(COMPLETED, session(each), id=new_id("evt"))), {}) for each in ids
        )
        load.write(files / "memory", pushes)
        load.post(server.url, files / "memory", count, 8)
        for begin in range(0, count, 1000):
            bench.stored(set(ids[begin : begin + 1000]))
    return resident(bench, server)
