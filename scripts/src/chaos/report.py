"""The report of a run: a table for people, JSON for programs."""

from collections import Counter
from typing import Any

from rich.console import Console
from rich.table import Table

from chaos import logs
from chaos.operator_actions import reason_of
from chaos.plan import WEBHOOK
from chaos.run import Run

Json = dict[str, Any]


def facts(run: Run) -> Json:
    """The figures of a run."""
    verdict, incidents = run.verdict, [each for each in run.fault_injector.incidents if each.hits]
    lines = list(logs.records(run.testbed.processes))
    return {
        "seed": run.seed,
        "profile": run.profile.name,
        "orders": len(run.cases),
        "events": sum(len(case.told) for case in run.cases),
        "never_told": sum(case.never_told for case in run.cases),
        "after_sale": sum(len(case.aftermath.shown) for case in run.cases),
        "routed": sum(len(case.routed) for case in run.cases),
        "sends": run.sender.sends,
        "answers": _counted(run.sender.answers),
        "slowest_answer_seconds": round(run.sender.slowest, 1),
        "deliveries": _counted(Counter(line["outcome"] for line in lines if line["entry_point"] != WEBHOOK)),
        "kills": _counted(Counter(each.function for each in run.fault_injector.killed)),
        "faults": _counted(Counter(each.kind for each in incidents)),
        "faults_by_link": _counted(Counter(each.link for each in incidents)),
        "clock_jumps": len(run.plan.jumps),
        "dead_letters": _counted(Counter(map(reason_of, run.parked))),
        "effects_performed": len(run.testbed.world.calls()),
        "settled_in_seconds": round(run.settled_in, 1),
        "lost": verdict.lost,
        "wrong": verdict.wrong,
        "doubled": _counted(verdict.doubled),
        "doubled_without_a_reason": verdict.unexplained,
        "good": verdict.is_good,
    }


def show(figures: Json, console: Console) -> None:
    """Prints the figures as a table, and every problem in full."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, value in figures.items():
        table.add_row(name.replace("_", " "), _in_short(value))
    console.print(table)
    for name in ("lost", "wrong", "doubled_without_a_reason"):
        for problem in figures[name]:
            console.print(f"[red]{name.replace('_', ' ')}:[/] {problem}", highlight=False, soft_wrap=True)
    outcome = "[green]nothing lost, nothing wrong, nothing twice without a reason[/]"
    console.print(outcome if figures["good"] else "[red]the promise was not kept[/]")


def _in_short(value: Any) -> str:
    if isinstance(value, dict):
        total = sum(value.values())
        return f"{total}  ({', '.join(f'{name} {count}' for name, count in value.items())})" if value else "0"
    return str(len(value)) if isinstance(value, list) else str(value)


def _counted(counter: Counter[Any]) -> dict[str, int]:
    return {str(name): count for name, count in sorted(counter.items(), key=lambda item: str(item[0]))}
