"""A thin event says which object has changed, not how. The object is read from Stripe, as it is then.

    {"object": "v2.core.event", "id": "evt_…", "type": "v1.checkout.session.completed", "livemode": true,
     "created": "2026-11-28T09:30:00Z", "context": "acct_…", "snapshot_event": "evt_…",
     "related_object": {"type": "checkout.session", "id": "cs_…", "url": "/v1/…"}}

The id of a thin event never becomes the id of an order's event: what is read depends on the time, so one id would have
two contents.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fulfillment.domain.event_types import THIN_EVENT
from fulfillment.domain.ids import EventId, ObjectId, Owner, SessionId
from fulfillment.domain.json_object import load_object
from fulfillment.domain.shape import ShapeError, read
from fulfillment.errors import MalformedEvent

SESSION = "checkout.session"


@dataclass(frozen=True, kw_only=True)
class ThinEvent:
    """A thin event of one object. `snapshot_event`: the id of the snapshot event that tells the same, if Stripe made
    one.
    """

    id: EventId
    type: str
    created: datetime
    livemode: bool
    owner: Owner
    object_type: str
    object_id: ObjectId
    snapshot_event: EventId | None

    @property
    def session_id(self) -> SessionId:
        """The object's id, of an event of a Checkout Session."""
        return self.object_id


def parse_thin(body: bytes, of: Collection[str] = (SESSION,)) -> ThinEvent:
    """The thin event in `body`, of an object of one of these types. Raises only `MalformedEvent`, for any bytes."""
    raw = load_object(body)
    try:
        event = read(_Event, raw)
        if event.object != THIN_EVENT:
            raise ShapeError("object", f"expected {THIN_EVENT}")  # noqa: TRY301
        if event.related_object.type not in of:
            raise ShapeError("related_object.type", f"expected {' or '.join(of)}")  # noqa: TRY301
    except ShapeError as error:
        raise MalformedEvent(str(error)) from None
    return ThinEvent(
        id=event.id,
        type=event.type,
        created=event.created,
        livemode=event.livemode,
        owner=Owner.told_by(None, event.context),
        object_type=event.related_object.type,
        object_id=event.related_object.id,
        snapshot_event=event.snapshot_event,
    )


class _Time:
    """A time in ISO 8601 with its zone, as thin events have it."""

    @staticmethod
    def read(value: object, path: str) -> datetime:
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise ShapeError(path, "expected a time with its zone, as 2026-11-28T09:30:00Z")
        return moment


@dataclass(frozen=True, kw_only=True)
class _Related:
    id: ObjectId
    type: str


@dataclass(frozen=True, kw_only=True)
class _Event:
    object: str
    id: EventId
    type: str
    created: _Time
    livemode: bool
    related_object: _Related
    context: Any = None
    snapshot_event: EventId | None = None
