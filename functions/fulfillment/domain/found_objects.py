"""Turns a refund, a dispute or another object after the sale, as it was read from Stripe, into a synthetic event.

The event's id is `reconcile:{object}:{status}`, so repeating it gives the same event. The event counts as a read of
Stripe at the time `created`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fulfillment.domain.after_sale import AfterSale, Dispute, Fact, Renewals
from fulfillment.domain.after_sale_events import read_fact, read_id
from fulfillment.domain.envelope import MadeEvent, made
from fulfillment.domain.ids import EventId, Owner
from fulfillment.domain.order import Order
from fulfillment.domain.shape import read

_TYPES = {
    "refunds": "refund.updated",
    "disputes": "charge.dispute.updated",
    "warnings": "radar.early_fraud_warning.updated",
}


@dataclass(frozen=True, kw_only=True)
class FoundObject(MadeEvent):
    """The event of an object, what the object says, and when it was created (epoch seconds)."""

    fact: Fact
    created: int


def found_object(
    raw: Mapping[str, Any], *, owner: Owner, livemode: bool, api_version: str, at: datetime
) -> FoundObject:
    """The event of an object. `at`: before the request. `livemode`: the deployment's, because a refund does not say it.

    Raises ShapeError if the value is no such object.
    """
    fact = read_fact(raw, at, at, api_version)
    event = made(
        raw,
        id=EventId.read(read_id(fact)),
        type=_type_of(fact),
        created=at,
        livemode=livemode,
        owner=owner,
        api_version=api_version,
    )
    seen: _Seen = read(_Seen, raw)
    return FoundObject(event=event, fact=fact, created=seen.created)


def shows(order: Order, fact: Fact) -> bool:
    """Whether the order has all that a read tells of the object: the status, its claims, and what only grows."""
    known, told = _known(order, fact), fact.told
    if known is None or not told.claims.keys() <= known.claims.keys() or _has_grown(known, told):
        return False
    return told.status == known.status or told.status not in known.CHAIN  # an unknown status decides nothing


@dataclass(frozen=True, kw_only=True)
class _Seen:
    created: int


def _type_of(fact: Fact) -> str:
    return _TYPES.get(fact.field, "review.opened" if fact.told.status == "open" else "review.closed")


def _known(order: Order, fact: Fact) -> AfterSale | None:
    """The object in the order: of its own money, or of a later invoice of its subscription."""
    holders = (order, order.renewals or Renewals())
    return next((known for each in holders if (known := getattr(each, fact.field).get(fact.id))), None)


def _has_grown(known: Any, told: Any) -> bool:
    """Whether a dispute tells of evidence, a deadline or a movement of money that the order does not know."""
    return isinstance(told, Dispute) and (
        (told.due_by is not None and (known.due_by is None or told.due_by > known.due_by))
        or told.submission_count > known.submission_count
        or (told.has_evidence and not known.has_evidence)
        or not told.ledger.keys() <= known.ledger.keys()
    )
