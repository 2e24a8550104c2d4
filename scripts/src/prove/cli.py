"""The commands of scripts/prove."""

import asyncio
import os
import secrets
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence

import click

from prove import mutation
from prove.guards import GUARDS

# `attacks` imports the product, and a mutant must be the first to do so: what it declares cannot be declared again.


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def prove() -> None:
    """Long runs that try to break the promise. Each prints its seed, and with the same seed does the same again."""


@prove.command()
@click.option("--inputs", default=1_000_000, show_default=True, help="How many inputs, over all targets.")
@click.option("--seed", default=lambda: secrets.token_hex(4), help="Any text; a new one if none is given.")
def fuzz(inputs: int, seed: str) -> None:
    """Gives parsers, the webhook, a subscriber and the mail renderer hostile inputs. Ten minutes for a million."""
    from prove import attacks  # noqa: PLC0415 - as above

    click.echo(f"seed {seed}")
    sys.exit(1 if attacks.fuzz(inputs, seed) else 0)


@prove.command()
@click.option("--connections", default=512, show_default=True, help="How many at once.")
@click.option("--requests", default=20, show_default=True, help="How many on each, in each phase.")
def load(connections: int, requests: int) -> None:
    """Gives the webhook more than it can carry: connections, slow clients, huge bodies, a Pub/Sub that is slow."""
    from prove import attacks  # noqa: PLC0415 - as above

    sys.exit(1 if asyncio.run(attacks.load(connections, requests)) else 0)


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
    for candidate, noticed in _judged(chosen, jobs):
        scores[candidate.file].append(noticed)
        if not noticed:
            survivors.append(candidate)
            click.echo(f"not noticed, line {candidate.mutant.line}: {candidate.name}")
    for file, each in scores.items():
        click.echo(f"{file:24} {sum(each):4} of {len(each):4} noticed")
    sys.exit(1 if survivors else 0)


def _judged(chosen: Sequence[mutation.Candidate], jobs: int) -> Iterator[tuple[mutation.Candidate, bool]]:
    try:
        yield from mutation.run(chosen, jobs)
    except mutation.GuardsFail as error:
        raise click.ClickException(str(error)) from error
