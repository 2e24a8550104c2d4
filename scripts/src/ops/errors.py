"""What keeps a command from doing its work, by whose turn it is.

OperationsError
├── WrongSettings     ours: an argument, a key or a file is missing or wrong; exit code 2
├── Refused           Stripe or Google refused, or did not answer
│   └── Missing       what was asked for does not exist
└── Stopped           going on would do harm; a person must decide
"""


class OperationsError(Exception):
    """What went wrong and what to do, in words that hold no secret."""

    exit_code = 1


class WrongSettings(OperationsError):
    """An argument, a key or a file is missing or wrong."""

    exit_code = 2


class Refused(OperationsError):
    """Stripe or Google refused, or did not answer."""


class Missing(Refused):
    """What was asked for does not exist."""


class Stopped(OperationsError):
    """Going on would do harm; a person must decide."""
