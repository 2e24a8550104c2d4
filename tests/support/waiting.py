"""How long a test waits for what must come."""

from typing import Final

LONG: Final = 300.0
"""Seconds. It ends what hangs, and nothing else: no machine is so busy that what comes at all comes later."""
