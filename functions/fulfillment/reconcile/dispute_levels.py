"""Counts the open disputes, and those whose deadline is near: levels, which only a whole count tells."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fulfillment.domain.after_sale import Dispute
from fulfillment.domain.evidence import time_to_answer
from fulfillment.domain.order_money import INQUIRIES, OPEN
from fulfillment.reconcile.stats import EXAMPLES, ReconcileStats

SOON, AT_ONCE = timedelta(hours=72), timedelta(hours=24)


@dataclass
class _Counts:
    open: int = 0
    due_72h: int = 0
    due_24h: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class DisputeLevels:
    """The count of one run. A run that continues an interrupted one has not seen all: it reports no level."""

    stats: ReconcileStats
    _counts: _Counts | None = None

    def begin(self) -> None:
        """Counts from zero."""
        self._counts = _Counts()

    def drop(self) -> None:
        """This run does not see all disputes."""
        self._counts = None

    def add(self, order_id: str, dispute: Dispute) -> None:
        """Counts a dispute of an order."""
        if self._counts:
            self._counts.open += is_open(dispute)
            self._counts.due_72h += is_due(dispute, SOON)
            self._counts.due_24h += is_due(dispute, AT_ONCE)
            if is_due(dispute, SOON) and len(self._counts.examples) < EXAMPLES:
                self._counts.examples.append(order_id)

    def report(self) -> None:
        """Ends the count. The result goes to the statistics."""
        if self._counts:
            self.stats.set_levels(self._counts.open, self._counts.due_72h, self._counts.due_24h, self._counts.examples)
        self._counts = None


def is_open(dispute: Dispute) -> bool:
    """Whether it is not decided."""
    return dispute.status in {*OPEN, *INQUIRIES}


def is_due(dispute: Dispute, within: timedelta) -> bool:
    """Whether it awaits evidence, has none, and its deadline is that near."""
    left = time_to_answer(dispute, datetime.now(UTC))
    return left is not None and left <= within
