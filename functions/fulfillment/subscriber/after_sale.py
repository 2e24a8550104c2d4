"""The subscribers of what happens after the sale: refunds, and disputes with fraud warnings and Radar's reviews.

| what happened                                                  | answer                                      |
|----------------------------------------------------------------|---------------------------------------------|
| the order has the facts, and owes nothing                      | 204: acknowledged                           |
| it belongs to no order of this deployment                      | 204, `stranger`: counted                    |
| charge.refunded of an API version that has refund.created      | 204, `superseded`: not read                 |
| a read contradicts an event, and is not clearly newer          | 503: written, and read again                |
| charge.refunded without its refunds, and no key to list them   | parked, once for each order or renewal      |
| a thin event, and no key to read its object                    | parked                                      |
| the key may not read the object, or whose payment it is        | parked                                      |
| anything else                                                  | as every subscriber answers: see `endpoint` |

A read is made for every thin event, and whenever a newer event claims less than an older one, whichever comes first.
"""

import functools
from dataclasses import dataclass
from datetime import UTC, datetime

from fulfillment.domain.after_sale_events import AfterSaleEvent, parse_after_sale
from fulfillment.domain.after_sale_objects import OBJECTS as THIN_OBJECTS
from fulfillment.domain.decision import FOUND_LATE, REQUESTS, News, ReplayRequest
from fulfillment.domain.event_types import OLD_REFUNDS, THIN, entry_point_of, needs_old_refunds
from fulfillment.domain.facts import to_read_again
from fulfillment.domain.order import Order
from fulfillment.domain.ownership import Ownership
from fulfillment.domain.thin_events import ThinEvent, parse_thin
from fulfillment.domain.transitions import Outcome
from fulfillment.effects.runner import EffectExecutors
from fulfillment.errors import NoOrderKnown, ReadRefused, StatusUnsettled, StripeRefused
from fulfillment.orders.store import Orders
from fulfillment.subscriber.delivery import Delivery
from fulfillment.subscriber.fact_gatherer import UNLISTED, UNREAD, FactGatherer
from fulfillment.subscriber.fact_reader import FactReader, Stripe
from fulfillment.subscriber.order_finder import OrderFinder, Place
from fulfillment.subscriber.reporting import note_order, noticed
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.telemetry import Line
from fulfillment.topic.message import Message
from fulfillment.topic.publisher import Topic
from fulfillment.topic.push_endpoint import PushEndpoint, other_mode, other_type, require_type, type_told


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
        self._facts = FactGatherer(FactReader(self.stripe) if self.stripe else None)

    async def _handle(self, message: Message, line: Line) -> Outcome:
        """The outcome of a message."""
        told_by = message.attributes.get
        line.note(object=told_by("object_id"), account=told_by("account"), context=told_by("context"))
        if entry_point_of(type_told(message)) != self.entry_point:
            return other_type(line, Outcome.NOT_OURS, self.settings.pubsub_emulator)
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
            require_type(thin.type, event_type)
            if thin.livemode is not self.settings.livemode:
                return other_mode(line, Outcome.NOT_OURS)
            return await self._read_thin(thin)
        event = parse_after_sale(message.data, datetime.now(UTC))
        line.note(event=event.id)
        require_type(event.type, event_type)
        version = event.api_version
        if event.type in OLD_REFUNDS and version and not needs_old_refunds(version):
            line.say("INFO", f"refund.created tells it in API version {version}", outcome=Outcome.SUPERSEDED.value)
            return Outcome.SUPERSEDED
        return event if event.livemode is self.settings.livemode else other_mode(line, Outcome.NOT_OURS)

    async def _read_thin(self, thin: ThinEvent) -> AfterSaleEvent:
        """A thin event with its object, as it is now."""
        try:
            fact = await self._facts.read_thin(thin)
        except StripeRefused as refused:
            mode = "live" if self.settings.livemode else "test"
            raise ReadRefused(f"{thin.object_type}, and the event is of {mode} mode. {refused}") from None
        return AfterSaleEvent.of_thin(thin, fact)

    async def _deliver(self, place: Place, told: AfterSaleEvent, message: Message, line: Line) -> Outcome:
        """Writes what is known into the order, and performs what it owes."""
        order = place.stored.order if place.stored else None
        line.note(session=place.checkout.id, renewal=place.renewal or None)
        request = ReplayRequest.of(message.id, message.attributes)
        facts, doubts = await self._facts.of(place, told, line)
        parked = UNLISTED in doubts and not (order and _is_parked(order, place, request))
        if parked:
            await self._publish_parked(message, _UNLISTED)
        doubts |= {FOUND_LATE} if place.late else frozenset()
        news = News(order_id=place.checkout.id, event=place.event, facts=facts, doubts=doubts)
        delivery = Delivery(
            orders=self.orders, executors=self.executors, news=news, known=place.stored, request=request
        )
        line.note(noticed=noticed(order, facts) or None)
        try:
            after = await delivery.run(functools.partial(self._publish_parked, message))
        finally:
            line.note(effects=delivery.texts or None, brought=delivery.outcome.value)
        note_order(line, after, delivery)
        line.note(money_status=after.money.status.value)
        if parked:
            line.say("ERROR", f"parked: {_UNLISTED.reason}", outcome="parked")
            line.note(reason=_UNLISTED.code)
        # What Stripe cannot be asked about is not asked again: its claims decide.
        if UNREAD not in doubts and (open_ones := to_read_again(after, facts)):
            raise StatusUnsettled(f"Stripe shows an earlier status of {', '.join(open_ones)}, and may show a newer one")
        return delivery.outcome


_UNLISTED = NoOrderKnown(
    "charge.refunded of this API version does not list its refunds, and no key may ask Stripe for them: set "
    "STRIPE_API_KEY (in Terraform stripe_api_key) with read access to refunds, then replay it"
)


def _is_parked(order: Order, place: Place, request: ReplayRequest) -> bool:
    """Whether a `charge.refunded` of the order is in the dead letter already. One that is sent again is not there any
    more. A subscription has a charge for each renewal.
    """
    is_sent_again = request.replay and request.id not in order.granted
    return UNLISTED in order.review and not place.renewal and not is_sent_again
