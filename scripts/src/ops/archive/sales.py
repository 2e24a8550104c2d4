"""Judges archived events of orders before they are published: which have no order here, and which must stay away.

A session without an order here may be a lost sale, or one that another system has fulfilled. Reconcile tells them apart
by their age: sessions from before this deployment began to sell are not its own. Here the same rule holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fulfillment.domain.event_types import EventType
from fulfillment.domain.events import parse
from fulfillment.domain.ownership import Ownership
from fulfillment.errors import MalformedEvent
from fulfillment.orders.store import Orders
from ops.archive.archived import Archived
from ops.archive.seen import Seen
from ops.terminal.times import clock

EXAMPLES = 100
UNREADABLE = "malformed: a subscriber would park it"
NOT_OURS = "not this deployment's sale"


@dataclass(kw_only=True)
class Sales:
    """`since`: sessions created earlier belong to another system, if they have no order here. `since_from` says what
    set it. `missing` counts the sessions without an order, `examples` holds the first of their ids.
    """

    orders: Orders
    ownership: Ownership
    since: datetime
    since_from: str
    seen: Seen
    missing: int = 0
    examples: list[str] = field(default_factory=list)

    async def reasons(self, messages: Sequence[Archived]) -> list[str | None]:
        """For each message why it must not be published; None if it may be."""
        ids = sorted({each.session_id for each in messages if each.session_id})
        found = await self.orders.get_all(ids)
        known = {str(each.order.id) for each in found.orders} | set(found.unreadable)
        return [self._reason(each, known) for each in messages]

    def _reason(self, message: Archived, known: set[str]) -> str | None:
        try:
            ours, created = self._judge(message)
        except MalformedEvent:
            return UNREADABLE
        session_id = message.session_id
        if session_id is None:
            return UNREADABLE
        if not ours:
            return NOT_OURS
        if session_id in known:
            return None
        if self.seen.add(f"session {session_id}"):
            self.missing += 1
            self.examples += [session_id] if len(self.examples) < EXAMPLES else []
        if created >= self.since:
            return None
        return f"no order here, and from before {clock(self.since)} UTC ({self.since_from})"

    def _judge(self, message: Archived) -> tuple[bool, datetime]:
        """Whether the session is ours, and when it was created. A thin event holds no session: its own time counts, and
        the subscriber judges the rest.
        """
        if message.event_type in set(EventType):
            event = parse(message.data, message.published_at)
            return self.ownership.owns(event.checkout), event.checkout.session_created_at or event.created
        return True, message.occurred_at
