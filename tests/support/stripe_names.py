"""Every event type that the installed Stripe library knows: no list of our own, which would become old."""

from collections.abc import Mapping
from typing import get_args

from stripe import Event
from stripe.events import _event_classes
from stripe.v2.core._event import RelatedObject, RelatedSingletonObject

SNAPSHOT_TYPES: tuple[str, ...] = get_args(Event.__annotations__["type"])
"""The types of snapshot events."""

_RELATED: Mapping[object, tuple[str, ...]] = {
    RelatedObject: ("id", "type", "url"),
    RelatedSingletonObject: ("type", "url"),
    None: (),
}
_NOTIFICATIONS: Mapping[str, object] = _event_classes._V2_EVENT_NOTIFICATION_CLASS_LOOKUP


def _related(event_type: str) -> tuple[str, ...]:
    notification = _event_classes.get_v2_event_notification_class(event_type)
    return _RELATED[notification.__annotations__.get("related_object")]


THIN_TYPES: Mapping[str, tuple[str, ...]] = {event_type: _related(event_type) for event_type in _NOTIFICATIONS}
"""The types of thin events, and the fields of `related_object`; none where an event is about no object."""
