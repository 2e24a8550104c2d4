"""The commands of scripts/prove."""

import asyncio
import os
import secrets
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import click

from local.processes import Processes
from local.pubsub_stand_in import PubSubStandIn
from proof import fuzzing, mutation
from proof.fuzzing import Report, Target
from proof.guards import GUARDS
from proof.load import Load
from proof.servers import Server
from proof.socket_door import Socket


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def prove() -> None:
    """Long runs that try to break the promise. Each prints its seed, and with the same seed does the same again."""


@prove.command()
@click.option("--inputs", default=1_000_000, show_default=True, help="How many inputs, over all targets.")
@click.option("--seed", default=lambda: secrets.token_hex(4), help="Any text; a new one if none is given.")
def fuzz(inputs: int, seed: str) -> None:
    """Gives parsers, the webhook, a subscriber and the mail renderer hostile inputs. Ten minutes for a million."""
    click.echo(f"seed {seed}")
    broken = 0
    for name, (target, share) in fuzzing.shares().items():
        with fuzzing.log_held():
            report = asyncio.run(fuzzing.run(name, target, seed, round(inputs * share)))
        broken += _show(name, report)
    with tempfile.TemporaryDirectory() as logs, Processes(Path(logs)) as processes, Socket(processes) as target:
        broken += _show("socket", _over_sockets(target, seed, round(inputs * fuzzing.SOCKET_SHARE)))
    sys.exit(1 if broken else 0)


@prove.command()
@click.option("--connections", default=512, show_default=True, help="How many at once.")
@click.option("--requests", default=20, show_default=True, help="How many on each, in each phase.")
def load(connections: int, requests: int) -> None:
    """Gives the webhook more than it can carry: connections, slow clients, huge bodies, a Pub/Sub that is slow."""
    sys.exit(1 if asyncio.run(_load(connections, requests)) else 0)


async def _load(connections: int, requests: int) -> int:
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


@prove.command()
@click.option(
    "--file", "files", multiple=True, type=click.Choice(tuple(GUARDS)), help="Only this file; may be repeated."
)
@click.option("--sample", type=int, help="Only so many mutants, drawn by the seed.")
@click.option("--seed", default="1", show_default=True, help="Any text.")
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, help="How many at once.")
def mutate(files: tuple[str, ...], sample: int | None, seed: str, jobs: int) -> None:
    """Changes the rules in one place at a time; the tests must notice. Half an hour for all of them."""
    chosen = mutation.draw(mutation.candidates(files or tuple(GUARDS)), sample, seed)
    scores, survivors = defaultdict[str, list[bool]](list), []
    for candidate, noticed in mutation.run(chosen, jobs):
        scores[candidate.file].append(noticed)
        if not noticed:
            survivors.append(candidate)
            click.echo(f"not noticed, line {candidate.mutant.line}: {candidate.name}")
    for file, each in scores.items():
        click.echo(f"{file:24} {sum(each):4} of {len(each):4} noticed")
    sys.exit(1 if survivors else 0)


def _over_sockets(target: Target, seed: str, inputs: int) -> Report:
    return asyncio.run(fuzzing.run("socket", target, seed, inputs, at_once=32))


def _show(name: str, report: Report) -> int:
    click.echo(
        f"{name:8} {report.inputs:9,} inputs, taken in {report.ways} ways, "
        f"{report.seconds:.0f} s, grew by {report.megabytes:.0f} MB, {len(report.broken)} broken"
    )
    for each in report.broken:
        click.echo(each)
    return len(report.broken)
