"""The group of commands. A new command needs a line here."""

import click

from ops.archive.command import replay_archive
from ops.dead_letters.change import drop_dead_letters, replay_dead_letters
from ops.dead_letters.show import list_dead_letters, show_dead_letter
from ops.doctor.command import doctor
from ops.orders.change import release_order, retry_order
from ops.orders.erase import erase_buyer
from ops.orders.export import export_orders
from ops.orders.reconcile import reconcile
from ops.orders.show import list_orders, show_order
from ops.webhook.add_secret import add_webhook_secret
from ops.webhook.register import register_webhook
from ops.webhook.resend import resend_events


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def ops() -> None:
    """Operates a deployment: checks it, registers its webhook, and works on its orders and messages.

    Every command reads the deployment from terraform's output, or from --deployment FILE. Exit codes: 0 all is well,
    1 trouble was found, 2 wrong usage or settings. Commands about orders and messages change nothing without --yes.
    They also work on the emulators: set PUBSUB_EMULATOR_HOST and FIRESTORE_EMULATOR_HOST.
    """


@click.group("orders")
def orders() -> None:
    """Find orders, and retry or release their effects."""


@click.group("dead-letters")
def dead_letters() -> None:
    """Messages that were parked, or given up by Pub/Sub. Each may be a paid order that is not fulfilled."""


@click.group("events")
def events() -> None:
    """Events at Stripe, delivered or not."""


@click.group("archive")
def archive() -> None:
    """Events in the archive's bucket."""


for each in (list_orders, show_order, retry_order, release_order):
    orders.add_command(each)
for each in (list_dead_letters, show_dead_letter, replay_dead_letters, drop_dead_letters):
    dead_letters.add_command(each)
events.add_command(resend_events)
archive.add_command(replay_archive)
for each in (
    register_webhook,
    add_webhook_secret,
    doctor,
    orders,
    dead_letters,
    events,
    archive,
    reconcile,
    export_orders,
    erase_buyer,
):
    ops.add_command(each)
