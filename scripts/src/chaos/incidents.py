"""What was done to a connection, when, and whom it met.

cut        connections are reset, and new ones too, as long as it lasts
reset      connections are reset, once
slow       every piece takes longer
half_open  connections that are there, or are made meanwhile, fall silent for good: nobody is told
lost       requests go through, their replies do not, and then the connection is reset
"""

import time
from dataclasses import dataclass
from typing import Literal

Kind = Literal["cut", "reset", "slow", "half_open", "lost"]


@dataclass(eq=False)
class Incident:
    """A fault that happened, on the machine's clock. `hits`: how many connections, or pieces, it met; `until`: when the
    last trace of it was gone.
    """

    link: str
    kind: Kind
    at: float
    until: float
    hits: int = 0

    def hit(self) -> None:
        """It has met something."""
        self.hits += 1
        self.lasts()

    def lasts(self, more: float = 0) -> None:
        """It is still felt now, or will be."""
        self.until = max(self.until, time.time() + more)
