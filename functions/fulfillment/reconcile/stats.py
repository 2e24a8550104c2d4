"""The counts of a run of reconcile."""

from dataclasses import dataclass, field
from datetime import timedelta

EXAMPLES = 10


@dataclass(kw_only=True)
class ReconcileStats:
    """Counts, and ages in whole seconds. An age is None if there was no case.

    `sessions`, `waiting`, `owed`  compared: sessions, orders that wait for a payment, orders that owe an effect
    `missing`, `behind`            complete sessions without an order, and orders that claimed less than Stripe
    `unattended`                   orders that owe an effect and have no outstanding message
    `late`                         orders that are paid but not fulfilled in time
    `published`, `unreadable`      messages; sessions and documents that this version cannot read
    `refused`                      sessions that Stripe did not show when they were read by id
    `examples`                     the first few ids of all problems
    """

    sessions: int = 0
    waiting: int = 0
    owed: int = 0
    missing: int = 0
    behind: int = 0
    unattended: int = 0
    late: int = 0
    published: int = 0
    unreadable: int = 0
    refused: int = 0
    oldest_missing_s: int | None = None
    oldest_late_s: int | None = None
    examples: list[str] = field(default_factory=list)

    def problems(self) -> dict[str, int]:
        """The number of each kind of problem, by its words in the log message."""
        return {
            "without an order": self.missing,
            "behind Stripe": self.behind,
            "with an owed effect but no message": self.unattended,
            "late": self.late,
            "unreadable": self.unreadable,
            "not shown by Stripe": self.refused,
        }

    def add_missing(self, session_id: str, age: timedelta) -> None:
        """Counts a complete session without an order."""
        self.missing += 1
        self.oldest_missing_s = max(self.oldest_missing_s or 0, int(age.total_seconds()))
        self._name(session_id)

    def add_behind(self, session_id: str) -> None:
        """Counts an order that claimed less than Stripe."""
        self.behind += 1
        self._name(session_id)

    def add_unattended(self, session_id: str) -> None:
        """Counts an order that owes an effect and has no outstanding message."""
        self.unattended += 1
        self._name(session_id)

    def add_late(self, session_id: str, age: timedelta) -> None:
        """Counts an order that is paid but not fulfilled in time."""
        self.late += 1
        self.oldest_late_s = max(self.oldest_late_s or 0, int(age.total_seconds()))
        self._name(session_id)

    def add_unreadable(self, session_id: str) -> None:
        """Counts a session or a document that this version cannot read."""
        self.unreadable += 1
        self._name(session_id)

    def add_refused(self, session_id: str) -> None:
        """Counts a session that Stripe did not show."""
        self.refused += 1
        self._name(session_id)

    def _name(self, session_id: str) -> None:
        if len(self.examples) < EXAMPLES and session_id not in self.examples:
            self.examples.append(session_id)
