"""The history of an order from its document, sorted by our clock. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from fulfillment.domain.after_sale import AfterSale
from fulfillment.domain.effects import Effect, EffectState, kind_of
from fulfillment.domain.order import Order, Seen
from ops.orders.after_sale import objects
from ops.orders.views import not_done, state
from ops.terminal.times import clock

STRIPE, READ, SUBSCRIBER, OPERATOR = "Stripe", "read at Stripe", "subscriber", "operator"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry: the time by our clock, the actor, and the text."""

    at: datetime
    who: str
    what: str


def timeline(order: Order) -> list[Entry]:
    """Every entry that has a time, oldest first."""
    events = [_event(name, seen) for name, seen in order.events.items()]
    done = [_done(name, each, each.done_at) for name, each in order.effects.items() if each.done_at]
    told = [entry for what in objects(order) for entry in _after_sale(*what)]
    return sorted([*events, *told, *done, *_moments(order)], key=lambda each: each.at)


def still_to_do(order: Order) -> Iterator[tuple[str, ...]]:
    """The effects that are not done: kind, what it is about, state, tries, and the last error."""
    for name, each in not_done(order).items():
        kind = kind_of(name, each)
        about = name.removeprefix(kind).removeprefix(":")
        yield kind, about, state(each), _tries(each), each.error or ""


def _event(name: str, seen: Seen) -> Entry:
    version = f", version {seen.api_version}" if seen.api_version else ""
    thin = f", told by {', '.join(seen.thin_events)}" if seen.thin_events else ""
    text = f"{seen.type} {name}: claims {seen.claim.value} (made {clock(seen.created)}{version}{thin})"
    return Entry(at=seen.received_at, who=_who(name), what=text)


def _after_sale(what: str, object_id: str, each: AfterSale) -> Iterator[Entry]:
    """What events and reads told of an object."""
    for status, claim in each.claims.items():
        version = f", version {claim.api_version}" if claim.api_version else ""
        text = f"{claim.event}: {what} {object_id} claims {status} (made {clock(claim.created)}{version})"
        yield Entry(at=claim.received_at, who=_who(claim.event), what=text)
    if each.read:
        yield Entry(at=each.read.at, who=READ, what=f"{what} {object_id} is {each.read.status}")


def _who(event: str) -> str:
    return STRIPE if event.startswith("evt_") else READ


def _done(name: str, effect: Effect, at: datetime) -> Entry:
    return Entry(at=at, who=SUBSCRIBER, what=f"{name} {EffectState.DONE.value}, {_tries(effect)}")


def _moments(order: Order) -> Iterator[Entry]:
    if order.fulfilled_at:
        yield Entry(at=order.fulfilled_at, who=SUBSCRIBER, what="the order is fulfilled")
    if order.lease and order.lease.at:
        text = f"holds the lease for {order.lease.seconds} s: it performs owed effects, or it crashed while it did"
        yield Entry(at=order.lease.at, who=SUBSCRIBER, what=text)
    if order.erased_at:
        yield Entry(at=order.erased_at, who=OPERATOR, what="the buyer's data was erased")


def _tries(effect: Effect) -> str:
    return f"{effect.attempts} {'try' if effect.attempts == 1 else 'tries'}"
