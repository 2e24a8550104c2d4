"""What one delivery of an event changes in an order, by this deployment's policy. Pure: the store may call it again."""

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

REQUESTS = ("replay", "release")
"""Attributes of a message that an operator sent again: what they ask for beyond its event."""
GRANTED = 20  # message ids that an order keeps


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A deployment's policy: the names of the effects that it can perform, and whether the effects of an order under
    review are held until a person releases it.
    """

    configured: AbstractSet[str]
    hold_on_review: bool = False


@dataclass(frozen=True, kw_only=True)
class ReplayRequest:
    """What an operator asks for by sending a message again: `replay` or `release`. The order stores the message's `id`,
    so that a redelivery does not apply the request a second time.
    """

    id: str = ""
    replay: bool = False
    release: bool = False

    @classmethod
    def of(cls, message_id: str | None, attributes: Mapping[str, str]) -> Self:
        """The request in a message's attributes."""
        replay, release = (attributes.get(name) == "true" for name in REQUESTS)
        return cls(id=message_id or "", replay=replay, release=release)

    def grant(self, order: Order) -> Order:
        """The order with the request applied, unless it was already applied."""
        if not (self.replay or self.release) or self.id in order.granted:
            return order
        order = replace(order, granted=(*order.granted, self.id)[-GRANTED:])
        order = lifecycle.retry_failed(order) if self.replay else order
        return lifecycle.release(order) if self.release else order


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The order to store, and the outcome of the event. `dropped` are the effects that are no longer owed: overtaken,
    or not configured here.
    """

    order: Order
    outcome: Outcome
    dropped: tuple[str, ...] = ()


def decide(order: Order | None, event: CheckoutEvent, policy: Policy, request: ReplayRequest) -> Decision:
    """Applies the event, drops effects that are not configured, holds a doubtful order if the policy says so, and
    applies the request.
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
    """The order after an effect was performed, with its result. New effects that this deployment cannot perform are
    dropped; older ones stay. A new review reason holds the other effects, if the policy says so.
    """
    after = lifecycle.mark_done(result(order), name, at)
    after = replace(after, effects=keep_configured(after.effects, policy.configured | order.effects.keys()))
    in_doubt = policy.hold_on_review and lifecycle.has_new_review(order, after)
    return lifecycle.hold(after) if in_doubt else after
