"""Runs the parts, prints their results, and after a full run writes them to docs/."""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmark import ack, cold_start, end_to_end, load, memory, page, reconcile, scale, subscriber
from benchmark.figures import Part
from benchmark.report import to_markdown, write
from benchmark.servers import Bench
from local.runtime import emulators
from local.runtime.processes import Processes

PARTS: dict[str, Callable[[Bench, Path, int, float], Part]] = {
    "ack": ack.measure,
    "cold": cold_start.measure,
    "subscriber": subscriber.measure,
    "memory": memory.measure,
    "page": page.measure,
    "reconcile": reconcile.measure,
    "end-to-end": end_to_end.measure,
    "scale": scale.measure,
}


def main(arguments: list[str]) -> None:
    """Measures, and after a full run writes docs/performance.md's tables and docs/performance.svg."""
    given = _parser().parse_args(arguments)
    quick, names = given.quick, given.parts
    if unknown := set(names) - set(PARTS):
        sys.exit(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if lacking := emulators.missing() or load.missing():
        sys.exit(lacking)
    found: dict[str, Part] = {}
    with tempfile.TemporaryDirectory() as directory, Processes(Path(directory)) as processes:
        bench = Bench(processes)
        for name in names or PARTS:
            found[name] = PARTS[name](bench, Path(directory), 2 if quick else 5, 0.3 if quick else 1)
            print(to_markdown(found[name]), flush=True)
    if not quick and not names:
        write(Path("docs"), found, _machine())


def _parser() -> argparse.ArgumentParser:
    what = "Measures the product on this machine. Only a full run writes docs/performance.md and docs/performance.svg."
    parser = argparse.ArgumentParser("scripts/benchmark", description=what)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these parts: {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="takes less than two minutes, and writes nothing")
    return parser


def _machine() -> str:
    """The date and the machine."""
    cores, python = os.cpu_count(), platform.python_version()
    load_average = os.getloadavg()[2]
    today = datetime.now(UTC).date()
    return f"{today}, {cores} cores, Python {python}, load average of the last quarter of an hour {load_average:.1f}."


if __name__ == "__main__":
    main(sys.argv[1:])
