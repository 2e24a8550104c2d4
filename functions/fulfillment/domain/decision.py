"""What one delivery of an event changes in an order, by this deployment's policy. Pure: the store may call it again."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from fulfillment.domain import lifecycle
from fulfillment.domain.access import DEFAULT_RULES, AccessRule
from fulfillment.domain.after_sale import Fact
from fulfillment.domain.effects import KNOWN, keep_configured, kind_of
from fulfillment.domain.events import CheckoutEvent
from fulfillment.domain.facts import was_approved, with_facts
from fulfillment.domain.order import Order
from fulfillment.domain.settlement import owe_objects, settle, with_level
from fulfillment.domain.transitions import Outcome, apply
from fulfillment.errors import OrderGone

REQUESTS = ("replay", "release")
"""Attributes of a message that an operator sent again: what they ask for beyond its event."""
GRANTED = 20  # message ids that an order keeps
FOUND_LATE = "found_late"
"""The review code of an order that a refund or dispute makes long after its sale: was it fulfilled, and then deleted?
Such an order waits for a person, whatever the policy says.
"""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A deployment's policy: the kinds of effects that it can perform, whether the effects of an order under review are
    held until a person releases it, and what revokes access. `drops`: the kinds that this function drops if it cannot
    perform them; others may be configured where they come from.
    """

    configured: AbstractSet[str]
    hold_on_review: bool = False
    access: AbstractSet[AccessRule] = DEFAULT_RULES
    drops: AbstractSet[str] = KNOWN


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


@dataclass(frozen=True, kw_only=True)
class News:
    """What a delivery tells of an order: an event of its sale, facts of the time after it, or both. `doubts` are review
    codes that come with them.
    """

    order_id: str
    event: CheckoutEvent | None = None
    facts: tuple[Fact, ...] = ()
    doubts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, event: CheckoutEvent, facts: tuple[Fact, ...] = ()) -> Self:
        """The news of an event of the sale."""
        return cls(order_id=event.checkout.id, event=event, facts=facts)


def decide(order: Order | None, news: News, policy: Policy, request: ReplayRequest, now: datetime) -> Decision:
    """Applies the news, drops effects that are not configured, holds a doubtful order if the policy says so, settles
    what it owes by its money, and applies the request. Raises OrderGone if there is neither an order nor its event.
    """
    sale = apply(order, news.event) if news.event else None
    sold = sale.order if sale else order
    if sold is None:
        raise OrderGone("the order was deleted meanwhile")
    known = _with_facts(order, sold, news, policy, now)
    kept = {name for name, each in (order.effects if order else {}).items() if kind_of(name, each) not in policy.drops}
    after = replace(known, effects=keep_configured(known.effects, policy.configured, kept))
    dropped = set(order.effects) - set(after.effects) if order else set[str]()
    advanced = sale is not None and sale.outcome is Outcome.ADVANCED
    in_doubt = lifecycle.has_new_review(order, after) or (advanced and after.review)
    if (policy.hold_on_review and in_doubt) or (order is None and FOUND_LATE in news.doubts):
        after = lifecycle.hold(after)
    after = lifecycle.release(after) if was_approved(order, after) else after
    outcome = sale.outcome if sale else Outcome.DUPLICATE
    if outcome is Outcome.DUPLICATE and known is not sold:
        outcome = Outcome.ADVANCED
    after = settle(request.grant(after), policy.configured)
    return Decision(order=after, outcome=outcome, dropped=tuple(sorted(dropped)))


@dataclass(frozen=True, kw_only=True)
class Performed:
    """An effect that was performed: its name, the key at that time, and when."""

    name: str
    key: str
    at: datetime


def complete(order: Order, done: Performed, result: Callable[[Order], Order], policy: Policy) -> Order:
    """The order after an effect was performed, with its result. New effects that this deployment cannot perform are
    dropped; older ones stay. A new review reason holds the other effects, if the policy says so.
    """
    after = lifecycle.mark_done(result(order), done.name, done.at, done.key)
    after = replace(after, effects=keep_configured(after.effects, policy.configured, order.effects.keys()))
    in_doubt = policy.hold_on_review and lifecycle.has_new_review(order, after)
    return lifecycle.hold(after) if in_doubt else after


def _with_facts(before: Order | None, order: Order, news: News, policy: Policy, now: datetime) -> Order:
    """The order with the facts, the level that follows, and the effects of what has changed. The same object if they
    add nothing.
    """
    after = with_facts(order, news.facts, news.doubts) if news.facts or news.doubts else order
    if after == order:
        return order
    after = replace(after, updated_at=now)
    if (after.refunds, after.disputes) == (order.refunds, order.disputes):
        return after
    return owe_objects(before, with_level(after, policy.access, now), policy.configured, now)
