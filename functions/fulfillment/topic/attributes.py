"""A message's attributes: what a filter or an operator needs without parsing the event."""

from collections.abc import Mapping
from typing import Any, TypeGuard

from fulfillment.domain.ids import Owner, SessionId
from fulfillment.domain.shape import ShapeError

ATTRIBUTE_BYTES = 1024


def attributes_of(event: Mapping[str, Any], traceparent: str) -> dict[str, str]:
    """The attributes of a verified event. A missing or unusable value is left out: the message is still
    published, and the subscriber parks it.
    """
    data = event.get("data")
    session = data.get("object") if isinstance(data, dict) else None
    session_id = session.get("id") if isinstance(session, dict) else None
    livemode = event.get("livemode")
    attributes = {
        "event_id": event.get("id"),
        "event_type": event.get("type"),
        "session_id": session_id if _usable(session_id) else None,
        "livemode": str(livemode).lower() if isinstance(livemode, bool) else None,
        "api_version": event.get("api_version"),
        **Owner.told_by(event.get("account"), event.get("context")).told(),
        "traceparent": traceparent,
    }
    return {name: value for name, value in attributes.items() if fits(value)}


def _usable(session_id: object) -> bool:
    try:
        SessionId.read(session_id)
    except ShapeError:
        return False
    return True


def fits(value: object) -> TypeGuard[str]:
    """Whether Pub/Sub accepts it as an attribute. Surrogates cannot be encoded; they are not printable."""
    return isinstance(value, str) and value.isprintable() and 0 < len(value.encode()) <= ATTRIBUTE_BYTES
