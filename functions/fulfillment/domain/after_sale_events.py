"""A verified body becomes an `AfterSaleEvent`, and an object that was read from Stripe becomes a `Fact`.

No object of these names its Checkout Session: the order is found by the PaymentIntent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from fulfillment.domain.after_sale import (
    APPEALS,
    AfterSale,
    Claim,
    Fact,
    StatusRead,
)
from fulfillment.domain.after_sale_objects import OBJECTS
from fulfillment.domain.envelope import Envelope
from fulfillment.domain.event_types import CHARGE_REFUNDED, entry_point_of
from fulfillment.domain.ids import EventId, Id, ObjectId, Owner
from fulfillment.domain.json_object import load_object
from fulfillment.domain.shape import ShapeError, read
from fulfillment.domain.thin_events import ThinEvent
from fulfillment.errors import MalformedEvent


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a fact comes from: an event, or (`is_read`) an answer of Stripe, with the time before the request."""

    event: str
    created: datetime
    received_at: datetime
    api_version: str | None = None
    is_read: bool = False


@dataclass(frozen=True, kw_only=True)
class AfterSaleEvent:
    """One event of an object after the sale. `facts` is None for a `charge.refunded` without its list of refunds: they
    must be listed. Other events have one fact.
    """

    id: EventId
    type: str
    livemode: bool
    owner: Owner
    payment_intent: str | None
    facts: tuple[Fact, ...] | None
    api_version: str | None = None

    @classmethod
    def of_thin(cls, thin: ThinEvent, fact: Fact) -> Self:
        """A thin event, with the fact of its object as it was read."""
        return cls(
            id=thin.id,
            type=thin.type,
            livemode=thin.livemode,
            owner=thin.owner,
            payment_intent=fact.payment_intent,
            facts=(fact,),
        )


def parse_after_sale(body: bytes, received_at: datetime) -> AfterSaleEvent:
    """The event in `body`. Raises only `MalformedEvent`, for any bytes."""
    raw = load_object(body)
    try:
        event = read(_Event, raw)
        source = Source(
            event=event.id,
            created=event.created,
            received_at=received_at,
            api_version=event.api_version,
            is_read=event.id.startswith(EventId.FOUND),
        )
        if entry_point_of(event.type) is None:
            raise ShapeError("type", "not a type of this product")  # noqa: TRY301
        related, facts = _content(event, source)
    except ShapeError as error:
        raise MalformedEvent(str(error)) from None
    return AfterSaleEvent(
        id=event.id,
        type=event.type,
        livemode=event.livemode,
        owner=event.owner,
        payment_intent=related,
        facts=facts,
        api_version=event.api_version,
    )


def _content(event: "_Event", source: Source) -> tuple[str | None, tuple[Fact, ...] | None]:
    """The PaymentIntent, and the facts."""
    if event.type == CHARGE_REFUNDED:
        charge: _Charge = read(_Charge, event.data.object, "data.object")
        return charge.payment_intent, _listed(charge, source)
    fact = fact_of(event.data.object, source, "data.object")
    return fact.payment_intent, (fact,)


def fact_of(raw: Mapping[str, Any], source: Source, path: str = "") -> Fact:
    """What an object in Stripe's format says. Raises ShapeError."""
    kind = raw.get("object") if isinstance(raw, dict) else None
    if not isinstance(kind, str) or kind not in OBJECTS:
        raise ShapeError(f"{path}.object".lstrip("."), f"expected one of {', '.join(OBJECTS)}")
    shape = OBJECTS[kind]
    seen = read(shape, raw, path)
    return Fact(
        field=shape.FIELD,
        id=seen.id,
        told=_told(seen.record(), source),
        payment_intent=seen.payment_intent,
    )


def read_fact(raw: Mapping[str, Any], at: datetime, received_at: datetime, api_version: str) -> Fact:
    """The fact of an object that was read from Stripe. `at`: before the request. Raises ShapeError."""
    source = Source(event="", created=at, received_at=received_at, api_version=api_version, is_read=True)
    fact = fact_of(raw, source)
    name = read_id(fact)
    claims = {status: replace(claim, event=name) for status, claim in fact.told.claims.items()}
    return replace(fact, told=replace(fact.told, claims=claims))


def read_id(fact: Fact) -> str:
    """The id under which a read claims. It sorts after every `evt_…`, so an event leads where both claim the same."""
    return f"{EventId.FOUND}{fact.id}:{fact.told.status}"


def _told(blank: AfterSale, source: Source) -> AfterSale:
    """The object with the source's claim."""
    claim = Claim(
        event=source.event, created=source.created, received_at=source.received_at, api_version=source.api_version
    )
    status = blank.status
    claims = {"lost": claim, status: claim} if status in APPEALS else {status: claim}
    if source.is_read:
        return replace(blank, claims=claims, read=StatusRead(at=source.created, status=status))
    return replace(blank, claims=claims, newest=source.created)


def _listed(charge: "_Charge", source: Source) -> tuple[Fact, ...] | None:
    if charge.refunds is None or charge.refunds.has_more:
        return None
    of_charge = [fact_of(each, source, "data.object.refunds.data") for each in charge.refunds.data]
    return tuple(replace(each, payment_intent=each.payment_intent or charge.payment_intent) for each in of_charge)


@dataclass(frozen=True, kw_only=True)
class _Refunds:
    data: tuple[Mapping[str, Any], ...]
    has_more: bool = False


@dataclass(frozen=True, kw_only=True)
class _Charge:
    id: ObjectId
    payment_intent: Id | None = None
    refunds: _Refunds | None = None


@dataclass(frozen=True, kw_only=True)
class _Data:
    object: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Event(Envelope):
    type: str
    data: _Data
