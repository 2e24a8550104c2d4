"""The result of an effect in one delivery. Metrics and alerts match its text in the log line."""

from dataclasses import dataclass
from enum import Enum


class AttemptState(Enum):
    """The kind of result. Its text in the log begins with the value."""

    DONE = "done"
    FAILED = "failed"
    RETRY = "to be tried again"
    BACKING_OFF = "to be tried again, more seldom"
    NOT_YET = "to be tried again from"
    DROPPED = "dropped"

    @property
    def severity(self) -> int:
        """How much it needs a person: of several results the log shows the one with the most."""
        return [*_BY_SEVERITY].index(self)


_BY_SEVERITY = (
    AttemptState.DONE,
    AttemptState.DROPPED,
    AttemptState.NOT_YET,
    AttemptState.BACKING_OFF,
    AttemptState.RETRY,
    AttemptState.FAILED,
)


@dataclass(frozen=True)
class Attempt:
    """The result of one effect in one delivery. `detail` holds no personal data and no secret."""

    state: AttemptState
    detail: str = ""

    def __str__(self) -> str:
        """The text in the log."""
        separator = " " if self.state is AttemptState.NOT_YET else ": "
        return f"{self.state.value}{separator}{self.detail}" if self.detail else self.state.value
