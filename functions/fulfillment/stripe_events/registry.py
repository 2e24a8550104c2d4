"""Finds the user's handlers: the functions `on_…` of functions/handlers.

    invoice.paid, v1.invoice.paid        on_invoice_paid
    v2.core.account.created              on_v2_core_account_created
    v2.core.account[identity].updated    on_v2_core_account_identity_updated

A test compares the names of all types that Stripe's library knows: no two families share one.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from fulfillment.domain.event_types import family_type
from fulfillment.domain.routes import Routes
from fulfillment.effects.hook import takes
from fulfillment.errors import ConfigurationError

Handler = Callable[[dict[str, Any], str], Awaitable[None] | None]
_ON = "on_"


def handler_name(event_type: str) -> str:
    """The name of the function for a type. A snapshot type and its thin twin have the same."""
    return _ON + re.sub(r"\W+", "_", family_type(event_type))


def find(handlers: object, routes: Routes) -> Mapping[str, Handler]:
    """The handlers by name, of the package functions/handlers. Raises ConfigurationError, so that the first event does
    not find a wrong handler.
    """
    found = named(handlers)
    if not found:
        raise ConfigurationError("functions/handlers has no function on_…: define one in its __init__.py, or import it")
    problems = [problem for name, each in found.items() for problem in _problems(name, each, routes)]
    if problems:
        raise ConfigurationError(f"functions/handlers: {'; '.join(problems)}")
    return found


def named(handlers: object) -> dict[str, Any]:
    """What the package names as handlers: defined in its __init__.py, or imported there."""
    return {name: each for name, each in vars(handlers).items() if name.startswith(_ON)}


def _problems(name: str, handler: object, routes: Routes) -> Iterator[str]:
    if not takes(handler, 2):
        yield f"{name} must be a function that takes (event, key)"
    if name.startswith(f"{_ON}v1_"):
        yield f"{name} must be called {_ON}{name.removeprefix(f'{_ON}v1_')}: it gets the thin events too"
    elif not _is_routed(name, routes):
        yield (
            f"{name} is for an event type that is not in ROUTED_EVENTS ({routes}): "
            "add the type there (events.route in Terraform), or remove the function"
        )


def _is_routed(name: str, routes: Routes) -> bool:
    """Whether a routed type has this handler. `on_invoice_payment_paid` is of `invoice_payment.paid`, which
    `invoice.*` does not route: Stripe's library knows it. A name that it does not know may be a future type.
    """
    if name in {handler_name(each) for each in routes.names}:
        return True
    beginnings = tuple(handler_name(each) for each in routes.prefixes)
    if not name.startswith(beginnings) or name in beginnings:
        return False
    from fulfillment.stripe_types import FAMILIES  # noqa: PLC0415 - Stripe's library, only for a wildcard

    named_so = [each for each in FAMILIES if handler_name(each) == name]
    return not named_so or any(each in routes for each in named_so)
