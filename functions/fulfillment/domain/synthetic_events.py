"""A Checkout Session that was read from Stripe, not told by an event: what it claims, and an event that says so.

    complete, paid or no_payment_required                       paid
    complete, unpaid, its PaymentIntent (expanded) has ended    payment_failed
    complete, anything else                                     awaiting_payment
    open, expired, setup                                        nothing

The event has the id `reconcile:{session}:{claim}`: however often it is made, it is one event. It sorts behind every
`evt_…`, so of two events with one claim Stripe's own is the source.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fulfillment.domain.checkout import Checkout
from fulfillment.domain.event_types import EventType
from fulfillment.domain.ids import EventId, Owner, SessionId
from fulfillment.domain.session import Session, to_checkout
from fulfillment.domain.shape import read
from fulfillment.domain.status import Status

ENDED = frozenset({"canceled", "requires_payment_method"})
_BEARER_LIKE = ("url", "client_secret", "success_url", "cancel_url")


@dataclass(frozen=True, kw_only=True)
class SyntheticEvent:
    """What a session claims, the session in our one shape, and the event-shaped object that claims it."""

    claim: Status
    checkout: Checkout
    event: Mapping[str, Any]

    @property
    def session_id(self) -> SessionId:
        """The session's id."""
        return self.checkout.id

    @property
    def body(self) -> bytes:
        """The event as a message carries it."""
        return json.dumps(self.event).encode()

    def age(self, now: datetime) -> timedelta:
        """How long ago its session was created, as far as it says."""
        created = self.checkout.session_created_at
        return now - created if created else timedelta(0)


def synthetic_event(
    session: Mapping[str, Any], *, owner: Owner, api_version: str, at: datetime
) -> SyntheticEvent | None:
    """What a session as Stripe writes it claims, read at a time; None if it is no order yet, or never.

    Raises ShapeError for what is no session.
    """
    seen: _Seen = read(_Seen, session)
    claim = _claim(seen)
    if claim is None:
        return None
    failed = claim is Status.PAYMENT_FAILED
    event = {
        "id": f"{EventId.FOUND}{seen.id}:{claim.value}",
        "object": "event",
        "type": (EventType.ASYNC_PAYMENT_FAILED if failed else EventType.COMPLETED).value,
        "created": int(at.timestamp()),
        "livemode": seen.livemode,
        "api_version": api_version,
        "data": {"object": _told(session)},
    }
    checkout = to_checkout(read(Session, session), livemode=seen.livemode, owner=owner)
    return SyntheticEvent(claim=claim, checkout=checkout, event=event | owner.told())


def claims_more(found: SyntheticEvent, status: Status | None) -> bool:
    """Whether an event claims more than an order of that status; None if there is no order."""
    return status is None or found.claim > status


@dataclass(frozen=True, kw_only=True)
class _Seen:
    id: SessionId
    livemode: bool
    status: str | None = None
    payment_status: str | None = None
    mode: str | None = None
    payment_intent: Any = None


def _claim(session: _Seen) -> Status | None:
    if session.status != "complete" or session.mode == "setup":
        return None
    if session.payment_status in {"paid", "no_payment_required"}:
        return Status.PAID
    intent = session.payment_intent
    if session.payment_status == "unpaid" and isinstance(intent, Mapping) and intent.get("status") in ENDED:
        return Status.PAYMENT_FAILED
    return Status.AWAITING_PAYMENT


def _told(session: Mapping[str, Any]) -> dict[str, Any]:
    """The session as an event tells it: nothing expanded, nothing that lets its bearer in."""
    told = {name: value for name, value in session.items() if name not in _BEARER_LIKE}
    intent = told.get("payment_intent")
    return told | ({"payment_intent": intent.get("id")} if isinstance(intent, Mapping) else {})
