"""`archive replay`: publishes archived events again."""

import asyncio
import os
import shlex
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import click

from fulfillment.domain.event_types import EventType, order_types
from fulfillment.domain.order_filter import OrderFilter
from fulfillment.domain.ownership import Ownership
from fulfillment.errors import FulfillmentError
from fulfillment.settings import parsers
from fulfillment.topic.publisher import PubSubTopic
from ops.archive.archived import ArchiveFilter
from ops.archive.replaying import Replay, Stats
from ops.archive.report import report_of
from ops.archive.sales import Sales
from ops.archive.seen import Seen
from ops.clients.access import google_base
from ops.clients.cloud_storage import CloudStorage
from ops.clients.event_types import routes_of
from ops.clients.google_api import GoogleApi
from ops.command import Report, changing, order_operation
from ops.deployment.emulated import is_emulated
from ops.deployment.model import Deployment, StripeEvents
from ops.errors import Missing, OperationsError, Refused, WrongSettings
from ops.messages import types_in
from ops.orders.stored import orders_of
from ops.terminal.times import MOMENT

FOLDERS = {False: ("stripe/",), True: ("orders/", "stripe/")}  # a sink's dead letters are replayed into stripe/
SECONDS = 60  # one call of Cloud Storage, with all its retries
EVERY = 1_000  # events, after which the place is told
_TYPE = "Events of this type: invoice.paid, customer.subscription.*; thin twins too. May be given several times."
_SINCE = "Events that came since: 3d, 2026-01-31T12:00."
_ORDERS = "Replay orders' events, not the routed ones. First see which sessions have no order here."
_AFTER = "Begin after this object, which an interrupted run has named."


@order_operation("replay")
@click.option("--since", type=MOMENT, required=True, help=_SINCE)
@click.option("--until", type=MOMENT, help="Events that came until then. Default: now.")
@click.option("--type", "types", multiple=True, required=True, help=_TYPE)
@click.option("--orders", is_flag=True, help=_ORDERS)
@click.option("--after", metavar="OBJECT", help=_AFTER)
@changing
async def replay_archive(deployment: Deployment, *, orders: bool, after: str | None, yes: bool, **asked: Any) -> Report:
    """Publish archived events again, unchanged, for every subscriber of their topic.

    An event that the archive holds twice is published once. Nothing in the bucket is changed. Failed effects of orders
    are not owed again.
    """
    events = _events_of(deployment)
    wanted = _wanted(deployment, orders=orders, **asked)
    folders = FOLDERS[orders]
    if after is not None and not after.startswith(folders):
        raise WrongSettings(f"--after must be an object of this replay: {' or '.join(f'{each}…' for each in folders)}")
    name = deployment.topics.events if orders else events.topic
    topic = PubSubTopic(deployment.project, name, os.environ.get("PUBSUB_EMULATOR_HOST"))
    bucket = events.archive.name if events.archive else ""
    with closing(Seen()) as seen:
        replay = Replay(
            storage=CloudStorage(GoogleApi(deployment.project, google_base(os.environ), SECONDS), bucket),
            folders=folders,
            wanted=wanted,
            after=after,
            sales=_sales(deployment, wanted, seen) if orders else None,
            publish=topic.publish if yes else None,
            seen=seen,
        )
        await _run(replay, wanted, orders=orders, yes=yes)
    return report_of(replay, name, bucket, yes=yes)


def _events_of(deployment: Deployment) -> StripeEvents:
    """The deployment's events, which have an archive. WrongSettings if it has none."""
    if deployment.stripe_events and deployment.stripe_events.archive:
        return deployment.stripe_events
    if is_emulated(os.environ):
        raise WrongSettings("there is no archive here: Pub/Sub's emulator writes none")
    make = "set events.archive in terraform.tfvars, and apply. It holds what is published from then on"
    raise WrongSettings(f"this deployment has no archive: {make}")


def _wanted(
    deployment: Deployment, *, orders: bool, since: datetime, until: datetime | None, types: Sequence[str]
) -> ArchiveFilter:
    now = datetime.now(UTC)
    selected, routed = types_in(types), routes_of(deployment) or ()
    of_orders = order_types(abandoned_carts=deployment.abandoned_carts)
    unrouted = sorted(each for each in of_orders if each in selected.names and each not in routed)
    if orders and not any(each in selected for each in of_orders):
        named = f"name one with --type, such as {EventType.COMPLETED} or refund.*"
        raise WrongSettings(f"--orders replays orders' events: {named}")
    if not orders and unrouted:
        raise WrongSettings(f"{unrouted[0]} is an order's event, and not routed: add --orders")
    if since > (until or now):
        raise WrongSettings("--since must be before --until, and in the past")
    return ArchiveFilter(types=selected, since=since, until=min(until or now, now))


def _sales(deployment: Deployment, wanted: ArchiveFilter, seen: Seen) -> Sales:
    """Sessions from before the deployment began to sell are another system's. If its output does not say when, those
    from before --since are.
    """
    since = deployment.reconcile.since if deployment.reconcile else None
    order_filter = OrderFilter.parse(deployment.order_filter) if deployment.order_filter else None
    return Sales(
        orders=orders_of(deployment),
        types=order_types(abandoned_carts=deployment.abandoned_carts),
        ownership=Ownership(livemode=deployment.livemode, order_filter=order_filter),
        since=parsers.moment(since) if since else wanted.since,
        since_from="reconcile.since; an apply changes it" if since else "--since",
        seen=seen,
    )


async def _run(replay: Replay, wanted: ArchiveFilter, *, orders: bool, yes: bool) -> None:
    """Runs it. An error says how to go on."""
    try:
        await replay.run(_teller(wanted, orders=orders) if yes else lambda _stats: None)
    except Missing:
        raise Missing("the archive's bucket does not exist: terraform -chdir=terraform apply") from None
    except (OperationsError, FulfillmentError) as error:
        if not (yes and replay.stats.count):
            raise
        go_on = _command(wanted, replay.stats, orders=orders)
        raise Refused(f"{error}. {replay.stats.count} events are published. Go on: {go_on}") from error
    except asyncio.CancelledError:
        if yes and replay.stats.count:
            _tell(wanted, replay.stats, orders=orders)
        raise


def _teller(wanted: ArchiveFilter, *, orders: bool) -> Callable[[Stats], None]:
    """Tells on stderr, now and then, where a run may go on if it ends here."""
    told = 0

    def tell(stats: Stats) -> None:
        nonlocal told
        if stats.count - told >= EVERY:
            told = stats.count
            _tell(wanted, stats, orders=orders)

    return tell


def _tell(wanted: ArchiveFilter, stats: Stats, *, orders: bool) -> None:
    click.echo(f"{stats.count} events are published. If this ends: {_command(wanted, stats, orders=orders)}", err=True)


def _command(wanted: ArchiveFilter, stats: Stats, *, orders: bool) -> str:
    """The command that goes on after the last object that is done."""
    times = ["--since", wanted.since.isoformat(), "--until", wanted.until.isoformat()]
    types = [part for each in str(wanted.types).split(",") for part in ("--type", each)]
    after = ["--after", stats.reached] if stats.reached else []
    return shlex.join(["scripts/ops", "archive", "replay", *times, *types, *["--orders"] * orders, *after, "--yes"])
