"""The group of commands. A new one is a line here."""

import click

from operations.add_secret import add_webhook_secret
from operations.change_letters import drop_letters, replay_letters
from operations.change_orders import release_order, retry_order
from operations.doctor import doctor
from operations.erase import erase_buyer
from operations.export import export_orders
from operations.reconcile import reconcile
from operations.register import register_webhook
from operations.resend import resend_events
from operations.show_letters import list_letters, show_letter
from operations.show_orders import list_orders, show_order


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
for each in (list_letters, show_letter, replay_letters, drop_letters):
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
