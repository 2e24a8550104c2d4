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

# `attacks` imports the product. A mutant must import it first: a module can be declared only once per process.


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def prove() -> None:
    """Long runs that try to break the guarantees. Each prints its seed; the same seed repeats the run."""


@prove.command()
@click.option("--inputs", default=1_000_000, show_default=True, help="The number of inputs, over all targets.")
@click.option("--seed", default=lambda: secrets.token_hex(4), help="Any text. Default: a new one.")
def fuzz(inputs: int, seed: str) -> None:
    """Gives parsers, the webhook, a subscriber and the mail renderer hostile inputs. Ten minutes for a million."""
    from prove import attacks  # noqa: PLC0415 - as above

    click.echo(f"seed {seed}")
    sys.exit(1 if attacks.fuzz(inputs, seed) else 0)


@prove.command()
@click.option("--connections", default=512, show_default=True, help="The number of connections at once.")
@click.option("--requests", default=20, show_default=True, help="The requests on each, in each phase.")
def load(connections: int, requests: int) -> None:
    """Overloads the webhook: many connections, slow clients, huge bodies, a slow Pub/Sub."""
    from prove import attacks  # noqa: PLC0415 - as above

    sys.exit(1 if asyncio.run(attacks.load(connections, requests)) else 0)


@prove.command()
@click.option(
    "--file", "files", multiple=True, type=click.Choice(tuple(GUARDS)), help="Only this file; repeat it for several."
)
@click.option("--sample", type=int, help="Only this many mutants, drawn with the seed.")
@click.option("--seed", default="1", show_default=True, help="Any text.")
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, help="The number of mutants at once.")
def mutate(files: tuple[str, ...], sample: int | None, seed: str, jobs: int) -> None:
    """Changes the code in one place at a time; the tests must notice. All mutants took twelve minutes with --jobs 8."""
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
