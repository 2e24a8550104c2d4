"""`events resend`: makes Stripe resend events with a new signature. They arrive as any other event does."""

import os
import re
from collections import Counter
from datetime import datetime
from typing import Any

import click
from rich.text import Text

from ops.clients.access import stripe_access
from ops.clients.event_types import order_types_of, routes_of
from ops.clients.stripe_endpoints import StripeEndpoints
from ops.clients.stripe_events import StripeEvents
from ops.clients.webhook_endpoints import DESTINATION, ENDPOINT_ID
from ops.command import Report, changing, order_operation
from ops.deployment.emulated import is_emulated
from ops.deployment.model import Deployment
from ops.errors import Missing, Refused, WrongSettings
from ops.terminal.progress import Progress
from ops.terminal.tables import columns
from ops.terminal.times import MOMENT, clock

NOT_RESENT = (
    "Stripe's CLI and library resend to endpoints (we_…) only. Resend its events in Stripe's dashboard (Workbench, "
    "Webhooks), or find missing orders: scripts/ops reconcile --since 3d"
)


@order_operation("resend")
@click.argument("events", nargs=-1, metavar="[EVT_…]...")
@click.option(
    "--since", type=MOMENT, help="Events that Stripe could not deliver since: 3d, 2026-01-31T12:00; 30 days at most."
)
@click.option("--delivered-too", is_flag=True, help="With --since: delivered events too.")
@click.option("--endpoint", help="The endpoint to send to: we_…. Default: the deployment's newest.")
@changing
async def resend_events(
    deployment: Deployment, *, events: tuple[str, ...], since: datetime | None, yes: bool, **asked: Any
) -> Report:
    """Make Stripe resend events: the given ones, or those that it could not deliver.

    They may be of a sale, a refund or a dispute. A duplicate changes nothing: the order knows its events. Needs
    STRIPE_API_KEY, a key of the deployment's mode.
    """
    _check(events, since, asked["endpoint"])
    access = stripe_access(os.environ, deployment, may="write", what="Events and Webhook Endpoints")
    stripe = StripeEvents(access)
    endpoint = asked["endpoint"] or (None if is_emulated(os.environ) else _newest(StripeEndpoints(access), deployment))
    found = [(each, "", "") for each in events]
    if since:
        orders, routes = order_types_of(deployment), routes_of(deployment)
        listed = stripe.since(since, orders, routes, delivered_too=asked["delivered_too"])
        found += [(each.id, each.type, clock(each.created)) for each in listed]
    failed = _resend(stripe, [each for each, *_ in found], endpoint) if yes else {}
    ids = [each for each, *_ in found]
    done, to = "sent again" if yes else "would be sent again", endpoint or "stripe listen"
    lines: list[Text | str] = [*columns(found), f"{done}, to {to}: {len(ids) - len(failed)}"]
    lines += [f"not sent again: {number}: {why}" for why, number in Counter(failed.values()).items()]
    lines += ["Do it: --yes"] if ids and not yes else []
    return Report(
        ok=not failed,
        lines=lines,
        data={"changed": yes, "endpoint": endpoint, "events": ids, "failed": failed},
    )


def _check(events: tuple[str, ...], since: datetime | None, endpoint: str | None) -> None:
    if bool(events) is bool(since):
        raise WrongSettings("give either event ids (evt_…) or --since")
    if unfit := [each for each in events if not re.fullmatch(r"evt_[A-Za-z0-9_]+", each)]:
        raise WrongSettings(f"{unfit[0]} is not an event's id, as Stripe's dashboard shows it: evt_…")
    if endpoint is not None and re.fullmatch(ENDPOINT_ID, endpoint) and endpoint.startswith(DESTINATION):
        raise WrongSettings(f"--endpoint {endpoint} is an event destination: {NOT_RESENT}")
    if endpoint is not None and not re.fullmatch(ENDPOINT_ID, endpoint):
        raise WrongSettings("--endpoint must be an endpoint's id, as the dashboard shows it: we_…")


def _newest(endpoints: StripeEndpoints, deployment: Deployment) -> str:
    """The deployment's endpoint for its own account; of two versions, the one created later."""
    url = deployment.webhook.url
    ours = [
        each
        for each in endpoints.list().endpoints
        if each.enabled and not each.connect and (each.points_at(url) or each.managed_for(deployment.id))
    ]
    fitting = [each for each in ours if not each.id.startswith(DESTINATION)]
    if not fitting and ours:
        raise Refused(f"only {ours[0].id} is registered, an event destination: {NOT_RESENT}")
    if not fitting:
        raise Refused("no enabled endpoint of this deployment is registered: scripts/ops register-webhook")
    return max(fitting, key=lambda each: (each.created, each.id)).id


def _resend(stripe: StripeEvents, events: list[str], endpoint: str | None) -> dict[str, str]:
    """Resends each event; returns why, for events that Stripe does not know."""
    failed = {}
    with Progress("resending", len(events)) as progress:
        for each in events:
            try:
                stripe.resend(each, endpoint)
            except Missing as error:
                failed[each] = str(error)
            progress.advance()
    return failed
