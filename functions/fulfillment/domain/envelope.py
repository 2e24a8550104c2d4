"""What a snapshot event has around its object: read from a body, or made around an object that was read from Stripe."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fulfillment.domain.ids import EventId, Owner


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """The fields that all events have. Each kind of event adds its `type` and its `data`."""

    id: EventId
    created: datetime
    livemode: bool
    api_version: str | None = None
    account: str | None = None
    context: Any = None

    @property
    def owner(self) -> Owner:
        """Whose object it is."""
        return Owner.told_by(self.account, self.context)


@dataclass(frozen=True, kw_only=True)
class MadeEvent:
    """An event that this product has made, in Stripe's format."""

    event: Mapping[str, Any]

    @property
    def body(self) -> bytes:
        """The event as the data of a message."""
        return json.dumps(self.event).encode()


def made(of: Mapping[str, Any], *, created: datetime, owner: Owner, **said: Any) -> dict[str, Any]:
    """The event of an object. `said`: its `id`, `type`, `livemode` and, if it is known, `api_version`."""
    return {"object": "event", **said, "created": int(created.timestamp()), "data": {"object": of}, **owner.told()}
