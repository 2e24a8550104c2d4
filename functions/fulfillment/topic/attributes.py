"""A message's attributes: what a filter, a CloudEvents reader or an operator needs without parsing the event."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeGuard

from fulfillment.domain.event_types import THIN_EVENT, family_type
from fulfillment.domain.ids import Owner, SessionId
from fulfillment.domain.shape import ShapeError

ATTRIBUTE_BYTES = 1024
STRIPE = "//stripe.com"
_SESSIONS = "checkout.session."


def attributes_of(event: Mapping[str, Any], traceparent: str, source: str | None = None) -> dict[str, str]:
    """The attributes of a verified event, snapshot or thin. A missing or unusable value is left out: the message is
    still published, and the subscriber parks it. `source`: the CloudEvents source, if it is not Stripe.
    """
    told = event.get
    event_id, event_type, livemode = told("id"), told("type"), told("livemode")
    is_thin = told("object") == THIN_EVENT
    object_id = _object_id(told("related_object") if is_thin else told("data"), is_thin=is_thin)
    owner = Owner.told_by(told("account"), told("context"))
    attributes = {
        "event_id": event_id,
        "event_type": event_type,
        "session_id": object_id if _is_session(event_type, object_id) else None,
        "object_id": object_id,
        "livemode": str(livemode).lower() if isinstance(livemode, bool) else None,
        "api_version": told("api_version"),
        **owner.told(),
        "traceparent": traceparent,
    }
    fit = {name: value for name, value in attributes.items() if fits(value)}
    return fit | _cloud_event(fit, told("created"), source or _source(owner.account), is_thin=is_thin)


def _object_id(holder: object, *, is_thin: bool) -> object:
    """The id of the object that the event is about."""
    about = holder if is_thin or not isinstance(holder, dict) else holder.get("object")
    return about.get("id") if isinstance(about, dict) else None


def _is_session(event_type: object, object_id: object) -> bool:
    """Whether the event is about a Checkout Session whose id can name a document."""
    if not isinstance(event_type, str) or not family_type(event_type).startswith(_SESSIONS):
        return False
    try:
        SessionId.read(object_id)
    except ShapeError:
        return False
    return True


def _cloud_event(fit: Mapping[str, str], created: object, source: str, *, is_thin: bool) -> dict[str, str]:
    """The attributes of CloudEvents' binding for Pub/Sub. None without an id or a type, which it requires."""
    if "event_id" not in fit or "event_type" not in fit:
        return {}
    event_type = fit["event_type"]
    attributes = {
        "ce-specversion": "1.0",
        "ce-id": fit["event_id"],
        "ce-source": source,
        # A thin event's type holds its version: v1. or v2.
        "ce-type": f"com.stripe.{event_type}" if is_thin else f"com.stripe.v1.{event_type}",
        "ce-subject": fit.get("object_id"),
        "ce-time": _time(created),
        "content-type": "application/json",
    }
    return {name: value for name, value in attributes.items() if value and len(value) <= ATTRIBUTE_BYTES}


def _source(account: object) -> str:
    """Stripe, or the account there whose event it is. Only ids make a valid URI."""
    if isinstance(account, str) and account.isascii() and account.isidentifier():
        return f"{STRIPE}/accounts/{account}"
    return STRIPE


def _time(created: object) -> str | None:
    """The time in RFC 3339. Of a snapshot event it is in epoch seconds, of a thin event a text."""
    try:
        if isinstance(created, str):
            return created if datetime.fromisoformat(created).tzinfo else None
        return datetime.fromtimestamp(created, UTC).isoformat()  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def fits(value: object) -> TypeGuard[str]:
    """Whether Pub/Sub accepts it as an attribute. Surrogates cannot be encoded; they are not printable."""
    return isinstance(value, str) and value.isprintable() and 0 < len(value.encode()) <= ATTRIBUTE_BYTES
