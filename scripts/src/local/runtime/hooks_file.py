"""Loads the user's functions/hooks.py and functions/handlers, or says in one line, without a stack, why it cannot."""

import importlib
import traceback
from pathlib import Path
from types import ModuleType

from fulfillment.domain.cart import CART_ABANDONED
from fulfillment.domain.event_types import family_type
from fulfillment.domain.routes import Routes
from fulfillment.errors import ConfigurationError
from fulfillment.stripe_events.registry import find, handler_name, named
from local.runtime.processes import ProgramFailed
from ops.clients.stripe_types import known_types

FIX = "Add a missing package to functions/requirements.in, and run scripts/lock."


def load() -> ModuleType:
    """The user's hooks. ProgramFailed names the file, the problem with its line, and what to do."""
    return _load("hooks", "hooks.py")


def carts_of_hooks() -> dict[str, str]:
    """The setting with which expired sessions go to the user's hook. Empty without that hook."""
    return {"ABANDONED_CARTS": "true"} if hasattr(load(), CART_ABANDONED) else {}


def routes_of_handlers(routed: str | None) -> dict[str, str]:
    """The setting that routes events to the user's handlers: ROUTED_EVENTS as it is, or else the type that each is
    named after. Empty without handlers. ProgramFailed names the handler that is wrong.
    """
    handlers = _load("handlers", "handlers")
    if not (names := named(handlers)):
        return {}
    try:
        routes = Routes.parse(routed or ",".join(_types(names)))
        find(handlers, routes)
    except ValueError as error:
        raise ProgramFailed(f"ROUTED_EVENTS {error}") from None
    except ConfigurationError as error:
        raise ProgramFailed(str(error)) from None
    return {"ROUTED_EVENTS": str(routes)}


def _types(names: dict[str, object]) -> list[str]:
    """The type that each handler is named after. An unknown name is left to `ROUTED_EVENTS`."""
    known = {handler_name(each): family_type(each) for each in sorted(known_types().families)}
    if unknown := sorted(names.keys() - known.keys()):
        raise ProgramFailed(
            f"functions/handlers: {', '.join(unknown)} is named after no event type that Stripe's library knows. "
            "Correct the name, or name all types in ROUTED_EVENTS."
        )
    return [known[name] for name in names]


def _load(module: str, file: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ProgramFailed(f"functions/{file} cannot be imported: {error}. {FIX}") from None
    except Exception as error:  # noqa: BLE001 - the user's code may raise anything
        raise ProgramFailed(f"functions/{file} cannot be imported: {_located(error)}. Fix it there.") from None


def _located(error: Exception) -> str:
    """The error with its file and line: in the user's file, or in one that it calls."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error}"  # the text has both
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno})"
