"""The group of commands. A new one is a line here."""

import click

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
    """Operates a deployment: what Stripe has registered, what Google runs, and what to do about it.

    Every command asks terraform what was deployed, or reads it from --deployment FILE, and ends with 0 if all is well,
    with 1 if there is trouble, with 2 if it was not told right what to do. What is about orders and messages also works
    on the emulators, where PUBSUB_EMULATOR_HOST and FIRESTORE_EMULATOR_HOST name them, and changes
    nothing without --yes.
    """


@click.group("orders")
def orders() -> None:
    """Where is my order? And what failed, or was held, is owed again."""


@click.group("dead-letters")
def dead_letters() -> None:
    """What was parked, or given up by Pub/Sub: each may be a paid order that is not fulfilled."""


@click.group("events")
def events() -> None:
    """What Stripe told, or could not tell."""


for each in (list_orders, show_order, retry_order, release_order):
    orders.add_command(each)
for each in (list_dead_letters, show_dead_letter, replay_dead_letters, drop_dead_letters):
    dead_letters.add_command(each)
events.add_command(resend_events)
for each in (
    register_webhook,
    add_webhook_secret,
    doctor,
    orders,
    dead_letters,
    events,
    reconcile,
    export_orders,
    erase_buyer,
):
    ops.add_command(each)
