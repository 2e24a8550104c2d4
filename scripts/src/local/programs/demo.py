"""Plays a small day of sales through the real pipe and shows the orders as they change."""

import argparse
import asyncio
import contextlib
import io
import itertools
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from fulfillment.errors import ConfigurationError
from local.programs import day, sales
from local.programs.course import Course, Shop
from local.programs.sale import ROUTED
from local.runtime import emulators, hooks_file, pipe
from local.runtime.memory_pipe import MemoryPipe
from local.runtime.neighbors import Neighbors, neighbors
from local.runtime.pipe import Pipe
from local.runtime.processes import Processes, ProgramFailed
from ops.clients.loopback import bypass_proxy

ROUTING = {"ROUTED_EVENTS": ROUTED}
COLORS = {
    **dict.fromkeys(("paid", "fulfilled", "kept", "access granted"), "green"),
    **dict.fromkeys(("awaiting_payment", "refunded", "disputed"), "yellow"),
    **dict.fromkeys(("payment_failed", "lost", "access revoked"), "red"),
}


def main() -> int:
    """Returns 0 if every case had the expected result, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--memory", action="store_true", help="play in one process, without the emulators")
    memory = parser.parse_args().memory
    bypass_proxy()
    console = Console(file=sys.stdout)  # fixed here: stdout is redirected later for log lines
    missing = None if memory else emulators.missing()
    if missing:
        console.print(f"[yellow]Without the official emulators:[/] {missing}", highlight=False, soft_wrap=True)
    try:
        return _in_memory(console) if memory or missing else _on_emulators(console)
    except (ProgramFailed, ConfigurationError) as error:
        console.print(Text(str(error), style="red"))
        return 1


def _in_memory(console: Console) -> int:
    console.print("In one process, on the topic and the order store in memory.\n")

    async def run() -> int:
        async with neighbors() as around:
            running = MemoryPipe(around.env | ROUTING | carts, printed.getvalue)
            return await _play(running, around, console, carts=bool(carts))

    printed, carts = io.StringIO(), hooks_file.carts_of_hooks()
    with contextlib.redirect_stdout(printed):
        return asyncio.run(_until_interrupted(run()))


def _on_emulators(console: Console) -> int:
    with tempfile.TemporaryDirectory(prefix="demo-") as logs, Processes(Path(logs)) as processes:

        async def run() -> int:
            async with neighbors() as around:
                carts = hooks_file.carts_of_hooks()
                with console.status("Starting the two official emulators and the functions …"):
                    env = around.env | ROUTING | carts
                    running = await asyncio.to_thread(pipe.start, processes, pipe.choose_ports(), env)
                _introduce(running, console)
                os.environ.update(running.emulators.env)
                return await _play(running, around, console, carts=bool(carts))

        return asyncio.run(_until_interrupted(run()))


async def _until_interrupted(run: Coroutine[Any, Any, int]) -> int:
    """The result of `run`, or 128 + the signal number: a signal cancels it, so that it stops its processes."""
    task, signals = asyncio.ensure_future(run), (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    got: list[int] = []

    def interrupt(number: int) -> None:
        got.append(number)
        task.cancel()

    for number in signals:
        asyncio.get_running_loop().add_signal_handler(number, interrupt, number)
    try:
        return await task
    except asyncio.CancelledError:
        return 128 + got[0]


def _introduce(running: Pipe, console: Console) -> None:
    hosts = running.emulators
    console.print(f"Pub/Sub's emulator on {hosts.pubsub}, Firestore's on {hosts.firestore},", highlight=False)
    console.print("a stand-in of Stripe's API, a mail server, and all functions by functions-framework;")
    console.print(f"Stripe posts to {running.webhook_url}\n", highlight=False)


async def _play(shop: Shop, around: Neighbors, console: Console, *, carts: bool) -> int:
    """Plays the day. `carts`: whether the user's hooks.py takes abandoned carts."""
    courses: dict[str, Course] = {}
    with _shown(console, courses) as show:
        for sale in (each for each in sales.sales() if carts or not each.abandoned):
            courses[sale.name] = await day.play(sale, shop, show, around)
    console.print()
    for name in ("twelve items", "refund that fails", "abandoned cart"):
        if name in courses:
            _show_hook(shop.printed(), courses[name], console)
    _show_mail(courses["card"].mail, console)
    failed = [course for course in courses.values() if course.problems]
    console.print()
    for course in courses.values():
        mark = "[red]✗[/]" if course.problems else "[green]✓[/]"
        console.print(f"{mark} [bold]{course.sale.name}[/]: {course.sale.proves}", highlight=False)
        for problem in course.problems:
            console.print(f"    [red]{problem}[/]", highlight=False)
    console.print(f"\n{len(courses) - len(failed)} of {len(courses)} cases are as they should be.")
    if not failed:
        console.print("Next: scripts/dev keeps all this running; functions/hooks.py is yours to change.")
        console.print("Restart scripts/dev after a change to functions/hooks.py.")
    return 1 if failed else 0


def _show_hook(printed: str, course: Course, console: Console) -> None:
    """Shows the output of functions/hooks.py for an order or a cart."""
    name, id_ = course.sale.name, course.sale.session_id
    lines = [line for line in printed.splitlines() if id_ in line and not line.startswith("{")]
    lines = lines or ["It printed nothing with the order's id: what it prints with order.id in it is shown here."]
    console.print(Panel(Text("\n".join(lines)), title=f"What functions/hooks.py did: {name}", expand=False))


def _show_mail(mail: EmailMessage | None, console: Console) -> None:
    """Shows the receipt as it arrived."""
    text = mail and mail.get_body(("plain",))
    if mail and text:
        title = f"To {mail['To']}: {mail['Subject']}"
        console.print(Panel(Text(text.get_content().strip()), title=Text(title), expand=False, padding=(1, 2)))


@contextlib.contextmanager
def _shown(console: Console, courses: dict[str, Course]) -> Iterator[Callable[[Course], None]]:
    """A table that grows with each change; without a terminal (a pipe, CI) it is printed once.

    Live does not redirect stdout: log lines and the hook's output go elsewhere.
    """
    with Live(_table(courses), console=console, auto_refresh=False, redirect_stdout=False) as live:

        def show(course: Course) -> None:
            courses[course.sale.name] = course
            live.update(_table(courses), refresh=console.is_terminal)

        yield show


def _table(courses: dict[str, Course]) -> Table:
    columns = ("Sale", "Stripe sends → our answer", "The order", "What it was owed")
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for course in courses.values():
        way = Text(" → ").join([Text(status, style=COLORS.get(status, "dim")) for status in course.statuses])
        end = Text(" ✗", style="red") if course.problems else Text(" ✓", style="green")
        order = Text.assemble(way or Text("none", style="dim"), end if course.over else Text(" …"), overflow="fold")
        table.add_row(course.sale.name, "\n".join(_counted(course.sent)), order, _owed(course))
    return table


def _owed(course: Course) -> str:
    """The effects that were done for the order, in short."""
    words = {
        "load_line_items": f"{course.items} item{'s' * (course.items != 1)}",
        "fulfill": "hook",
        "payment_failed": "hook",
        "send_receipt": "receipt",
        "notify_payment_failed": "mail",
        "access_changed": "access hook",
    }
    return ", ".join(word for name, word in words.items() if name in course.done)


def _counted(sent: list[str]) -> list[str]:
    """Merges equal lines in a row into one with their count."""
    groups = [(line, len(list(group))) for line, group in itertools.groupby(sent)]
    return [line if count == 1 else f"{line}  x{count}" for line, count in groups]


if __name__ == "__main__":
    sys.exit(main())
