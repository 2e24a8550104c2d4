"""What `scripts/dev` prints once all runs: the lines to paste into other terminals."""

import shlex
import shutil
from pathlib import Path
from urllib.parse import quote

from rich.console import Console
from rich.text import Text

from fulfillment.domain.event_types import ON_EXPIRED, SUBSCRIBERS, registered_types
from fulfillment.domain.routes import Routes
from fulfillment.stripe_types import FAMILIES
from local.fakes.stripe_stand_in_events import PATH as SENDING
from local.runtime.pipe import RECONCILE, Pipe
from ops.clients.stripe_types import known_types

OWN_TOOLS = Path(__file__).parents[4] / "node_modules" / ".bin"


def explain(console: Console, running: Pipe, stand_in: str) -> None:
    """Prints the lines to paste. `stand_in`: more arguments for `stripe`, with which it asks the stand-in."""
    routes = Routes.parse(running.env["ROUTED_EVENTS"]) if "ROUTED_EVENTS" in running.env else ()
    own = _own_types(running)
    others = known_types().snapshot - {*own}
    types = ",".join([*own, *sorted(each for each in others if each in routes)])
    console.print(f"\nThe webhook listens on {running.webhook_url}. In another terminal:\n")
    stripe, wss = shlex.quote(stripe_cli() or "stripe"), " --no-wss" if stand_in else ""
    console.print(f"  {stripe} listen --forward-to {running.webhook_url} --events {types}{stand_in}{wss}", style="bold")
    console.print(f"  {stripe} trigger checkout.session.completed{stand_in}\n", style="bold")
    console.print(
        "Each fulfilled order prints the command that refunds it. [bold]stripe trigger charge.refunded[/] and"
    )
    console.print(
        "[bold]stripe trigger charge.dispute.created[/] make a payment of their own: it belongs to no order.\n"
    )
    landing = f"{running.order_status_url}?session_id={{CHECKOUT_SESSION_ID}}"
    console.print(f"The order status page, for the success_url of your Checkout Sessions:\n\n  [bold]{landing}[/]\n")
    named = [name for name in ("ROUTED_EVENTS", "ABANDONED_CARTS") if name in running.env]
    settings = running.emulators.env | {name: running.env[name] for name in named}
    exports = " ".join(f"{name}={shlex.quote(text)}" for name, text in settings.items())
    console.print("List orders and dead letters, in another terminal:\n")
    console.print(Text(f"  export {exports}", style="bold"))
    console.print("  scripts/ops orders list\n  scripts/ops dead-letters list", style="bold")
    console.print("  scripts/ops dead-letters list --events\n" if running.handlers else "", style="bold")
    _explain_handlers(console, running)
    _explain_stripe(console, running)
    if RECONCILE in running.entry_points:
        url = f"http://127.0.0.1:{running.ports[RECONCILE]}/"
        console.print(f"Run reconcile, as the schedule does:\n\n  [bold]curl -X POST {url}[/]\n")
    console.print(
        "Restart scripts/dev after a change to functions/hooks.py or functions/handlers. Ctrl-C stops everything.\n"
    )


def _own_types(running: Pipe) -> list[str]:
    """The types that an endpoint is registered for: first those of a sale."""
    carts = ON_EXPIRED in running.entry_points
    wanted = registered_types(thin=False, api_version=None, abandoned_carts=carts)
    return [*SUBSCRIBERS, *sorted(wanted - {*SUBSCRIBERS})]


def _explain_handlers(console: Console, running: Pipe) -> None:
    """Prints the `curl` command that sends an event to a handler, where the stand-in can do so."""
    base = running.env.get("STRIPE_API_BASE")
    if not base or not running.handlers:
        return
    routes = Routes.parse(running.env["ROUTED_EVENTS"])
    first = min((each for each in FAMILIES if each in routes), default="invoice.paid")
    console.print("Send an event to a handler; object.json is the object that it is about, in Stripe's format:\n")
    console.print(Text(f"  curl '{base}{SENDING}?type={quote(first)}' -d @object.json\n", style="bold"))


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


def stripe_cli() -> str | None:
    """The command for the Stripe CLI: its name, or its path if npm installed it here."""
    own, found = shutil.which("stripe", path=str(OWN_TOOLS)), shutil.which("stripe")
    return own if own and (not found or Path(own).samefile(found)) else found and "stripe"
