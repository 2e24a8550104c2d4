"""The order status page: pages per second, their latency and size. A browser loads nothing else."""

import urllib.request
from collections import defaultdict
from pathlib import Path

from benchmark import load
from benchmark.figures import Part, Spread, Table
from benchmark.servers import Bench, Server
from benchmark.subscriber import stored_order
from local.fakes.stripe_events import new_id

CONNECTIONS, COUNT = 16, 2_000
ACCEPTED = {"the page": "text/html", "its JSON": "application/json"}


def measure(bench: Bench, files: Path, rounds: int, share: float) -> Part:
    """Both formats of a paid order's page, for one buyer at a time and for sixteen."""
    server, order_id, count = bench.start("order_status"), new_id("cs_test"), int(COUNT * share)
    bench.firestore.collection("orders").document(order_id).create(stored_order(order_id))
    found: dict[tuple[str, int], list[load.Posted]] = defaultdict(list)
    for number in range(-1, rounds):  # the first one warms up
        for title, accepted in ACCEPTED.items():
            requests = files / "page"
            load.write_gets(requests, f"/?session_id={order_id}", accepted, count)
            for connections in (1, CONNECTIONS):
                posted = load.post(server.url, requests, count, connections)
                found[title, connections].extend([posted] if number >= 0 else [])
    rows = [
        [title, connections, *(Spread.of([getattr(each, name) for each in rounds]) for name in ("rate", "p50", "p99"))]
        for (title, connections), rounds in found.items()
    ]
    weights = ", ".join(
        f"{title} {_weight(server, order_id, accepted):,} bytes" for title, accepted in ACCEPTED.items()
    )
    bench.processes.stop(server.name)
    columns = ["order status page", "buyers at once", "answers/s", "p50 ms", "p99 ms"]
    return Part(
        [Table("Order status page", columns, rows, f"{weights[0].upper()}{weights[1:]}, and nothing else to load.")]
    )


def _weight(server: Server, order_id: str, accepted: str) -> int:
    """Bytes of the body."""
    request = urllib.request.Request(f"{server.url}?session_id={order_id}", headers={"Accept": accepted})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return len(answer.read())
