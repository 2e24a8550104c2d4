"""Loads functions/hooks.py, or explains in one line, without a stack, why it cannot."""

import importlib
import traceback
from pathlib import Path
from types import ModuleType

from local.runtime.processes import ProgramFailed

FIX = "Add a missing package to functions/requirements.in, and run scripts/lock."


def load() -> ModuleType:
    """The user's hooks. ProgramFailed names the file, the problem with its line, and what to do."""
    try:
        return importlib.import_module("hooks")
    except ImportError as error:
        raise ProgramFailed(f"functions/hooks.py cannot be imported: {error}. {FIX}") from None
    except Exception as error:  # noqa: BLE001 - the user's code may raise anything
        raise ProgramFailed(f"functions/hooks.py cannot be imported: {_located(error)}. Fix it there.") from None


def _located(error: Exception) -> str:
    """The error with its file and line: in hooks.py, or in a file that it calls."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error}"  # the text has both
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno})"
