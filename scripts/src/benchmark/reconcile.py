"""Reconcile over a growing number of sessions, all without an order: its time grows with them, its memory does not.
Stripe and the orders are in memory, and each size has its own process.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmark.figures import Goal, Part, Spread, Table
from benchmark.servers import Bench
from fulfillment.domain.envelope import MadeEvent
from fulfillment.reconcile.endpoint import End, run
from fulfillment.reconcile.reconciler import Reconciler
from fulfillment.reconcile.settings import ReconcileSettings
from local.fakes.endless_stripe import EndlessStripe
from local.fakes.memory_checkpoint import MemoryCheckpoint
from local.fakes.memory_orders import MemoryOrders

COUNTS = (1_000, 10_000, 100_000)


def measure(_bench: Bench, _files: Path, rounds: int, share: float) -> Part:
    """Each size, in rounds."""
    counts = [int(each * share) for each in COUNTS]
    found = [[_in_a_process(count) for count in counts] for _ in range(rounds)]
    rows: list[list[object]] = []
    for column, count in enumerate(counts):
        each = [of[column] for of in found]
        per_session = Spread.of([one["seconds"] / count * 1e6 for one in each])
        rows.append(
            [
                f"{count:,}",
                Spread.of([one["seconds"] for one in each]),
                per_session,
                Spread.of([one["mb"] for one in each]),
            ]
        )
    grown = Spread.of([of[-1]["mb"] - of[0]["mb"] for of in found])
    slower = Spread.of([of[-1]["seconds"] / of[1]["seconds"] / (counts[-1] / counts[1]) for of in found])
    few, some, many = (f"{count:,}" for count in counts)
    goals = [
        Goal(f"memory of reconcile over {many} sessions, beyond that over {few}", grown, most=5, unit=" MB"),
        Goal(f"time of reconcile for a session, of {many} against {some}", slower, most=1.3),
    ]
    columns = ["sessions", "seconds", "µs for each", "MB"]
    return Part(
        [Table("Reconcile", columns, rows, "Without Stripe's answers, which are awaited at ten a second.")], goals
    )


def _in_a_process(count: int) -> Any:
    command = [sys.executable, "-m", "benchmark.reconcile", str(count)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


async def _reconcile(count: int) -> float:
    """Seconds of one run. AssertionError unless every session was found missing and published."""
    since = datetime.now(UTC) - timedelta(days=20)
    settings = ReconcileSettings(
        project="shop", livemode=False, stripe_key=lambda: "unused", since=since, grace_seconds=0
    )

    async def publish(_found: MadeEvent) -> None:
        """Drops the event."""

    stripe = EndlessStripe(count, int(since.timestamp()))
    reconciler = Reconciler(settings=settings, stripe=stripe, orders=MemoryOrders(), publish=publish)
    began = time.perf_counter()
    end = await run(reconciler, MemoryCheckpoint(), settings)
    if (end, reconciler.stats.missing, reconciler.stats.published) != (End.RECONCILED, count, count):
        raise AssertionError(f"{end}, and {reconciler.stats.missing} of {count} sessions are missing")
    return time.perf_counter() - began


def _most_megabytes() -> float:
    """The peak resident memory of this program. (getrusage would include its parent's before the fork.)"""
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(kilobytes) * 1024 / 1e6


if __name__ == "__main__":
    seconds = asyncio.run(_reconcile(int(sys.argv[1])))
    print(json.dumps({"seconds": seconds, "mb": _most_megabytes()}))
