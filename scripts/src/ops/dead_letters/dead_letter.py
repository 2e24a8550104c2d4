"""A dead letter: its reason, and the filter that selects it. Pure."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fulfillment.domain.routes import Routes
from ops.messages import PUBSUBS, PastMessage

EXHAUSTED = "attempts_exhausted"
UNKNOWN = "unknown"
HEAD = ("ID", "PARKED (UTC)", "TYPE", "OBJECT", "WHY")


@dataclass(frozen=True, kw_only=True)
class DeadLetter(PastMessage):
    """A message that was parked, or that Pub/Sub gave up. `ack_id` is valid for one lease."""

    parked_at: datetime
    ack_id: str = field(repr=False, compare=False, default="")

    @property
    def why(self) -> str:
        """The reason in the parked message, or the number of failed deliveries and the subscription that gave up."""
        if reason := self.attributes.get("reason"):
            return reason
        attempts, of = self.attributes.get(f"{PUBSUBS}DeliveryCount"), self.subscription
        if not attempts:
            return f"{UNKNOWN}: no reason was given"
        return f"{EXHAUSTED}: {attempts} deliveries{f' of {of}' if of else ''} failed"

    @property
    def code(self) -> str:
        """The reason's code."""
        return self.why.partition(":")[0]

    @property
    def subscription(self) -> str | None:
        """The subscription that gave it up: a function's or a sink's. None if a function parked it."""
        return self.attributes.get(f"{PUBSUBS}Subscription", "").rpartition("/")[2] or None

    def row(self) -> tuple[str, ...]:
        """One line of a list, without personal data."""
        parked = f"{self.parked_at:%Y-%m-%d %H:%M:%S}"
        return self.id, parked, self.event_type or "-", self.object_id or "-", self.why

    def row_data(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "id": self.id,
            "parked_at": self.parked_at.isoformat(),
            "code": self.code,
            "why": self.why,
            "subscription": self.subscription,
            "event_type": self.event_type,
            "event_id": self.attributes.get("event_id"),
            "session_id": self.session_id,
            "object_id": self.object_id,
        }

    def saved(self) -> dict[str, Any]:
        """The whole letter, as it is saved before it is dropped."""
        data = base64.b64encode(self.data).decode()
        parked = self.parked_at.isoformat()
        return {"id": self.id, "parked_at": parked, "attributes": dict(self.attributes), "data": data}


@dataclass(frozen=True, kw_only=True)
class DeadLetterFilter:
    """Selects dead letters: every given criterion must match."""

    until: datetime
    ids: Sequence[str] = ()
    codes: Sequence[str] = ()
    types: Routes | None = None
    sessions: Sequence[str] = ()
    subscriptions: Sequence[str] = ()
    since: datetime | None = None

    @property
    def narrowed(self) -> bool:
        """Whether any criterion was given."""
        return bool(self.ids or self.codes or self.types or self.sessions or self.subscriptions or self.since)

    def fits(self, letter: DeadLetter) -> bool:
        """Whether the letter is selected."""
        criteria = (
            (self.ids, letter.id),
            (self.codes, letter.code),
            (self.sessions, letter.session_id),
            (self.subscriptions, letter.subscription),
        )
        in_time = letter.parked_at <= self.until and (self.since is None or letter.parked_at >= self.since)
        of_type = self.types is None or (letter.event_type or "") in self.types
        return in_time and of_type and all(value in values for values, value in criteria if values)
