"""9. Runs the user's handlers: a routed event is given to its function in functions/handlers.

`endpoint` answers a push. `registry` finds the handlers. `event` reads an event, `settings` the environment.

Handlers import two functions from here: `read` (`reading`) and `orders_of` (`finding`). Both wait for the server's
event loop (`bridge`). Each is loaded with its client, and only if a handler imports it.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fulfillment.stripe_events.finding import orders_of
    from fulfillment.stripe_events.reading import read

__all__ = ["orders_of", "read"]
_HOME = {"orders_of": "fulfillment.stripe_events.finding", "read": "fulfillment.stripe_events.reading"}


def __getattr__(name: str) -> Any:
    """Python calls it for a name that is not here yet."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
