"""Keeps the whole pipe running on this machine, for `stripe listen` and your own Stripe test account."""

import argparse
import os
import re
import shlex
import shutil
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

from fulfillment.domain.event_types import SUBSCRIBERS
from fulfillment.domain.routes import Routes
from local.programs.log_view import follow
from local.runtime import emulators, hooks_file, pipe
from local.runtime.neighbors import API_KEY, mail_server
from local.runtime.pipe import PORTS, RECONCILE, Pipe
from local.runtime.processes import Processes, ProgramFailed, free_ports, is_taken
from ops.clients.loopback import bypass_proxy
from ops.clients.stripe_types import known_types

PORT = 8080
LAST = 65527  # the next eight are used too
OWN_TOOLS = Path(__file__).parents[4] / "node_modules" / ".bin"


def main() -> int:
    """Returns 0 after Ctrl-C, 1 if a program could not start or ended by itself."""
    parser = argparse.ArgumentParser(prog="scripts/dev", description=__doc__)
    parser.add_argument("--port", type=_port, default=PORT, help=f"of the webhook; the next eight too ({PORT})")
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
        raise argparse.ArgumentTypeError(f"must be a port from 1 to {LAST}: the next eight are used too")
    return int(text)


def _problem(ports: dict[str, int]) -> str | None:
    for name, port in ports.items():
        if is_taken(port):
            taken = f"Port {port}, for {name}, is taken."
            return f"{taken} Find the process: lsof -i :{port} · or use others: scripts/dev --port {_free_row()}"
    return None


def _free_row() -> int:
    """A port that is free, and the next eight too."""
    rows = range(PORT, LAST, 100)
    return next(row for row in rows if not any(is_taken(row + number) for number in range(len(PORTS))))


def _run(console: Console, ports: dict[str, int]) -> int:
    with tempfile.TemporaryDirectory(prefix="dev-") as logs, Processes(Path(logs)) as processes:
        secret = _signing_secret(console)
        try:
            routed = hooks_file.routes_of_handlers(os.environ.get("ROUTED_EVENTS"))
            with mail_server(Inbox(Path(logs), console).take) as mailing:
                stripe, listen = _stripe(console, processes, secret)
                with console.status("Starting the two official emulators and the functions …"):
                    running = pipe.start(processes, ports, {**mailing, **stripe, **routed}, handlers=bool(routed))
                _explain(console, running, listen)
                return follow(console, running)
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


def _stripe(console: Console, processes: Processes, secret: str | None) -> tuple[dict[str, str], str]:
    """The settings for events and line items, and more arguments for `stripe`: of your own test account if its signing
    secret is known, else of a stand-in.
    """
    key = os.environ.get("STRIPE_API_KEY")
    if secret:
        if not key:
            console.print("Line items are not read: that needs your key, STRIPE_API_KEY=sk_test_… scripts/dev")
        return {"STRIPE_WEBHOOK_SECRETS": secret} | ({"STRIPE_API_KEY": key} if key else {}), ""
    (port,) = free_ports(1)
    processes.start("stripe", [sys.executable, "-m", "local.fakes.stripe_stand_in", f"--port={port}"])
    processes.await_http("stripe", port)
    base = f"http://127.0.0.1:{port}"
    reading = {"STRIPE_API_KEY": API_KEY, "STRIPE_API_BASE": base, "RECONCILE_SINCE": "2020-01-01"}
    return reading, f" --api-key {API_KEY} --api-base {base}"


def _signing_secret(console: Console) -> str | None:
    """The secret with which `stripe listen` signs: from the environment, or from a CLI that is logged in."""
    if given := os.environ.get("STRIPE_WEBHOOK_SECRETS"):
        console.print("Signing secret: the one in STRIPE_WEBHOOK_SECRETS.")
        return given
    if cli := _stripe_cli():
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


def _stripe_cli() -> str | None:
    """The command for the Stripe CLI: its name, or its path if npm installed it here."""
    own, found = shutil.which("stripe", path=str(OWN_TOOLS)), shutil.which("stripe")
    return own if own and (not found or Path(own).samefile(found)) else found and "stripe"


def _ask_stripe(cli: str) -> str | None:
    command = [cli, "listen", "--print-secret"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=15, check=False)
    except subprocess.TimeoutExpired:
        return None
    found = re.search(r"whsec_\S+", run.stdout)
    return found.group() if found else None


def _explain(console: Console, running: Pipe, stand_in: str) -> None:
    routes = Routes.parse(running.env["ROUTED_EVENTS"]) if "ROUTED_EVENTS" in running.env else ()
    others = known_types().snapshot - set(SUBSCRIBERS)
    types = ",".join([*SUBSCRIBERS, *sorted(each for each in others if each in routes)])
    console.print(f"\nThe webhook listens on {running.webhook_url}. In another terminal:\n")
    stripe, wss = shlex.quote(_stripe_cli() or "stripe"), " --no-wss" if stand_in else ""
    console.print(f"  {stripe} listen --forward-to {running.webhook_url} --events {types}{stand_in}{wss}", style="bold")
    console.print(f"  {stripe} trigger checkout.session.completed{stand_in}\n", style="bold")
    landing = f"{running.order_status_url}?session_id={{CHECKOUT_SESSION_ID}}"
    console.print(f"The order status page, for the success_url of your Checkout Sessions:\n\n  [bold]{landing}[/]\n")
    exports = " ".join(f"{name}={host}" for name, host in running.emulators.env.items())
    console.print("List orders and dead letters, in another terminal:\n")
    console.print(f"  export {exports}", style="bold")
    console.print("  scripts/ops orders list\n  scripts/ops dead-letters list\n", style="bold")
    _explain_stripe(console, running)
    if RECONCILE in running.entry_points:
        url = f"http://127.0.0.1:{running.ports[RECONCILE]}/"
        console.print(f"Run reconcile, as the schedule does:\n\n  [bold]curl -X POST {url}[/]\n")
    console.print(
        "Restart scripts/dev after a change to functions/hooks.py or functions/handlers. Ctrl-C stops everything.\n"
    )


def _explain_stripe(console: Console, running: Pipe) -> None:
    """Prints the `scripts/ops` commands that use Stripe. It never prints a key of yours."""
    key, base = running.env.get("STRIPE_API_KEY"), running.env.get("STRIPE_API_BASE")
    if not key:
        return
    named = f"STRIPE_API_KEY={key} STRIPE_API_BASE={base}" if base else "STRIPE_API_KEY=sk_test_…   # yours"
    console.print("Compare with Stripe, in that terminal (a dry run; add --yes to make the changes):\n")
    console.print(f"  export {named}\n  scripts/ops reconcile --since 1d", style="bold")
    if base:
        console.print("  scripts/ops events resend --since 1d --delivered-too", style="bold")
    console.print()


if __name__ == "__main__":
    sys.exit(main())
