"""Why a command failed, and who must act.

OperationsError
├── WrongSettings     the caller: an argument, a key or a file is missing or wrong; exit code 2
├── Refused           Stripe or Google refused, or did not answer
│   ├── Missing       the requested object does not exist
│   └── Forbidden     the key lacks a permission
└── Stopped           to continue would do harm; a person must decide
"""


class OperationsError(Exception):
    """The message says what went wrong and what to do. It never holds a secret."""

    exit_code = 1


class WrongSettings(OperationsError):
    """An argument, a key or a file is missing or wrong."""

    exit_code = 2


class Refused(OperationsError):
    """Stripe or Google refused, or did not answer."""


class Missing(Refused):
    """The requested object does not exist."""


class Forbidden(Refused):
    """The key lacks a permission."""


class Stopped(OperationsError):
    """To continue would do harm; a person must decide."""
