"""What a run of reconcile has seen, in numbers."""

from dataclasses import dataclass, field
from datetime import timedelta

EXAMPLES = 10


@dataclass(kw_only=True)
class ReconcileStats:
    """Counts, and ages in whole seconds; an age without a case is None.

    `sessions`, `waiting`, `owed`  what was compared: sessions, orders that wait for money, orders that owe an effect
    `missing`, `behind`            complete sessions without an order, and orders that claimed less than Stripe
    `unattended`                   orders that owe an effect, and have no message on its way
    `late`                         orders that are paid and for too long not fulfilled
    `published`, `unreadable`      messages; sessions and documents that this version cannot read
    `refused`                      sessions that Stripe did not show when they were read by their id
    `examples`                     ids of the first few of all but those compared
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
        """How many of each kind were not as they should be, in words."""
        return {
            "without an order": self.missing,
            "behind Stripe": self.behind,
            "with a debt that was left alone": self.unattended,
            "late": self.late,
            "unreadable": self.unreadable,
            "not shown by Stripe": self.refused,
        }

    def add_missing(self, session_id: str, age: timedelta) -> None:
        """A complete session without an order."""
        self.missing += 1
        self.oldest_missing_s = max(self.oldest_missing_s or 0, int(age.total_seconds()))
        self._name(session_id)

    def add_behind(self, session_id: str) -> None:
        """An order that claimed less than Stripe."""
        self.behind += 1
        self._name(session_id)

    def add_unattended(self, session_id: str) -> None:
        """An order that owes an effect, and has no message on its way."""
        self.unattended += 1
        self._name(session_id)

    def add_late(self, session_id: str, age: timedelta) -> None:
        """An order that is paid and for too long not fulfilled."""
        self.late += 1
        self.oldest_late_s = max(self.oldest_late_s or 0, int(age.total_seconds()))
        self._name(session_id)

    def add_unreadable(self, session_id: str) -> None:
        """A session or a document that this version cannot read."""
        self.unreadable += 1
        self._name(session_id)

    def add_refused(self, session_id: str) -> None:
        """A session that Stripe did not show."""
        self.refused += 1
        self._name(session_id)

    def _name(self, session_id: str) -> None:
        if len(self.examples) < EXAMPLES and session_id not in self.examples:
            self.examples.append(session_id)
