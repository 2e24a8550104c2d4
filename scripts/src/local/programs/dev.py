"""Keeps the whole pipe running on this machine, for `stripe listen` and your own Stripe test account."""

import argparse
import asyncio
import functools
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from rich.console import Console
from rich.text import Text

from local.programs.explanation import explain, stripe_cli
from local.programs.log_view import follow
from local.runtime import emulators, hooks_file, pipe
from local.runtime.neighbors import API_KEY, mail_server
from local.runtime.pipe import PORTS, WEBHOOK, Pipe
from local.runtime.processes import Processes, ProgramFailed, free_ports, is_taken
from ops.clients.loopback import bypass_proxy

PORT = 8080
MORE = len(PORTS) - 1
LAST = 65535 - MORE


def main() -> int:
    """Returns 0 after Ctrl-C, 1 if a program could not start or ended by itself."""
    parser = argparse.ArgumentParser(prog="scripts/dev", description=__doc__)
    parser.add_argument("--port", type=_port, default=PORT, help=f"of the webhook; the next {MORE} too ({PORT})")
    first = parser.parse_args().port
    bypass_proxy()
    console = Console(highlight=False, soft_wrap=True)
    ports = dict(zip(PORTS, range(first, first + len(PORTS)), strict=True))
    problem = _problem(ports) or emulators.missing()
    if problem:
        console.print(problem, style="red")
        return 1
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, lambda *_: sys.exit(0))
    try:
        return _run(console, ports)
    except KeyboardInterrupt:
        return 0
    finally:
        console.print("Stopped; nothing is left running.")


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LAST:
        raise argparse.ArgumentTypeError(f"must be a port from 1 to {LAST}: the next {MORE} are used too")
    return int(text)


def _problem(ports: dict[str, int]) -> str | None:
    for name, port in ports.items():
        if is_taken(port):
            taken = f"Port {port}, for {name}, is taken."
            return f"{taken} Find the process: lsof -i :{port} · or use others: scripts/dev --port {_free_row()}"
    return None


def _free_row() -> int:
    """A port that is free, and as many after it as are needed."""
    rows = range(PORT, LAST, 100)
    return next(row for row in rows if not any(is_taken(row + number) for number in range(len(PORTS))))


def _run(console: Console, ports: dict[str, int]) -> int:
    with tempfile.TemporaryDirectory(prefix="dev-") as logs, Processes(Path(logs)) as processes:
        secret = _signing_secret(console)
        try:
            asked = hooks_file.routes_of_handlers(os.environ.get("ROUTED_EVENTS")) | _carts()
            handlers = "ROUTED_EVENTS" in asked
            with mail_server(Inbox(Path(logs), console).take) as mailing:
                stripe, listen = _stripe(console, processes, secret, ports[WEBHOOK])
                with console.status("Starting the two official emulators and the functions …"):
                    running = pipe.start(processes, ports, {**mailing, **stripe, **asked}, handlers=handlers)
                os.environ.update(running.emulators.env)
                explain(console, running, listen)
                return follow(console, running, functools.partial(_refunding, running, listen))
        except ProgramFailed as error:
            console.print(Text(str(error), style="red"))
            return 1


@dataclass
class Inbox:
    """Keeps each mail as a page to look at."""

    folder: Path
    console: Console
    count: int = 0

    def take(self, mail: EmailMessage) -> None:
        """Saves a mail, and prints its path."""
        self.count += 1
        page = self.folder / f"mail-{self.count}.html"
        body = mail.get_body(("html",))
        page.write_text(body.get_content() if body else mail.as_string())
        self.console.print(Text(f"{time.strftime('%H:%M:%S')}  a mail: {mail['Subject']}  file://{page}", style="cyan"))


def _stripe(console: Console, processes: Processes, secret: str | None, webhook: int) -> tuple[dict[str, str], str]:
    """The settings for events and line items, and more arguments for `stripe`: of your own test account if its signing
    secret is known, else of a stand-in.
    """
    key = os.environ.get("STRIPE_API_KEY")
    if secret:
        if not key:
            console.print("Line items are not read: that needs your key, STRIPE_API_KEY=sk_test_… scripts/dev")
        return {"STRIPE_WEBHOOK_SECRETS": secret} | ({"STRIPE_API_KEY": key} if key else {}), ""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "local.fakes.stripe_stand_in", f"--port={port}"]
    processes.start("stripe", [*command, f"--webhook=http://127.0.0.1:{webhook}/"])
    processes.await_http("stripe", port)
    base = f"http://127.0.0.1:{port}"
    reading = {"STRIPE_API_KEY": API_KEY, "STRIPE_API_BASE": base, "RECONCILE_SINCE": "2020-01-01"}
    return reading, f" --api-key {API_KEY} --api-base {base}"


def _carts() -> dict[str, str]:
    """The setting for abandoned carts. A mistake in hooks.py is left to the functions, which show it as written."""
    try:
        return hooks_file.carts_of_hooks()
    except ProgramFailed:
        return {}


def _refunding(running: Pipe, stand_in: str, session_id: str) -> str | None:
    """The command that refunds an order. None for an order that cost nothing, or whose invoice was paid."""
    found = asyncio.run(running.order(session_id))
    payment_intent = found.order.payment_intent if found else None
    if payment_intent is None:
        return None
    command = f"{shlex.quote(stripe_cli() or 'stripe')} refunds create --payment-intent {payment_intent}{stand_in}"
    return f"          refund it: {command}"


def _signing_secret(console: Console) -> str | None:
    """The secret with which `stripe listen` signs: from the environment, or from a CLI that is logged in."""
    if given := os.environ.get("STRIPE_WEBHOOK_SECRETS"):
        console.print("Signing secret: the one in STRIPE_WEBHOOK_SECRETS.")
        return given
    if cli := stripe_cli():
        with console.status("Asking the Stripe CLI for its signing secret …"):
            secret = _ask_stripe(cli)
        if secret:
            console.print("Signing secret: the one of your Stripe CLI.")
            return secret
    login = f"{shlex.quote(cli or 'stripe')} login"
    console.print(
        "No Stripe CLI is logged in here, so a stand-in of Stripe is used. For events of your own test account:\n"
        f"  {login}, then start scripts/dev again · or: STRIPE_WEBHOOK_SECRETS=whsec_… scripts/dev\n"
        "  (no CLI yet? https://docs.stripe.com/stripe-cli, or: npx @stripe/cli login)"
    )
    return None


def _ask_stripe(cli: str) -> str | None:
    command = [cli, "listen", "--print-secret"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=15, check=False)
    except subprocess.TimeoutExpired:
        return None
    found = re.search(r"whsec_\S+", run.stdout)
    return found.group() if found else None


if __name__ == "__main__":
    sys.exit(main())
