"""A verified body becomes a `CheckoutEvent`. It is parsed once; all later code uses typed values.

Stripe may add and omit keys. A known key with a wrong type is a `MalformedEvent`: the message is parked, and can be
replayed after a fix of the parser.
"""

from dataclasses import dataclass
from datetime import datetime

from fulfillment.domain.checkout import Checkout
from fulfillment.domain.envelope import Envelope
from fulfillment.domain.event_types import EventType
from fulfillment.domain.ids import EventId
from fulfillment.domain.json_object import load_object
from fulfillment.domain.session import Session, to_checkout
from fulfillment.domain.shape import ShapeError, read
from fulfillment.errors import MalformedEvent


@dataclass(frozen=True, kw_only=True)
class CheckoutEvent:
    """One event of one Checkout Session.

    `created`: Stripe's clock, whole seconds; ties happen, so it orders nothing. `received_at`: this product's clock.
    `thin_event` and `thin_type`: the thin event that told of a synthetic one, and the type of its snapshot event.
    """

    id: EventId
    type: EventType
    created: datetime
    received_at: datetime
    api_version: str | None
    checkout: Checkout
    thin_event: EventId | None = None
    thin_type: EventType | None = None


def parse(body: bytes, received_at: datetime) -> CheckoutEvent:
    """The event in `body`. Raises only `MalformedEvent`, for any bytes."""
    raw = load_object(body)
    try:
        event = read(_Event, raw)
    except ShapeError as error:
        raise MalformedEvent(str(error)) from None
    return CheckoutEvent(
        id=event.id,
        type=event.type,
        created=event.created,
        received_at=received_at,
        api_version=event.api_version,
        checkout=to_checkout(event.data.object, livemode=event.livemode, owner=event.owner),
    )


@dataclass(frozen=True, kw_only=True)
class _Data:
    object: Session


@dataclass(frozen=True, kw_only=True)
class _Event(Envelope):
    type: EventType
    data: _Data
