"""`reconcile`: runs the function of that name once, for any period, and shows the result."""

import functools
import os
from datetime import UTC, datetime

import click

from fulfillment.domain.cursor import Cursor, next_cursor
from fulfillment.domain.envelope import MadeEvent
from fulfillment.domain.order_filter import OrderFilter
from fulfillment.reconcile.comparison import Publish
from fulfillment.reconcile.rate_limited_stripe import RateLimitedStripe
from fulfillment.reconcile.reconciler import Reconciler
from fulfillment.reconcile.settings import ReconcileSettings
from fulfillment.reconcile.stats import ReconcileStats
from fulfillment.stripe_api import StripeApi
from fulfillment.telemetry import Trace
from fulfillment.topic.finder import Finder, origin_of
from fulfillment.topic.publisher import PubSubTopic
from ops.clients.access import stripe_access
from ops.command import Report, changing, order_operation
from ops.deployment.emulated import is_emulated
from ops.deployment.model import Deployment, Limits
from ops.orders.stored import orders_of
from ops.terminal.progress import Progress
from ops.terminal.times import MOMENT

NEEDS = "Checkout Sessions and PaymentIntents"


@order_operation("reconcile")
@click.option("--since", type=MOMENT, required=True, help="Sessions created since: 3d, 2026-01-31T12:00.")
@changing
async def reconcile(deployment: Deployment, *, since: datetime, yes: bool) -> Report:
    """Find sessions at Stripe whose event is missing, and publish them. Subscribers do the rest.

    Compares the sessions, refunds and disputes since then, all unpaid orders, and all owed effects. Needs
    STRIPE_API_KEY, a key of the deployment's mode that may read Checkout Sessions and PaymentIntents.
    docs/after-sale.md names what it must read for refunds and disputes. Another system may have fulfilled
    sessions from before this deployment: check the dry run first.
    """
    access = stripe_access(os.environ, deployment, may="read", what=NEEDS)
    settings = ReconcileSettings(
        project=deployment.project,
        livemode=deployment.livemode,
        stripe_key=lambda: access.key,
        api_base=access.base,
        grace_seconds=0 if is_emulated(os.environ) else ReconcileSettings.grace_seconds,
        order_filter=OrderFilter.parse(deployment.order_filter) if deployment.order_filter else None,
        **vars(deployment.reconcile.limits if deployment.reconcile else Limits()),
    )
    stripe = StripeApi(settings.stripe_key, settings.api_base)
    reconciler = Reconciler(
        settings=settings,
        stripe=RateLimitedStripe(stripe, settings.reads_per_second),
        orders=orders_of(deployment),
        publish=_publisher(deployment) if yes else _only_count,
    )
    try:
        await _round(reconciler, next_cursor(None, since, datetime.now(UTC)))
    finally:
        await stripe.close()
    return _report(reconciler.stats, yes=yes)


async def _round(reconciler: Reconciler, reached: Cursor) -> None:
    with Progress("pages compared") as progress:
        while not reached.over:
            reached = await reconciler.step(reached)
            progress.advance()


def _publisher(deployment: Deployment) -> Publish:
    topic = PubSubTopic(deployment.project, deployment.topics.events, os.environ.get("PUBSUB_EMULATOR_HOST"))
    finder = Finder(topic, "ops", origin_of(deployment.project, deployment.name))
    return functools.partial(finder.publish, trace=Trace.of({}))


async def _only_count(_found: MadeEvent) -> None:
    """Publishes nothing: the reconciler counts the events."""


def _report(stats: ReconcileStats, *, yes: bool) -> Report:
    problems = {what: count for what, count in stats.problems().items() if count}
    published = "published" if yes else "would be published"
    lines = [
        f"compared: {stats.sessions} sessions, {stats.waiting} orders that are not paid, {stats.owed} that owe",
        *(f"{count} {what}" for what, count in problems.items()),
        *([f"for example: {', '.join(stats.examples)}"] if stats.examples else []),
        f"{published}: {stats.published}" if problems else "every order agrees with Stripe",
        *([] if yes or not stats.published else ["Do it: --yes"]),
    ]
    fine = not (stats.late or stats.unreadable or stats.refused)
    return Report(ok=fine, lines=lines, data={"changed": yes, **vars(stats)})
