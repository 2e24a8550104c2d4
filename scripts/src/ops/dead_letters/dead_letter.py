"""A dead letter: its reason, the filter that selects it, and the attributes of its replay. Pure."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fulfillment.domain.decision import REQUESTS
from fulfillment.domain.event_types import SUBSCRIBERS
from fulfillment.domain.json_object import load_object
from fulfillment.errors import MalformedEvent
from fulfillment.topic.attributes import attributes_of

EXHAUSTED = "attempts_exhausted"
UNKNOWN = "unknown"
_PUBSUBS = "CloudPubSubDeadLetterSource"
HEAD = ("ID", "PARKED (UTC)", "TYPE", "SESSION", "WHY")


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A message that was parked, or that Pub/Sub gave up. `ack_id` is valid for one lease."""

    id: str
    parked_at: datetime
    attributes: Mapping[str, str]
    data: bytes = field(repr=False)
    ack_id: str = field(repr=False, compare=False, default="")

    @property
    def why(self) -> str:
        """The reason in the parked message, or the number of failed deliveries."""
        if reason := self.attributes.get("reason"):
            return reason
        attempts = self.attributes.get(f"{_PUBSUBS}DeliveryCount")
        return f"{EXHAUSTED}: {attempts} deliveries failed" if attempts else f"{UNKNOWN}: no reason was given"

    @property
    def code(self) -> str:
        """The reason's code."""
        return self.why.partition(":")[0]

    @property
    def event_type(self) -> str | None:
        """The event's type: the attribute's, or else the body's."""
        if found := self.attributes.get("event_type"):
            return found
        return self._body_attributes().get("event_type")

    @property
    def session_id(self) -> str | None:
        """The Checkout Session's id: the attribute's, or else the body's."""
        return self.attributes.get("session_id") or self._body_attributes().get("session_id")

    @property
    def replayable(self) -> bool:
        """Whether a subscriber would get it."""
        return self.event_type in set(SUBSCRIBERS)

    def replay_attributes(self) -> dict[str, str]:
        """The original attributes and `replay`. Those that Pub/Sub or the parking added are left out; missing ones are
        read from the body.
        """
        added = ("reason", *REQUESTS)
        kept = {
            name: text
            for name, text in self.attributes.items()
            if name not in added and not name.startswith((_PUBSUBS, "goog"))
        }
        return ({} if "event_type" in kept else self._body_attributes()) | kept | {"replay": "true"}

    def row(self) -> tuple[str, ...]:
        """One line of a list, without personal data."""
        parked = f"{self.parked_at:%Y-%m-%d %H:%M:%S}"
        return self.id, parked, self.event_type or "-", self.session_id or "-", self.why

    def row_data(self) -> dict[str, Any]:
        """The same for programs."""
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
        """The whole letter, as it is saved before it is dropped."""
        data = base64.b64encode(self.data).decode()
        parked = self.parked_at.isoformat()
        return {"id": self.id, "parked_at": parked, "attributes": dict(self.attributes), "data": data}

    def _body_attributes(self) -> dict[str, str]:
        try:
            return attributes_of(load_object(self.data), "")
        except MalformedEvent:
            return {}


@dataclass(frozen=True, kw_only=True)
class DeadLetterFilter:
    """Selects dead letters: every given criterion must match."""

    until: datetime
    ids: Sequence[str] = ()
    codes: Sequence[str] = ()
    types: Sequence[str] = ()
    sessions: Sequence[str] = ()
    since: datetime | None = None

    @property
    def narrowed(self) -> bool:
        """Whether any criterion was given."""
        return bool(self.ids or self.codes or self.types or self.sessions or self.since)

    def fits(self, letter: DeadLetter) -> bool:
        """Whether the letter is selected."""
        criteria = (
            (self.ids, letter.id),
            (self.codes, letter.code),
            (self.types, (letter.event_type or "").removeprefix("checkout.session.")),
            (self.sessions, letter.session_id),
        )
        in_time = letter.parked_at <= self.until and (self.since is None or letter.parked_at >= self.since)
        return in_time and all(value in values for values, value in criteria if values)
