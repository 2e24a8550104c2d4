"""What became of an effect in one delivery, as a value. Metrics and alerts read its text in the log line."""

from dataclasses import dataclass
from enum import Enum


class AttemptState(Enum):
    """What became of it. The value is how its text in the log begins."""

    DONE = "done"
    FAILED = "failed"
    RETRY = "to be tried again"
    BACKING_OFF = "to be tried again, more seldom"
    NOT_YET = "to be tried again from"
    DROPPED = "dropped"


@dataclass(frozen=True)
class Attempt:
    """One effect in one delivery. `detail` names no person and no secret."""

    state: AttemptState
    detail: str = ""

    def __str__(self) -> str:
        """The text in the log."""
        between = " " if self.state is AttemptState.NOT_YET else ": "
        return f"{self.state.value}{between}{self.detail}" if self.detail else self.state.value
