"""The subscribers of what happens after the sale: refunds, and disputes with fraud warnings and Radar's reviews.

| what happened                                                  | answer                                      |
|----------------------------------------------------------------|---------------------------------------------|
| the order has the facts, and owes nothing                      | 204: acknowledged                           |
| it belongs to no order of this deployment                      | 204, `stranger`: counted                    |
| charge.refunded of an API version that has refund.created      | 204, `superseded`: not read                 |
| a read contradicts an event, and is not clearly newer          | 503: written, and read again                |
| charge.refunded without its refunds, and no key to list them   | parked, once for each order                 |
| a thin event, and no key to read its object                    | parked                                      |
| the key may not read the object, or whose payment it is        | parked                                      |
| anything else                                                  | as every subscriber answers: see `endpoint` |

A read is made for every thin event, and whenever an event claims less than an earlier one and is not older.
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from fulfillment.domain.after_sale import AfterSale, Fact, merge
from fulfillment.domain.after_sale_events import AfterSaleEvent, parse_after_sale
from fulfillment.domain.after_sale_objects import OBJECTS as THIN_OBJECTS
from fulfillment.domain.decision import REQUESTS, News, ReplayRequest
from fulfillment.domain.event_types import OLD_REFUNDS, THIN, entry_point_of, needs_old_refunds
from fulfillment.domain.ids import Owner
from fulfillment.domain.order import Order
from fulfillment.domain.ownership import Ownership
from fulfillment.domain.thin_events import ThinEvent, parse_thin
from fulfillment.domain.transitions import Outcome
from fulfillment.effects.runner import EffectExecutors
from fulfillment.errors import (
    MalformedMessage,
    NoOrderKnown,
    ReadRefused,
    StatusUnsettled,
    StripeRefused,
)
from fulfillment.orders.store import Orders
from fulfillment.subscriber.delivery import Delivery
from fulfillment.subscriber.fact_reader import OBJECTS, FactReader, Stripe
from fulfillment.subscriber.order_finder import OrderFinder, Place
from fulfillment.subscriber.reporting import note_order, noticed, other_mode
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.telemetry import Line, Trace
from fulfillment.topic.message import Message
from fulfillment.topic.publisher import Topic
from fulfillment.topic.push_endpoint import PushEndpoint

UNREAD = "status_not_read"
"""The review code of an order with an event that only a read could place, where Stripe could not be asked."""
UNLISTED = "refunds_not_listed"
"""The review code of an order with a `charge.refunded` whose refunds could not be listed."""


@dataclass(eq=False)
class AfterSaleSubscriber(PushEndpoint):
    """The subscriber of an entry point's event types, snapshot and thin. `stripe` is None without a key."""

    NOT_PARKED = REQUESTS

    entry_point: str
    settings: SubscriberSettings
    orders: Orders
    dead_letter: Topic
    executors: EffectExecutors
    stripe: Stripe | None = None

    def __post_init__(self) -> None:
        super().__init__(self.entry_point, self.settings.project, self.dead_letter)
        ownership = Ownership(livemode=self.settings.livemode, order_filter=self.settings.order_filter)
        self._finder = OrderFinder(self.orders, self.stripe, ownership, self.settings.since)
        self._reader = FactReader(self.stripe) if self.stripe else None

    async def _handle(self, message: Message, line: Line) -> Outcome:
        """The outcome of a message."""
        told_by = message.attributes.get
        line.trace = Trace.of(message.attributes)
        line.note(message_id=message.id, attempt=message.attempt, event=told_by("event_id"))
        line.note(event_type=told_by("event_type"), object=told_by("object_id"))
        line.note(account=told_by("account"), context=told_by("context"))
        event_type = told_by("event_type")
        if event_type is None:
            raise MalformedMessage("no attribute event_type: not published by this product")
        if entry_point_of(event_type) != self.entry_point:
            # The emulator applies no filters. In production the subscription lacks its filter.
            severity = "DEBUG" if self.settings.pubsub_emulator else "WARNING"
            line.say(severity, "another subscriber's event type", outcome="not_ours")
            return Outcome.NOT_OURS
        event = await self._event(message, line)
        if isinstance(event, Outcome):
            return event
        try:
            place = await self._finder.find(event.payment_intent, event.owner, message.published_at)
        except StripeRefused as refused:
            raise ReadRefused(f"the order of {event.payment_intent}. {refused}") from None
        if place is None:
            line.say("INFO", "it belongs to no order of this deployment", outcome=Outcome.STRANGER.value)
            return Outcome.STRANGER
        return await self._deliver(place, event, message, line)

    async def _event(self, message: Message, line: Line) -> AfterSaleEvent | Outcome:
        """The event, with the object of a thin one; or the outcome of one that is not for this deployment."""
        event_type = message.attributes["event_type"]
        if event_type.startswith(THIN):
            thin = parse_thin(message.data, of=tuple(THIN_OBJECTS))
            line.note(event=thin.id, object=thin.object_id)
            _same_type(thin.type, event_type)
            return await self._read_thin(thin) if thin.livemode is self.settings.livemode else other_mode(line)
        event = parse_after_sale(message.data, datetime.now(UTC))
        line.note(event=event.id)
        _same_type(event.type, event_type)
        version = event.api_version
        if event.type in OLD_REFUNDS and version and not needs_old_refunds(version):
            line.say("INFO", f"refund.created tells it in API version {version}", outcome=Outcome.SUPERSEDED.value)
            return Outcome.SUPERSEDED
        return event if event.livemode is self.settings.livemode else other_mode(line)

    async def _read_thin(self, thin: ThinEvent) -> AfterSaleEvent:
        """A thin event with its object, as it is now."""
        if self._reader is None:
            raise ReadRefused(
                "a thin event names its object, and there is no key to read it: set STRIPE_API_KEY "
                "(in Terraform stripe_api_key), or register the webhook for snapshot events"
            )
        try:
            fact = await self._reader.read(thin.object_type, thin.object_id, thin.owner)
        except StripeRefused as refused:
            mode = "live" if self.settings.livemode else "test"
            raise ReadRefused(f"{thin.object_type}, and the event is of {mode} mode. {refused}") from None
        return AfterSaleEvent.of_thin(thin, replace(fact, told=replace(fact.told, newest=thin.created)))

    async def _deliver(self, place: Place, told: AfterSaleEvent, message: Message, line: Line) -> Outcome:
        """Writes what is known into the order, and performs what it owes."""
        order = place.stored.order if place.stored else None
        line.note(session=place.checkout.id, renewal=place.renewal or None)
        request = ReplayRequest.of(message.id, message.attributes)
        facts, doubts = await self._facts(place, told, line)
        if UNLISTED in doubts and not (order and _is_parked(order, place, request)):
            await self._park_unlisted(message, line)
        news = News(order_id=place.checkout.id, event=place.event, facts=facts, doubts=doubts)
        delivery = Delivery(
            orders=self.orders, executors=self.executors, news=news, known=place.stored, request=request
        )
        line.note(noticed=noticed(order, facts, told.type) or None)
        try:
            after = await delivery.run(functools.partial(self._publish_parked, message))
        finally:
            line.note(effects=delivery.texts or None, brought=delivery.outcome.value)
        note_order(line, after, delivery)
        line.note(money_status=after.money.status.value)
        # What Stripe cannot be asked about is not asked again: its claims decide.
        if UNREAD not in doubts and (open_ones := _unsettled(after, facts)):
            raise StatusUnsettled(f"Stripe shows an earlier status of {', '.join(open_ones)}, and may show a newer one")
        return delivery.outcome

    async def _facts(self, place: Place, told: AfterSaleEvent, line: Line) -> tuple[tuple[Fact, ...], frozenset[str]]:
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
            known = _known(place.stored.order, own) if place.stored else None
            if known and not is_read_now and (known.needs_read(own.told) or not merge(known, own.told).is_settled):
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

    async def _park_unlisted(self, message: Message, line: Line) -> None:
        error = NoOrderKnown(
            "charge.refunded of this API version does not list its refunds, and no key may ask Stripe for them: set "
            "STRIPE_API_KEY (in Terraform stripe_api_key) with read access to refunds, then replay it"
        )
        line.note(reason=error.code)
        await self._publish_parked(message, error)


def _same_type(event_type: str, attribute: str) -> None:
    if event_type != attribute:
        raise MalformedMessage("the attribute event_type is not the type in the body")


def _known(order: Order, fact: Fact) -> AfterSale | None:
    holder = order.renewals if fact.renewal else order
    objects: dict[str, AfterSale] = getattr(holder, fact.field) if holder else {}
    return objects.get(fact.id)


def _unsettled(order: Order, facts: Iterable[Fact]) -> list[str]:
    """The objects that must be read again: a read contradicts their claims, or another delivery has written a higher
    claim meanwhile.
    """
    were_read = {fact.id for fact in facts if fact.told.read}
    joined = [(fact, _known(order, fact) or merge(None, fact.told)) for fact in facts]
    return sorted(
        {
            fact.id
            for fact, each in joined
            if not each.is_settled or (fact.id not in were_read and each.needs_read(fact.told))
        }
    )


def _is_parked(order: Order, place: Place, request: ReplayRequest) -> bool:
    """Whether a `charge.refunded` of the order is in the dead letter already. One that is sent again is not there any
    more. A subscription has a charge for each renewal.
    """
    is_sent_again = request.replay and request.id not in order.granted
    return UNLISTED in order.review and not place.renewal and not is_sent_again
