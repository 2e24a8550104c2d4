"""`reconcile`: what the function of that name does by itself, for any stretch of time, once, and before one's eyes."""

import functools
import os
from datetime import UTC, datetime

import click

from fulfillment.domain.findings import Finding
from fulfillment.domain.order_filter import OrderFilter
from fulfillment.domain.rounds import Round, next_round
from fulfillment.reconcile.pacer import PacedStripe
from fulfillment.reconcile.settings import ReconcileSettings
from fulfillment.reconcile.sweep import Publish, Sweep
from fulfillment.reconcile.tally import Tally
from fulfillment.stripe_api import StripeApi
from fulfillment.telemetry import Trace
from fulfillment.topic.finder import Finder
from fulfillment.topic.publisher import PubSubTopic
from operations.access import stripe_access
from operations.command import Report, changing, order_operation
from operations.deployment import Deployment, Limits
from operations.emulated import is_emulated
from operations.progress import Progress
from operations.stored_orders import orders_of
from operations.times import MOMENT

NEEDS = "Checkout Sessions and PaymentIntents"


@order_operation("reconcile")
@click.option("--since", type=MOMENT, required=True, help="Sessions that were created since: 3d, 2026-01-31T12:00.")
@changing
async def reconcile(deployment: Deployment, *, since: datetime, yes: bool) -> Report:
    """Find what Stripe knows and did not tell, and publish it: subscribers do the rest.

    Compares the sessions since then, all orders that are not paid, and all debts. Needs STRIPE_API_KEY, a key of the
    deployment's mode that may read Checkout Sessions and PaymentIntents. What was sold before this product was deployed
    may have been fulfilled by something else: look at what it would publish first.
    """
    access = stripe_access(os.environ, deployment, may="read", what=NEEDS)
    settings = ReconcileSettings(
        project=deployment.project,
        livemode=deployment.livemode,
        grace_seconds=0 if is_emulated(os.environ) else ReconcileSettings.grace_seconds,
        order_filter=OrderFilter.parse(deployment.order_filter) if deployment.order_filter else None,
        **vars(deployment.reconcile.limits if deployment.reconcile else Limits()),
    )
    stripe = StripeApi(lambda: access.key, access.base)
    sweep = Sweep(
        settings=settings,
        stripe=PacedStripe(stripe, settings.reads_per_second),
        orders=orders_of(deployment),
        publish=_publisher(deployment) if yes else _nowhere,
    )
    try:
        await _round(sweep, next_round(None, since, datetime.now(UTC)))
    finally:
        await stripe.close()
    return _report(sweep.tally, yes=yes)


async def _round(sweep: Sweep, reached: Round) -> None:
    with Progress("pages compared") as progress:
        while not reached.over:
            reached = await sweep.step(reached)
            progress.advance()


def _publisher(deployment: Deployment) -> Publish:
    topic = PubSubTopic(deployment.project, deployment.topics.events, os.environ.get("PUBSUB_EMULATOR_HOST"))
    return functools.partial(Finder(topic, "ops").publish, trace=Trace.of({}))


async def _nowhere(_found: Finding) -> None:
    """What would be published is only counted."""


def _report(tally: Tally, *, yes: bool) -> Report:
    odd = {what: count for what, count in tally.oddities().items() if count}
    told = "published" if yes else "would be published"
    lines = [
        f"compared: {tally.sessions} sessions, {tally.waiting} orders that are not paid, {tally.owed} that owe",
        *(f"{count} {what}" for what, count in odd.items()),
        *([f"for example: {', '.join(tally.examples)}"] if tally.examples else []),
        f"{told}: {tally.published}" if odd else "every order is where Stripe says",
        *([] if yes or not tally.published else ["Do it: --yes"]),
    ]
    fine = not (tally.late or tally.unreadable or tally.refused)
    return Report(ok=fine, lines=lines, data={"changed": yes, **vars(tally)})
