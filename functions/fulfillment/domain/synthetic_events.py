"""Turns a Checkout Session that was read from Stripe into a synthetic event with the session's claim.

    complete, paid or no_payment_required                       paid
    complete, unpaid, its PaymentIntent (expanded) has ended    payment_failed
    complete, unpaid, no PaymentIntent, told as failed          payment_failed
    complete, anything else                                     awaiting_payment
    open, expired, setup                                        no event

The event's id is `reconcile:{session}:{claim}`, so repeating it gives the same event. It sorts after every `evt_…`: of
two events with the same claim Stripe's own is the source.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fulfillment.domain.checkout import Checkout
from fulfillment.domain.envelope import MadeEvent, made
from fulfillment.domain.event_types import EventType
from fulfillment.domain.ids import EventId, Owner, SessionId
from fulfillment.domain.session import Session, to_checkout
from fulfillment.domain.shape import read
from fulfillment.domain.status import Status

ENDED = frozenset({"canceled", "requires_payment_method"})
_BEARER_LIKE = ("url", "client_secret", "success_url", "cancel_url")


@dataclass(frozen=True, kw_only=True)
class SyntheticEvent(MadeEvent):
    """The event of a session, the session's claim, and the session as a Checkout."""

    claim: Status
    checkout: Checkout

    @property
    def session_id(self) -> SessionId:
        """The session's id."""
        return self.checkout.id

    def age(self, now: datetime) -> timedelta:
        """How long ago its session was created; zero if that is unknown."""
        created = self.checkout.session_created_at
        return now - created if created else timedelta(0)


def synthetic_event(
    session: Mapping[str, Any], *, owner: Owner, api_version: str, at: datetime, told: EventType | None = None
) -> SyntheticEvent | None:
    """The event of a session in Stripe's format, read at `at`. None if the session is not an order (yet). `told`: what
    a thin event says of it. That decides only where the session cannot: a subscription has no PaymentIntent.

    Raises ShapeError if the value is not a session.
    """
    seen: _Seen = read(_Seen, session)
    claim = _claim(seen, told)
    if claim is None:
        return None
    failed = claim is Status.PAYMENT_FAILED
    event = made(
        _as_in_events(session),
        id=f"{EventId.FOUND}{seen.id}:{claim.value}",
        type=(EventType.ASYNC_PAYMENT_FAILED if failed else EventType.COMPLETED).value,
        created=at,
        livemode=seen.livemode,
        owner=owner,
        api_version=api_version,
    )
    checkout = to_checkout(read(Session, session), livemode=seen.livemode, owner=owner)
    return SyntheticEvent(event=event, claim=claim, checkout=checkout)


def claims_more(found: SyntheticEvent, status: Status | None) -> bool:
    """Whether an event claims a higher status than its order has. `status` is None if there is no order."""
    return status is None or found.claim > status


@dataclass(frozen=True, kw_only=True)
class _Seen:
    id: SessionId
    livemode: bool
    status: str | None = None
    payment_status: str | None = None
    mode: str | None = None
    payment_intent: Any = None


def _claim(session: _Seen, told: EventType | None) -> Status | None:
    if session.status != "complete" or session.mode == "setup":
        return None
    if session.payment_status in {"paid", "no_payment_required"}:
        return Status.PAID
    intent = session.payment_intent
    failed = intent.get("status") in ENDED if isinstance(intent, Mapping) else told is EventType.ASYNC_PAYMENT_FAILED
    return Status.PAYMENT_FAILED if session.payment_status == "unpaid" and failed else Status.AWAITING_PAYMENT


def _as_in_events(session: Mapping[str, Any]) -> dict[str, Any]:
    """The session as events contain it: nothing expanded, and no URL or secret that grants access."""
    kept = {name: value for name, value in session.items() if name not in _BEARER_LIKE}
    intent = kept.get("payment_intent")
    return kept | ({"payment_intent": intent.get("id")} if isinstance(intent, Mapping) else {})
