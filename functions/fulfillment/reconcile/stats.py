"""The counts of a run of reconcile."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

EXAMPLES = 10


@dataclass(kw_only=True)
class ReconcileStats:
    """Counts, and ages in whole seconds. An age is None if there was no case. A level is None if this run did not see
    all: it continued an interrupted one, or was interrupted.

    `sessions`, `waiting`, `owed`  compared: sessions, orders that wait for a payment, orders that owe an effect
    `refunds`, `disputes`          read: as Stripe lists them, and those that were read one by one
    `missing`, `behind`            complete sessions without an order, and orders that claimed less than Stripe
    `money_behind`                 refunds and disputes that claim more at Stripe than in their orders
    `unplaced`                     refunds and disputes without an order that were published
    `unattended`                   orders that owe an effect and have no outstanding message
    `late`                         orders that are paid but not fulfilled in time
    `published`, `unreadable`      messages; objects of Stripe's and documents that this version cannot read
    `refused`                      orders whose session, refund or dispute Stripe did not show when it was read by id,
                                   and disputes whose invoice it did not show
    `unlisted`                     what Stripe refused to list, with its reason: the key lacks a permission
    `open_disputes`                level: disputes and inquiries of orders that are not decided
    `evidence_due_72h`, `_24h`     level: disputes that await evidence, have none, and are due within that time
    `examples`                     the first few ids of all problems
    """

    sessions: int = 0
    waiting: int = 0
    owed: int = 0
    refunds: int = 0
    disputes: int = 0
    missing: int = 0
    behind: int = 0
    money_behind: int = 0
    unplaced: int = 0
    unattended: int = 0
    late: int = 0
    published: int = 0
    unreadable: int = 0
    refused: int = 0
    oldest_missing_s: int | None = None
    oldest_late_s: int | None = None
    open_disputes: int | None = None
    evidence_due_72h: int | None = None
    evidence_due_24h: int | None = None
    unlisted: dict[str, str] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    def problems(self) -> dict[str, int]:
        """The number of each kind of problem, by its words in the log message."""
        return {
            "without an order": self.missing,
            "behind Stripe": self.behind,
            "with a refund or dispute behind Stripe": self.money_behind,
            "with an owed effect but no message": self.unattended,
            "late": self.late,
            "unreadable": self.unreadable,
            "not shown by Stripe": self.refused,
            "with a dispute that needs evidence within 72 hours": self.evidence_due_72h or 0,
        }

    def add_compared(self, field: str) -> None:
        """Counts a refund or a dispute that was read by its id. `field`: an order's, `refunds` or `disputes`."""
        self.refunds += field == "refunds"
        self.disputes += field == "disputes"

    def add_missing(self, session_id: str, age: timedelta) -> None:
        """Counts a complete session without an order."""
        self.missing += 1
        self.oldest_missing_s = max(self.oldest_missing_s or 0, int(age.total_seconds()))
        self._name(session_id)

    def add_behind(self, session_id: str) -> None:
        """Counts an order that claimed less than Stripe."""
        self.behind += 1
        self._name(session_id)

    def add_money_behind(self, session_id: str) -> None:
        """Counts a refund or a dispute that claims more than its order."""
        self.money_behind += 1
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
        """Counts an object of Stripe's or a document that this version cannot read."""
        self.unreadable += 1
        self._name(session_id)

    def add_refused(self, session_id: str) -> None:
        """Counts an order whose session, refund or dispute Stripe did not show."""
        self.refused += 1
        self._name(session_id)

    def set_levels(self, open_disputes: int, due_72h: int, due_24h: int, examples: Iterable[str]) -> None:
        """Sets the levels of disputes. `examples`: orders with a dispute that is due."""
        self.open_disputes, self.evidence_due_72h, self.evidence_due_24h = open_disputes, due_72h, due_24h
        for session_id in examples:
            self._name(session_id)

    def _name(self, session_id: str) -> None:
        if len(self.examples) < EXAMPLES and session_id not in self.examples:
            self.examples.append(session_id)
