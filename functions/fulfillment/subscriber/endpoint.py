"""Handles a pushed message and answers with the outcome. The ack table:

| what happened                                                  | answer                               |
|----------------------------------------------------------------|--------------------------------------|
| created, advanced, duplicate, stale, not ours, no order        | 204: acknowledged                    |
| PermanentError                                                 | parked with its reason, then 204     |
|   … and the dead-letter topic did not store it                 | 503: Pub/Sub redelivers it           |
| TransientError, or an effect is still owed                     | 503: Pub/Sub redelivers it           |
| anything else                                                  | 500: Pub/Sub redelivers it           |
| not POST · a body longer than any push                         | 405 · 413                            |

A message is acknowledged only after a version of the document was read or written that owes nothing, or only effects
that back off after a refusal and that reconcile publishes again.
"""

import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from fulfillment.domain.after_sale import Fact
from fulfillment.domain.decision import REQUESTS, News, ReplayRequest
from fulfillment.domain.event_types import SUBSCRIBERS, EventType
from fulfillment.domain.events import CheckoutEvent, parse
from fulfillment.domain.ids import EventId
from fulfillment.domain.ownership import Ownership, Verdict
from fulfillment.domain.status import Status
from fulfillment.domain.thin_events import parse_thin
from fulfillment.domain.transitions import Outcome, claim_of
from fulfillment.effects.runner import EffectExecutors
from fulfillment.orders.store import Orders, Stored
from fulfillment.subscriber.delivery import Delivery
from fulfillment.subscriber.fact_reader import FactReader, Stripe
from fulfillment.subscriber.reporting import note_order, noticed
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.subscriber.thin_sales import ThinSales, VersionedSessions
from fulfillment.telemetry import Line
from fulfillment.topic.message import Message
from fulfillment.topic.publisher import Topic
from fulfillment.topic.push_endpoint import PushEndpoint, other_mode, other_type, require_type, type_told


class StripeReads(VersionedSessions, Stripe, Protocol):
    """The part of `StripeApi` that is needed here."""


@dataclass(eq=False)
class Subscriber(PushEndpoint):
    """The subscriber of one event type, snapshot and thin. `stripe` reads the sessions of thin events."""

    # The operator who sends a parked message again states a new request.
    NOT_PARKED = REQUESTS

    event_type: EventType
    settings: SubscriberSettings
    orders: Orders
    dead_letter: Topic
    executors: EffectExecutors
    stripe: StripeReads | None = None

    def __post_init__(self) -> None:
        super().__init__(SUBSCRIBERS[self.event_type], self.settings.project, self.dead_letter)
        self._ownership = Ownership(livemode=self.settings.livemode, order_filter=self.settings.order_filter)
        self._thin_sales = ThinSales(self.orders, self.stripe)

    async def _handle(self, message: Message, line: Line) -> Outcome:
        """The outcome of a message. An event of another deployment or product is not an error."""
        line.note(session=message.attributes.get("session_id"))
        event_type = type_told(message)
        if event_type == self.event_type.thin:
            return await self._handle_thin(message, line)
        if event_type != self.event_type:
            return other_type(line, Outcome.NOT_OURS, self.settings.pubsub_emulator)
        event = parse(message.data, datetime.now(UTC))
        line.note(event=event.id, session=event.checkout.id)
        require_type(event.type, self.event_type)
        return self._ignored(event, line) or await self._deliver(event, message, line)

    async def _handle_thin(self, message: Message, line: Line) -> Outcome:
        """The outcome of a thin event: that of the event which its session makes. Its type may be another one."""
        thin = parse_thin(message.data)
        line.note(event=thin.id, session=thin.session_id)
        require_type(thin.type, self.event_type.thin)
        if thin.livemode is not self.settings.livemode:
            return other_mode(line, Outcome.NOT_OURS)
        event = await self._thin_sales.event_of(thin, datetime.now(UTC))
        if event is None:
            return _nothing_sold(line)
        line.note(found=event.id)
        if event.thin_event is None:  # the order's own event: it is ours, also if its metadata was erased
            return await self._deliver(event, message, line)
        return self._ignored(event, line) or await self._deliver(event, message, line)

    async def _deliver(self, event: CheckoutEvent, message: Message, line: Line) -> Outcome:
        """Applies the event to its order and performs the order's effects."""
        request = ReplayRequest.of(message.id, message.attributes)
        facts, known = await self._brought_along(event, line)
        delivery = Delivery(
            orders=self.orders, executors=self.executors, news=News.of(event, facts), known=known, request=request
        )
        try:
            order = await delivery.run(functools.partial(self._publish_parked, message))
        finally:
            line.note(effects=delivery.texts or None, brought=delivery.outcome.value)
            line.note(noticed=noticed(known.order if known else None, facts) or None)
        note_order(line, order, delivery)
        return delivery.outcome

    async def _brought_along(self, event: CheckoutEvent, line: Line) -> tuple[tuple[Fact, ...], Stored | None]:
        """The refunds and disputes of a sale that was found by reading Stripe, and the stored order. Its events may be
        lost, and so may those of its refunds: what was refunded must not be fulfilled first.
        """
        if self.stripe is None or not event.id.startswith(EventId.FOUND) or claim_of(event) is not Status.PAID:
            return (), None
        known = await self.orders.get(event.checkout.id)
        if known and known.order.status >= Status.PAID:
            return (), known
        return await FactReader(self.stripe).all_of(event.checkout, line), known

    def _ignored(self, event: CheckoutEvent, line: Line) -> Outcome | None:
        """The outcome of an event that makes no order here, or None if it makes one."""
        match self._ownership.judge(event.checkout):
            case Verdict.OTHER_MODE:
                return other_mode(line, Outcome.NOT_OURS)
            case Verdict.FILTERED:
                line.say("INFO", "ORDER_FILTER does not match", outcome="not_ours")
                return Outcome.NOT_OURS
            case Verdict.NOTHING_SOLD:
                return _nothing_sold(line)
            case Verdict.OURS:  # pragma: no branch - mypy proves that there is no other
                return None


def _nothing_sold(line: Line) -> Outcome:
    line.say("INFO", "nothing was sold: setup mode", outcome="no_order")
    return Outcome.NO_ORDER
