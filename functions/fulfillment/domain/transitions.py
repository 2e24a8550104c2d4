"""The one rule that changes an order.

                 completed, unpaid          async_payment_failed
        (none) ────────────────────> awaiting_payment ─────────> payment_failed
          │                                  │                         │
          │ completed, paid or               │ async_payment_succeeded │
          │ no_payment_required              │ completed, paid         │
          ▼                                  ▼                         ▼
        paid <─────────────────────────────────────────────────────────┘
          │ the effect `fulfill` is done
          ▼
        fulfilled

Order-independent: late, duplicate or reordered events give the same order. Each event claims a status in the chain
`expired < awaiting_payment < payment_failed < paid`. The order has the highest claim. Events may skip a status, but an
order never goes back.

Every field except effects, lease and the times of processing is a function of the *set* of events. The fields come from
the event with the highest claim; of several, from the smallest event id (`source`). One id can come in two renderings,
from endpoints with different API versions: the higher claim wins, then the newer version. This relies on events being
snapshots: one id has one type, and one id and version have one content. Of a finding, whose session was read several
times, the content that was written last leads: it differs only where a person changed the session meanwhile.
"""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from fulfillment.domain.checkout import Checkout
from fulfillment.domain.effects import enter
from fulfillment.domain.erasure import anonymous, without_mails
from fulfillment.domain.event_types import EventType
from fulfillment.domain.events import CheckoutEvent
from fulfillment.domain.items import judged
from fulfillment.domain.order import Order, Seen
from fulfillment.domain.records import inherit_unknown
from fulfillment.domain.status import Status


class Outcome(StrEnum):
    """The outcome of a message. All of them are successes."""

    CREATED = "created"
    ADVANCED = "advanced"
    DUPLICATE = "duplicate"
    STALE = "stale"
    NOT_OURS = "not_ours"
    NO_ORDER = "no_order"
    STRANGER = "stranger"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, kw_only=True)
class Transition:
    """The order after an event, and the outcome. `order` is the same object if nothing changes."""

    order: Order
    outcome: Outcome


def claim_of(event: CheckoutEvent) -> Status:
    """The status that an event claims. Total: an unknown payment status claims `awaiting_payment`, under review."""
    match event.type:
        case EventType.ASYNC_PAYMENT_SUCCEEDED:
            return Status.PAID
        case EventType.ASYNC_PAYMENT_FAILED:
            return Status.PAYMENT_FAILED
        case EventType.COMPLETED:  # pragma: no branch - mypy proves that there is no other
            paid = event.checkout.payment_status in ("paid", "no_payment_required")
            return Status.PAID if paid else Status.AWAITING_PAYMENT


def is_order(checkout: Checkout) -> bool:
    """Whether the session sells something. A setup session only saves a card."""
    return checkout.mode != "setup"


def apply(order: Order | None, event: CheckoutEvent) -> Transition:
    """The order after the event. Pure and total; applying an event again changes nothing."""
    if order is None:
        return Transition(order=_first(event), outcome=Outcome.CREATED)
    after = _with_event(order, event)
    if after == order:
        return Transition(order=order, outcome=Outcome.DUPLICATE)
    after = replace(after, updated_at=event.received_at)
    if after.status <= order.status:
        return Transition(order=after, outcome=Outcome.STALE)
    effects = enter(after.id, after.status, order.effects)
    effects = without_mails(effects) if after.erased_at else effects
    return Transition(order=replace(after, effects=effects), outcome=Outcome.ADVANCED)


def _first(event: CheckoutEvent) -> Order:
    claim = claim_of(event)
    return Order(
        **_own_fields(event.checkout),
        events={event.id: _seen(event)},
        effects=enter(event.checkout.id, claim, {}),
        review=tuple(sorted(_doubts(event))),
        created_at=event.received_at,
        updated_at=event.received_at,
    )


def _with_event(order: Order, event: CheckoutEvent) -> Order:
    """The order with the event recorded, and with its fields if it leads. Equal to `order` if it adds nothing."""
    seen = _merge(order.events.get(event.id), _seen(event))
    events = {**order.events, event.id: seen}
    checkout = _without_person(order, event.checkout) if _leads(event, order) else order
    claims = {each.claim for each in events.values()}
    doubts = {"failed_and_paid"} if {Status.PAYMENT_FAILED, Status.PAID} <= claims else set()
    review = tuple(sorted({*order.review, *_doubts(event), *doubts}))
    own = {name: inherit_unknown(value, getattr(order, name)) for name, value in _own_fields(checkout).items()}
    return judged(replace(order, **own, events=events, review=review))


def _leads(event: CheckoutEvent, order: Order) -> bool:
    """Whether the order's fields come from this event from now on. The rendering that they come from now leads again:
    a later version of this product may store more of its fields.
    """
    new, leader = _seen(event), order.events[order.source]
    if new.claim is not leader.claim:
        return new.claim > leader.claim
    if event.id != order.source:
        return event.id < order.source
    # An event that was rebuilt from the order (`source_event`) has no version, and fewer fields than the order.
    return event.api_version is not None and _rendering(new) >= _rendering(leader)


def _seen(event: CheckoutEvent) -> Seen:
    return Seen(
        type=event.type.value,
        claim=claim_of(event),
        created=event.created,
        received_at=event.received_at,
        api_version=event.api_version,
        thin_events=(event.thin_event,) if event.thin_event else (),
    )


def _merge(known: Seen | None, new: Seen) -> Seen:
    """The leading one of two renderings of an event, with the time when the first was received. A session can be found
    several times, each time with another `created`: the earliest is the closest to the sale.
    """
    if known is None:
        return new
    merged = replace(
        max(known, new, key=_rendering),
        created=min(known.created, new.created),
        received_at=known.received_at,
        thin_events=tuple(sorted({*known.thin_events, *new.thin_events})),
    )
    return inherit_unknown(merged, known)


def _rendering(seen: Seen) -> tuple[int, str]:
    return seen.claim.rank, seen.api_version or ""


def _doubts(event: CheckoutEvent) -> set[str]:
    """Why a person should look at an order that has this event."""
    doubts = set()
    if event.type is EventType.COMPLETED and event.checkout.payment_status not in _PAYMENT_STATUSES:
        doubts.add("unknown_payment_status")
    if event.thin_type is EventType.ASYNC_PAYMENT_FAILED and claim_of(event) is Status.PAID:
        doubts.add("failed_and_paid")  # the session was read after both
    if event.checkout.mode not in _MODES:
        doubts.add("unknown_mode")
    if any((getattr(event.checkout, name) or 0) < 0 for name in _AMOUNTS):
        doubts.add("impossible_amount")
    return doubts


_PAYMENT_STATUSES = ("paid", "unpaid", "no_payment_required")
_MODES = ("payment", "subscription")
_AMOUNTS = [each.name for each in fields(Checkout) if each.name.startswith("amount_")]


def _own_fields(checkout: Checkout) -> dict[str, Any]:
    """The fields of a Checkout, without those that an Order adds."""
    return {each.name: getattr(checkout, each.name) for each in fields(Checkout)}


def _without_person(order: Order, checkout: Checkout) -> Checkout:
    """The checkout without personal data if the order is erased: they stay erased when another event arrives."""
    return checkout if order.erased_at is None else anonymous(checkout, order.metadata.keys())
