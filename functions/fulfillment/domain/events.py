"""A verified body becomes a `CheckoutEvent`, parsed once: from here on nothing is a guess.

Unknown keys and missing ones are Stripe's right. A known key of the wrong type is a `MalformedEvent`:
the message is parked, and replayed once the parser knows better.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NoReturn

from fulfillment.domain.checkout import Checkout
from fulfillment.domain.ids import EventId, Owner
from fulfillment.domain.session import Session, to_checkout
from fulfillment.domain.shape import ShapeError, read
from fulfillment.errors import MalformedEvent


class EventType(StrEnum):
    """The event types that make an order; each has a subscriber of its own."""

    COMPLETED = "checkout.session.completed"
    ASYNC_PAYMENT_SUCCEEDED = "checkout.session.async_payment_succeeded"
    ASYNC_PAYMENT_FAILED = "checkout.session.async_payment_failed"


SUBSCRIBERS: Mapping[EventType, str] = {
    EventType.COMPLETED: "on_checkout_session_completed",
    EventType.ASYNC_PAYMENT_SUCCEEDED: "on_async_payment_succeeded",
    EventType.ASYNC_PAYMENT_FAILED: "on_async_payment_failed",
}
"""The entry point of each event type's subscriber."""


@dataclass(frozen=True, kw_only=True)
class CheckoutEvent:
    """One fact about one Checkout Session, as Stripe told it.

    `created` is Stripe's clock in whole seconds (ties happen: it orders nothing), `received_at` is ours.
    """

    id: EventId
    type: EventType
    created: datetime
    received_at: datetime
    api_version: str | None
    checkout: Checkout


def load_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, or `MalformedEvent`: not UTF-8, not JSON, no object, nested too deep."""
    try:
        loaded = _DECODER.decode(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise MalformedEvent("the body is not UTF-8") from None
    except RecursionError:
        raise MalformedEvent("the body is nested too deep") from None
    except ValueError:  # JSONDecodeError, and integers of more digits than Python reads
        raise MalformedEvent("the body is not JSON") from None
    if not isinstance(loaded, dict):
        raise MalformedEvent("the body is not a JSON object")
    return loaded


def parse(body: bytes, received_at: datetime) -> CheckoutEvent:
    """The event in `body`. Raises `MalformedEvent`, and nothing else, whatever the bytes."""
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
        checkout=to_checkout(
            event.data.object, livemode=event.livemode, owner=Owner.told_by(event.account, event.context)
        ),
    )


def _finite(text: str) -> float:
    """JSON's numbers have no end, Python's become infinite."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _refuse_constant(_name: str) -> NoReturn:
    """NaN and Infinity are Python's extension, not JSON."""
    raise ValueError


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


@dataclass(frozen=True, kw_only=True)
class _Data:
    object: Session


@dataclass(frozen=True, kw_only=True)
class _Event:
    id: EventId
    type: EventType
    created: datetime
    livemode: bool
    data: _Data
    api_version: str | None = None
    account: str | None = None
    context: Any = None
