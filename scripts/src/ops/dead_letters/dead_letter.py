"""A dead letter: why it is one, which ones are meant, and what is published when it is replayed. Pure."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fulfillment.domain.event_types import SUBSCRIBERS
from fulfillment.domain.json_object import load_object
from fulfillment.errors import MalformedEvent
from fulfillment.topic.attributes import REQUESTS, attributes_of

EXHAUSTED = "attempts_exhausted"
UNKNOWN = "unknown"
_PUBSUBS = "CloudPubSubDeadLetterSource"
HEAD = ("ID", "PARKED (UTC)", "TYPE", "SESSION", "WHY")


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A message that was parked, or that Pub/Sub gave up. `ack_id` is good for one lease."""

    id: str
    parked_at: datetime
    attributes: Mapping[str, str]
    data: bytes = field(repr=False)
    ack_id: str = field(repr=False, compare=False, default="")

    @property
    def why(self) -> str:
        """The reason as it was parked, or that Pub/Sub gave it up."""
        if reason := self.attributes.get("reason"):
            return reason
        attempts = self.attributes.get(f"{_PUBSUBS}DeliveryCount")
        return f"{EXHAUSTED}: {attempts} deliveries failed" if attempts else f"{UNKNOWN}: no reason was given"

    @property
    def code(self) -> str:
        """The reason's machine word."""
        return self.why.partition(":")[0]

    @property
    def event_type(self) -> str | None:
        """The event's type; where the attribute is missing, the one in the body."""
        if found := self.attributes.get("event_type"):
            return found
        return self._told().get("event_type")

    @property
    def session_id(self) -> str | None:
        """The Checkout Session's id, found as the type is."""
        return self.attributes.get("session_id") or self._told().get("session_id")

    @property
    def replayable(self) -> bool:
        """Whether a subscriber would get it."""
        return self.event_type in set(SUBSCRIBERS)

    def again(self) -> dict[str, str]:
        """The attributes with which it is published again: the original ones, and the wish. (Those that Pub/Sub or the
        parking added are no part of the message; those that it lacks are read from its body.)
        """
        added = ("reason", *REQUESTS)
        kept = {
            name: text
            for name, text in self.attributes.items()
            if name not in added and not name.startswith((_PUBSUBS, "goog"))
        }
        return ({} if "event_type" in kept else self._told()) | kept | {"replay": "true"}

    def row(self) -> tuple[str, ...]:
        """One line of a list, for the eye: nothing of the buyer."""
        parked = f"{self.parked_at:%Y-%m-%d %H:%M:%S}"
        return self.id, parked, self.event_type or "-", self.session_id or "-", self.why

    def row_data(self) -> dict[str, Any]:
        """The same for a machine."""
        return {
            "id": self.id,
            "parked_at": self.parked_at.isoformat(),
            "code": self.code,
            "why": self.why,
            "event_type": self.event_type,
            "event_id": self.attributes.get("event_id"),
            "session_id": self.session_id,
            "replayable": self.replayable,
        }

    def saved(self) -> dict[str, Any]:
        """All of it, as it is saved before it is dropped."""
        data = base64.b64encode(self.data).decode()
        parked = self.parked_at.isoformat()
        return {"id": self.id, "parked_at": parked, "attributes": dict(self.attributes), "data": data}

    def _told(self) -> dict[str, str]:
        try:
            return attributes_of(load_object(self.data), "")
        except MalformedEvent:
            return {}


@dataclass(frozen=True, kw_only=True)
class DeadLetterFilter:
    """Which dead letters are meant: all that is given must fit."""

    until: datetime
    ids: Sequence[str] = ()
    codes: Sequence[str] = ()
    types: Sequence[str] = ()
    sessions: Sequence[str] = ()
    since: datetime | None = None

    @property
    def narrowed(self) -> bool:
        """Whether anything was said about which ones."""
        return bool(self.ids or self.codes or self.types or self.sessions or self.since)

    def fits(self, letter: DeadLetter) -> bool:
        """Whether this one is meant."""
        asked = (
            (self.ids, letter.id),
            (self.codes, letter.code),
            (self.types, (letter.event_type or "").removeprefix("checkout.session.")),
            (self.sessions, letter.session_id),
        )
        in_time = letter.parked_at <= self.until and (self.since is None or letter.parked_at >= self.since)
        return in_time and all(value in values for values, value in asked if values)
