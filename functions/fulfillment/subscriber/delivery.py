"""One event is brought into its order, and what the order owes is paid.

1  the event, and the lease on what the order owes, in one atomic write
2  the lease is ours: perform, strike off, give it back       (`effects`)
3  nothing is owed, or only what reconcile brings back: the message may be acknowledged
   anything else is owed: the message must come again
"""

import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from fulfillment.domain import debt
from fulfillment.domain.effects import keep_configured, owed
from fulfillment.domain.events import CheckoutEvent
from fulfillment.domain.order import Order
from fulfillment.domain.transitions import Outcome, Transition, apply
from fulfillment.effects.runner import Holder, Park, Performers
from fulfillment.errors import DebtOutstanding
from fulfillment.orders.store import Orders, Stored, update
from fulfillment.topic.attributes import WISHES
from fulfillment.topic.message import Message

GRANTED = 20  # messages that an order remembers


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a person who sent the message again wants beyond its event. Granted once: the order remembers the
    message's `id`, or its redeliveries would do again what was refused again.
    """

    id: str = ""
    replay: bool = False
    release: bool = False

    @classmethod
    def of(cls, message: Message) -> "Wishes":
        """The wishes in a message's attributes."""
        replay, release = (message.attributes.get(name) == "true" for name in WISHES)
        return cls(id=message.id or "", replay=replay, release=release)

    def grant(self, order: Order) -> Order:
        """The order with the wishes granted, unless they were before."""
        if not (self.replay or self.release) or self.id in order.granted:
            return order
        order = replace(order, granted=(*order.granted, self.id)[-GRANTED:])
        order = debt.revive(order) if self.replay else order
        return debt.release(order) if self.release else order


@dataclass(kw_only=True)
class Delivery:
    """One delivery of one event. `performed` says what became of each effect that was tried."""

    orders: Orders
    performers: Performers
    event: CheckoutEvent
    wishes: Wishes = field(default_factory=Wishes)
    owner: str = field(default_factory=lambda: secrets.token_hex(8))
    outcome: Outcome = Outcome.DUPLICATE
    performed: dict[str, str] = field(default_factory=dict)

    async def run(self, park: Park) -> Order:
        """Brings the event in and pays. Raises DebtOutstanding while anything is owed, by whomever."""
        holder = Holder(self.orders, self.performers, park, self.owner)
        self.performed = holder.log
        holder.stored = stored = await update(self.orders, self.event.checkout.id, self._change, None)
        if debt.is_held_by(stored.order, self.owner):
            await holder.pay()
            stored = holder.stored
        if (names := owed(stored.order.effects)) and not self._comes_back(stored.order):
            raise DebtOutstanding(f"still owed: {', '.join(names)}")
        return stored.order

    def _comes_back(self, order: Order) -> bool:
        """Whether reconcile sends a message for what is owed, in time: a message that waits for hours until one refused
        mail may be tried again would look like a standstill.
        """
        return self.performers.reconciled and debt.rests(order, datetime.now(UTC))

    def _change(self, stored: Stored | None) -> Order:
        transition = apply(stored.order if stored else None, self.event)
        self.outcome = transition.outcome
        order = self._settled(transition, stored)
        return debt.take_lease(order, self.owner, stored.read_at if stored else None, self.performers.lease)

    def _settled(self, transition: Transition, stored: Stored | None) -> Order:
        """The order as this deployment treats it: only what can be done here is owed; what is doubtful waits for
        a person, if that is wished; and what a person sent again is owed again.
        """
        order = transition.order
        order = replace(order, effects=keep_configured(order.effects, self.performers.by_name.keys()))
        dropped = set(stored.order.effects) - set(order.effects) if stored else set[str]()
        self.performed.update(dict.fromkeys(sorted(dropped), "dropped: overtaken, or not configured here"))
        advanced = transition.outcome is Outcome.ADVANCED
        doubtful = debt.raises_doubt(stored.order if stored else None, order)
        if self.performers.hold_on_review and (doubtful or (advanced and order.review)):
            order = debt.hold(order)
        return self.wishes.grant(order)
