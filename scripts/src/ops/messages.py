"""A message that was published before, and is published again from a dead letter or from the archive. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fulfillment.domain.decision import REQUESTS
from fulfillment.domain.json_object import load_object
from fulfillment.domain.routes import Routes
from fulfillment.errors import MalformedEvent
from fulfillment.topic.attributes import attributes_of
from ops.errors import WrongSettings

PUBSUBS = "CloudPubSubDeadLetterSource"
"""Pub/Sub adds attributes with this prefix to a message that it gives up."""
_ADDED = ("reason", *REQUESTS)
_ADDED_PREFIXES = (PUBSUBS, "goog")


@dataclass(frozen=True, kw_only=True)
class PastMessage:
    """A message with the id that Pub/Sub gave it. What an attribute does not tell is read from the body."""

    id: str
    attributes: Mapping[str, str]
    data: bytes = field(repr=False)

    @property
    def event_type(self) -> str | None:
        """The event's type: `v1.…` of a thin event."""
        return self._told("event_type")

    @property
    def event_id(self) -> str | None:
        """The event's id."""
        return self._told("event_id")

    @property
    def session_id(self) -> str | None:
        """The Checkout Session's id, if the event is about one."""
        return self._told("session_id")

    @property
    def object_id(self) -> str | None:
        """The id of the object that the event is about. A message of version 1.0 has only `session_id`."""
        return self.attributes.get("object_id") or self.session_id or self._told("object_id")

    def original_attributes(self) -> dict[str, str]:
        """The attributes with which it was published. Those that Pub/Sub, the parking or an operator's request added
        are left out; if it lacks its type, the missing ones are read from the body.
        """
        kept = {
            name: text
            for name, text in self.attributes.items()
            if name not in _ADDED and not name.startswith(_ADDED_PREFIXES)
        }
        return ({} if "event_type" in kept else self._body_attributes()) | kept

    def _told(self, name: str) -> str | None:
        return self.attributes.get(name) or self._body_attributes().get(name)

    def _body_attributes(self) -> dict[str, str]:
        try:
            found = attributes_of(load_object(self.data), "")
        except MalformedEvent:
            return {}
        return {name: text for name, text in found.items() if text}  # the trace is not known any more


def types_in(names: Sequence[str]) -> Routes:
    """The event types that the options --type select. WrongSettings if one is no type."""
    try:
        return Routes.select(",".join(names))
    except ValueError as error:
        raise WrongSettings(f"--type {error}") from None
