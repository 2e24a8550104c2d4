"""Reads a verified event, snapshot or thin, from a message's body."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from fulfillment.domain.event_types import THIN_EVENT
from fulfillment.domain.ids import EventId
from fulfillment.domain.json_object import load_object
from fulfillment.domain.shape import ShapeError, read
from fulfillment.errors import MalformedEvent


@dataclass(frozen=True, kw_only=True)
class _Told:
    """The fields that both kinds of events have. A thin event names its snapshot event, if it has one."""

    id: EventId
    type: str
    livemode: bool
    snapshot_event: EventId | None = None


@dataclass(frozen=True, kw_only=True)
class StripeEvent:
    """An event: `key` is the same for a snapshot event and its thin twin; `body` is the event as Stripe sent it."""

    id: EventId
    type: str
    livemode: bool
    key: str
    body: dict[str, Any]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The event in a body. Raises MalformedEvent."""
        body = load_object(data)
        try:
            read(Mapping[str, Any], body)
            told: _Told = read(_Told, body)
        except ShapeError as error:
            raise MalformedEvent(f"not an event of Stripe's: {error}") from None
        key = told.snapshot_event if is_thin(body) and told.snapshot_event else told.id
        return cls(id=told.id, type=told.type, livemode=told.livemode, key=str(key), body=body)


def is_thin(event: Mapping[str, Any]) -> bool:
    """Whether the event names its object, and does not hold it."""
    return event.get("object") == THIN_EVENT
