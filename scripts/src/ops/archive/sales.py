"""Judges archived events of orders before they are published: which have no order here, and which must stay away.

A session without an order here may be a lost sale, or one that another system has fulfilled. Reconcile tells them apart
by their age: sessions from before this deployment began to sell are not its own. Here the same rule holds. A refund or
dispute is published in any case: its subscriber finds the order, and makes none of a session from before that time.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from fulfillment.domain.event_types import AFTER_SALE, EXPIRED, EventType, entry_point_of, family_type
from fulfillment.domain.events import parse
from fulfillment.domain.json_object import load_object
from fulfillment.domain.ownership import Ownership
from fulfillment.errors import MalformedEvent
from fulfillment.orders.store import Orders
from ops.archive.archived import Archived
from ops.archive.seen import Seen
from ops.terminal.times import clock

EXAMPLES = 100
UNREADABLE = "malformed: a subscriber would park it"
NOT_OURS = "not this deployment's sale"
NOT_AN_ORDERS = "not an order's event: no subscriber would get it"


@dataclass(kw_only=True)
class Sales:
    """`types`: those that a subscriber gets. `since`: sessions created earlier belong to another system, if they have
    no order here. `since_from` says what set it. `missing` counts the sessions without an order, `examples` holds the
    first of their ids.
    """

    orders: Orders
    types: AbstractSet[str]
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
        event_type = message.event_type or ""
        if event_type not in self.types:
            return NOT_AN_ORDERS
        try:
            if not self._is_ours(message):
                return NOT_OURS
            return None if _is_after_sale(event_type) else self._reason_of_session(message, known)
        except MalformedEvent:
            return UNREADABLE

    def _reason_of_session(self, message: Archived, known: set[str]) -> str | None:
        """A session from before this deployment began to sell is another system's. An expired one makes no order."""
        session_id = message.session_id
        if session_id is None:
            return UNREADABLE
        is_cart = family_type(message.event_type or "") == EXPIRED
        if session_id in known and not is_cart:
            return None
        if not is_cart and self.seen.add(f"session {session_id}"):
            self.missing += 1
            self.examples += [session_id] if len(self.examples) < EXAMPLES else []
        if self._created(message) >= self.since:
            return None
        what = "a cart" if is_cart else "no order here, and"
        return f"{what} from before {clock(self.since)} UTC ({self.since_from})"

    def _is_ours(self, message: Archived) -> bool:
        """Whether the event is this deployment's, as far as it says so; the subscriber judges the rest. A refund or a
        dispute has neither its session nor the metadata that ORDER_FILTER reads.
        """
        if message.event_type in set(EventType):
            return self.ownership.owns(parse(message.data, message.published_at).checkout)
        return load_object(message.data).get("livemode") in {self.ownership.livemode, None}

    def _created(self, message: Archived) -> datetime:
        """When the session was created. A thin event holds no session: its own time counts, as a cart's."""
        if message.event_type in set(EventType):
            event = parse(message.data, message.published_at)
            return event.checkout.session_created_at or event.created
        return message.occurred_at


def _is_after_sale(event_type: str) -> bool:
    return entry_point_of(event_type) in AFTER_SALE
