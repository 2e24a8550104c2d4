"""functions/hooks.py for whoever runs it in a process of its own: what keeps it out is said without a stack."""

import importlib
import traceback
from pathlib import Path
from types import ModuleType

from local.runtime.processes import ProgramFailed

MEND = "A package that is missing belongs into functions/requirements.in: add it, and run scripts/lock."


def load() -> ModuleType:
    """The user's hooks. ProgramFailed names the file, what is wrong and where, and what to do."""
    try:
        return importlib.import_module("hooks")
    except ImportError as error:
        raise ProgramFailed(f"functions/hooks.py cannot be imported: {error}. {MEND}") from None
    except Exception as error:  # noqa: BLE001 - the user's code may raise anything
        raise ProgramFailed(f"functions/hooks.py cannot be imported: {_told(error)}. Fix it there.") from None


def _told(error: Exception) -> str:
    """The error, and the file and line that it comes from: hooks.py, or what it calls."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error}"  # which has both
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno})"
