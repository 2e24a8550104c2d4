"""The group of commands. A new one is a line here."""

import click

from operations.add_secret import add_webhook_secret
from operations.doctor import doctor
from operations.register import register_webhook


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def ops() -> None:
    """Operates a deployment: what Stripe has registered, what Google runs, and what to do about it.

    Every command asks terraform what was deployed, or reads it from --deployment FILE, and ends with 0 if all is well,
    with 1 if there is trouble, with 2 if it was not told right what to do.
    """


ops.add_command(register_webhook)
ops.add_command(add_webhook_secret)
ops.add_command(doctor)
