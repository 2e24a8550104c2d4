"""What a function's processes use, as Linux counts it."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmark import load
from benchmark.load import Posted
from benchmark.servers import Bench, Server

_TICKS = os.sysconf("SC_CLK_TCK")


def resident(bench: Bench, server: Server) -> float:
    """The worker's resident megabytes. The worker is the process without children."""
    pages = int(Path(f"/proc/{_processes(bench, server)[-1]}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def cpu_seconds(bench: Bench, server: Server) -> float:
    """The processor time of all the function's processes since their start, to a hundredth of a second."""
    return sum(map(_ticks, _processes(bench, server))) / _TICKS


def post(bench: Bench, server: Server, requests: Path, count: int, connections: int) -> Posted:
    """`load.post` with the function's CPU for a request."""
    before = cpu_seconds(bench, server)
    posted = load.post(server.url, requests, count, connections)
    return replace(posted, cpu=(cpu_seconds(bench, server) - before) / count * 1e6)


def _ticks(process: int) -> int:
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(after_name[11]) + int(after_name[12])  # utime and stime: proc(5)


def _processes(bench: Bench, server: Server) -> list[int]:
    return list(_descendants(bench.processes.pid(server.name)))


def _descendants(process: int) -> Iterator[int]:
    yield process
    for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
        yield from _descendants(int(child))
