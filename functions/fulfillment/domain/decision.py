"""What one delivery of an event makes of an order, as this deployment treats orders. Pure: the store may ask again."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from fulfillment.domain import lifecycle
from fulfillment.domain.effects import keep_configured
from fulfillment.domain.events import CheckoutEvent
from fulfillment.domain.order import Order
from fulfillment.domain.transitions import Outcome, apply

GRANTED = 20  # messages that an order remembers


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How a deployment treats its orders: the effects that it can perform, by name, and whether those of an order
    under review are held until a person releases it.
    """

    configured: AbstractSet[str]
    hold_on_review: bool = False


@dataclass(frozen=True, kw_only=True)
class ReplayRequest:
    """What a person who sent the message again asks for beyond its event. Granted once: the order remembers the
    message's `id`, or its redeliveries would do again what was refused again.
    """

    id: str = ""
    replay: bool = False
    release: bool = False

    @classmethod
    def of(cls, message_id: str | None, attributes: Mapping[str, str]) -> Self:
        """The request in a message's attributes."""
        replay, release = (attributes.get(name) == "true" for name in ("replay", "release"))
        return cls(id=message_id or "", replay=replay, release=release)

    def grant(self, order: Order) -> Order:
        """The order with the request granted, unless it was before."""
        if not (self.replay or self.release) or self.id in order.granted:
            return order
        order = replace(order, granted=(*order.granted, self.id)[-GRANTED:])
        order = lifecycle.retry_failed(order) if self.replay else order
        return lifecycle.release(order) if self.release else order


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The order as it shall be, and what became of the event. `dropped` are the effects that are not owed any more:
    overtaken, or not configured here.
    """

    order: Order
    outcome: Outcome
    dropped: tuple[str, ...] = ()


def decide(order: Order | None, event: CheckoutEvent, policy: Policy, request: ReplayRequest) -> Decision:
    """The event is applied; only what can be done here is owed; what is doubtful waits for a person, if the deployment
    wants that; and the request is granted.
    """
    transition = apply(order, event)
    after = transition.order
    after = replace(after, effects=keep_configured(after.effects, policy.configured))
    dropped = set(order.effects) - set(after.effects) if order else set[str]()
    in_doubt = lifecycle.has_new_review(order, after) or (transition.outcome is Outcome.ADVANCED and after.review)
    if policy.hold_on_review and in_doubt:
        after = lifecycle.hold(after)
    return Decision(order=request.grant(after), outcome=transition.outcome, dropped=tuple(sorted(dropped)))


def complete(order: Order, name: str, result: Callable[[Order], Order], at: datetime, policy: Policy) -> Order:
    """The order after an effect was performed, with what it brought. What the new status owes and this deployment
    cannot perform is dropped; what was owed before is not ours to drop. A new review holds the rest, if that is wanted.
    """
    after = lifecycle.mark_done(result(order), name, at)
    after = replace(after, effects=keep_configured(after.effects, policy.configured | order.effects.keys()))
    in_doubt = policy.hold_on_review and lifecycle.has_new_review(order, after)
    return lifecycle.hold(after) if in_doubt else after
