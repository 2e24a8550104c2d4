"""Importing no more than is used: what a cold start does not load, a buyer does not wait for."""

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def without(*names: str) -> Iterator[None]:
    """Packages are not there while something is imported that only looks which of them it could use later.

    One that is loaded already stays: hiding it would save nothing.
    """
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: an import of it fails, says the language
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
