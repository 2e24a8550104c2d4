"""Runs the commands. Both libraries can log whole answers, and one of Stripe's holds a signing secret: never here."""

import logging
import os
import signal

from ops.clients.loopback import bypass_proxy


def main() -> None:
    """Runs the command that the arguments name, and ends with its exit code."""
    os.environ.pop("STRIPE_LOG", None)  # read when Stripe's library is imported
    logging.disable(logging.CRITICAL)
    signal.signal(
        signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT)
    )  # as Ctrl-C: what is held is given back
    bypass_proxy()
    from ops.cli import ops  # noqa: PLC0415 - see above

    ops(prog_name="scripts/ops")


if __name__ == "__main__":
    main()
