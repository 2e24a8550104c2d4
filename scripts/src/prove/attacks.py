"""The attacks on the unchanged product: hostile inputs and overload. They print their findings."""

import asyncio
import tempfile
from pathlib import Path

import click

from local.fakes.pubsub_stand_in import PubSubStandIn
from local.runtime.processes import Processes
from prove import fuzzing
from prove.fuzzing import Report, Target
from prove.load import Load
from prove.servers import Server
from prove.socket_target import SocketTarget


def fuzz(inputs: int, seed: str) -> int:
    """Gives every target its share of the inputs; returns the number of broken guarantees."""
    broken = 0
    for name, (target, share) in fuzzing.shares().items():
        with fuzzing.log_held():
            report = asyncio.run(fuzzing.run(name, target, seed, round(inputs * share)))
        broken += _show(name, report)
    with tempfile.TemporaryDirectory() as logs, Processes(Path(logs)) as processes, SocketTarget(processes) as target:
        broken += _show("socket", _over_sockets(target, seed, round(inputs * fuzzing.SOCKET_SHARE)))
    return broken


async def load(connections: int, requests: int) -> int:
    """Overloads the webhook; returns the number of broken guarantees."""
    with tempfile.TemporaryDirectory() as logs, Processes(Path(logs)) as processes, PubSubStandIn() as pubsub:
        server, broken = Server(processes, pubsub.host), 0
        server.start()
        async for phase in Load(server, pubsub, connections, requests).phases():
            answers = ", ".join(f"{count:,} x {status}" for status, count in sorted(phase.answers.items()))
            click.echo(
                f"{phase.name:30} {answers}; the slowest took {phase.slowest:.1f} s, {server.megabytes():.0f} MB"
            )
            for each in phase.broken:
                click.echo(f"    {each}")
            broken += len(phase.broken)
        return broken


def _over_sockets(target: Target, seed: str, inputs: int) -> Report:
    return asyncio.run(fuzzing.run("socket", target, seed, inputs, at_once=32))


def _show(name: str, report: Report) -> int:
    click.echo(
        f"{name:8} {report.inputs:9,} inputs, {report.ways} different results, "
        f"{report.seconds:.0f} s, grew by {report.megabytes:.0f} MB, {len(report.broken)} broken"
    )
    for each in report.broken:
        click.echo(each)
    return len(report.broken)
