"""Gathers what is to be written of a refund or a dispute: what its event tells, and what only Stripe can say."""

from dataclasses import replace

from fulfillment.domain.after_sale import Fact
from fulfillment.domain.after_sale_events import AfterSaleEvent
from fulfillment.domain.event_types import THIN
from fulfillment.domain.facts import needs_read
from fulfillment.domain.ids import Owner
from fulfillment.domain.thin_events import ThinEvent
from fulfillment.errors import StripeRefused
from fulfillment.subscriber.fact_reader import OBJECTS, FactReader
from fulfillment.subscriber.order_finder import Place
from fulfillment.telemetry import Line
from fulfillment.thin_reads import with_key

UNREAD = "status_not_read"
"""The review code of an order with an event that only a read could place, where Stripe could not be asked."""
UNLISTED = "refunds_not_listed"
"""The review code of an order with a `charge.refunded` whose refunds could not be listed."""


class FactGatherer:
    """Gathers facts. `reader` is None without a key."""

    def __init__(self, reader: FactReader | None) -> None:
        self._reader = reader

    async def read_thin(self, thin: ThinEvent) -> Fact:
        """The object of a thin event, as it is now. Raises ReadRefused, StripeUnavailable."""
        reader = with_key(self._reader, "its object")
        fact = await reader.read(thin.object_type, thin.object_id, thin.owner)
        return replace(fact, told=replace(fact.told, newest=thin.created))

    async def of(self, place: Place, told: AfterSaleEvent, line: Line) -> tuple[tuple[Fact, ...], frozenset[str]]:
        """All facts to write, and the review codes of those that could not be had."""
        facts: list[Fact] = []
        doubts = set[str]()
        if place.event and self._reader:
            facts += await self._reader.all_of(place.event.checkout, line)
        if told.facts is None:
            listed = await self._list_refunds(told, line)
            doubts |= {UNLISTED} if listed is None else set()
            facts += [replace(each, renewal=place.renewal) for each in listed or ()]
        is_read_now = told.type.startswith(THIN)
        for fact in told.facts or ():
            own = replace(fact, renewal=place.renewal)
            facts.append(own)
            if place.stored and not is_read_now and needs_read(place.stored.order, own):
                read = await self._read_again(own, told.owner, line)
                facts += [read] if read else []
                doubts |= set() if read else {UNREAD}
        return tuple(facts), frozenset(doubts)

    async def _list_refunds(self, told: AfterSaleEvent, line: Line) -> tuple[Fact, ...] | None:
        if self._reader is None or told.payment_intent is None:
            return None
        try:
            return await self._reader.refunds_of(told.payment_intent, told.owner)
        except StripeRefused as refused:
            line.note(unlisted=str(refused))
            return None

    async def _read_again(self, fact: Fact, owner: Owner, line: Line) -> Fact | None:
        """The object as it is now; None if Stripe cannot be asked, or does not show it: then the claims decide."""
        if self._reader is None:
            return None
        try:
            read = await self._reader.read(OBJECTS[fact.field], fact.id, owner)
        except StripeRefused as refused:
            line.note(unread=str(refused))
            return None
        return replace(read, renewal=fact.renewal)
