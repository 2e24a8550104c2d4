"""Sells hundreds of orders while everything breaks, and judges the resulting orders.

The seed determines the sales and the faults: the same seed makes the same plan.
"""

import argparse
import asyncio
import json
import secrets
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from chaos import report
from chaos.profiles import PROFILES, scaled
from chaos.run import perform
from local.runtime import emulators
from local.runtime.processes import ProgramFailed


def main() -> int:
    """Returns 0 if nothing was lost, wrong, or done twice without a reason; else 1."""
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument(
        "--profile", choices=PROFILES, default="long", help="long (8 minutes), short, or calm: no faults"
    )
    parser.add_argument("--seed", type=int, help="repeats a plan; default: a new seed")
    parser.add_argument("--orders", type=int, help="the number of orders; default: the profile's")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    parser.add_argument("--keep", type=Path, help="an empty folder for the programs' logs")
    given = parser.parse_args()
    console = Console(highlight=False, soft_wrap=True)
    if missing := emulators.missing():
        console.print(f"[red]{missing}[/]")
        return 1
    with tempfile.TemporaryDirectory(prefix="chaos-") as made:
        return _run(given, given.keep or Path(made), console)


def _run(given: argparse.Namespace, folder: Path, console: Console) -> int:
    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    console.print(f"scripts/chaos --profile {given.profile} --seed {seed}")
    profile = scaled(PROFILES[given.profile], given.orders)
    try:
        run = asyncio.run(perform(seed, profile, folder, console.print))
    except ProgramFailed as error:
        console.print(f"[red]{error}[/]")
        return 1
    facts = report.facts(run)
    if given.json:
        given.json.write_text(json.dumps(facts, indent=2) + "\n")
    report.show(facts, console)
    return 0 if facts["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
