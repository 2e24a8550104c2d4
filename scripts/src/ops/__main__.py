"""Runs the commands. Logging is off: both libraries can log whole answers, and one of Stripe's has a signing secret."""

import logging
import os
import signal

from ops.clients.loopback import bypass_proxy


def main() -> None:
    """Runs the command in the arguments, and ends with its exit code."""
    os.environ.pop("STRIPE_LOG", None)  # read when Stripe's library is imported
    logging.disable(logging.CRITICAL)
    signal.signal(
        signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT)
    )  # as Ctrl-C: leased messages are released
    bypass_proxy()
    from ops.cli import ops  # noqa: PLC0415 - see above

    ops(prog_name="scripts/ops")


if __name__ == "__main__":
    main()
