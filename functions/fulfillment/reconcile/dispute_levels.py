"""Counts the open disputes, and those whose deadline is near: levels, which only a whole count tells."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fulfillment.domain.after_sale import Dispute
from fulfillment.domain.evidence import is_due, is_open
from fulfillment.reconcile.stats import EXAMPLES, ReconcileStats

SOON, AT_ONCE = timedelta(hours=72), timedelta(hours=24)


@dataclass
class _Counts:
    open: set[str] = field(default_factory=set)
    due_72h: int = 0
    due_24h: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class DisputeLevels:
    """The count of one run. A run that continues an interrupted one has not seen all: it reports no level. Its memory
    grows with the disputes that are open, by their ids.
    """

    stats: ReconcileStats
    _counts: _Counts | None = None

    def begin(self) -> None:
        """Counts from zero."""
        self._counts = _Counts()

    def drop(self) -> None:
        """This run does not see all disputes."""
        self._counts = None

    def add(self, order_id: str, dispute_id: str, dispute: Dispute) -> None:
        """Counts a dispute of an order, once: two stages may meet the same."""
        if self._counts and is_open(dispute) and dispute_id not in self._counts.open:
            self._counts.open.add(dispute_id)
            now = datetime.now(UTC)
            if is_due(dispute, now, SOON):
                self._counts.due_72h += 1
                self._counts.due_24h += is_due(dispute, now, AT_ONCE)
                if len(self._counts.examples) < EXAMPLES:
                    self._counts.examples.append(order_id)

    def report(self) -> None:
        """Ends the count. The result goes to the statistics."""
        if self._counts:
            counts = self._counts
            self.stats.set_levels(len(counts.open), counts.due_72h, counts.due_24h, counts.examples)
        self._counts = None
