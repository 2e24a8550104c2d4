"""Faults that happened to connections.

cut        existing and new connections are reset until the fault ends
reset      existing connections are reset once
slow       every piece of data is delayed
half_open  existing and new connections stay silent forever; neither side gets an error
lost       requests pass, their replies are dropped, and then the connection is reset
"""

import time
from dataclasses import dataclass
from typing import Literal

Kind = Literal["cut", "reset", "slow", "half_open", "lost"]


@dataclass(eq=False)
class Incident:
    """A fault that happened, by the machine's clock. `hits`: the number of connections or pieces that it affected;
    `until`: the end of its last effect.
    """

    link: str
    kind: Kind
    at: float
    until: float
    hits: int = 0

    def hit(self) -> None:
        """Counts an affected connection or piece."""
        self.hits += 1
        self.lasts()

    def lasts(self, more: float = 0) -> None:
        """Extends `until` to `more` seconds from now."""
        self.until = max(self.until, time.time() + more)
