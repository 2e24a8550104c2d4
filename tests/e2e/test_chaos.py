"""The short chaos run: real functions, real emulators, everything breaks. The long one: scripts/chaos."""

import secrets
from pathlib import Path

from rich.console import Console

import tools
from chaos_run import report
from chaos_run.profiles import SHORT
from chaos_run.run import perform


async def test_while_everything_breaks_nothing_is_lost_wrong_or_twice_without_a_reason(tmp_path: Path) -> None:
    tools.need(tools.missing_emulators())
    seed = secrets.randbelow(10**6)
    console = Console()
    console.print(f"again: scripts/chaos --profile short --seed {seed}")
    told = report.facts(await perform(seed, SHORT, tmp_path, console.print))
    report.show(told, console)
    assert (told["lost"], told["wrong"], told["doubled_without_a_reason"]) == ([], [], [])
    assert sum(told["faults"].values()) > 0
    assert sum(told["kills"].values()) == SHORT.kills
    assert told["effects_performed"] > SHORT.orders
