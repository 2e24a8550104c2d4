"""An archived message, the filter that selects it, and where in the archive it may be. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from fulfillment.domain.ids import EventId
from fulfillment.domain.routes import Routes
from ops.messages import PastMessage

ARCHIVE = "archive"
"""The attribute `source` of a message that was published from the archive."""
FILE_MINUTES = 10
"""A file is open for at most so long. Its name holds the time at which it was opened, or closed."""
LATE_DAYS = 8
"""A message may wait for seven days until the bucket can be written. Its file has the name of that later time."""
_OTHER = "holds something else than Pub/Sub's messages with their metadata"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OLDEST = datetime(2011, 1, 1, tzinfo=UTC)  # older than Stripe


@dataclass(frozen=True, kw_only=True)
class Archived(PastMessage):
    """A message with the time at which its topic stored it."""

    published_at: datetime

    @classmethod
    def read(cls, record: object) -> Self:
        """The message of an Avro record. Raises ValueError if Pub/Sub would not have written it."""
        if not isinstance(record, dict):
            raise ValueError(_OTHER)  # noqa: TRY004 - the file's content is wrong
        at = _time(record.get("publish_time"))
        message_id, attributes, data = record.get("message_id"), record.get("attributes"), record.get("data")
        if not (at and isinstance(message_id, str) and isinstance(data, bytes)):
            raise ValueError(_OTHER)
        if not isinstance(attributes, dict) or not all(isinstance(each, str) for each in attributes.values()):
            raise ValueError(_OTHER)
        return cls(id=message_id, attributes=attributes, data=data, published_at=at)

    @property
    def is_copy(self) -> bool:
        """Whether it repeats another message of the archive: a replay, or an event that an order retold without its
        buyer (`domain.source_event`).
        """
        source = self.attributes.get("source")
        found = (self.event_id or "").startswith(EventId.FOUND)
        return source == ARCHIVE or (source is not None and not found)

    @property
    def identity(self) -> str:
        """What two messages that tell the same share: the event's id. Two reads of a refund or dispute may share it,
        and have found one status at different times.
        """
        if self.event_id is None:
            return f"message {self.id}"
        is_read = self.event_id.startswith(EventId.FOUND) and self.session_id is None
        return f"{self.event_id} {self.occurred_at.isoformat()}" if is_read else self.event_id

    @property
    def occurred_at(self) -> datetime:
        """When Stripe made the event, or else when the topic stored it."""
        try:
            at = datetime.fromisoformat(self.attributes.get("ce-time", ""))
        except ValueError:
            return self.published_at
        return at if at.tzinfo else self.published_at

    def replay_attributes(self) -> dict[str, str]:
        """The original attributes, and that it comes from the archive."""
        return self.original_attributes() | {"source": ARCHIVE}


@dataclass(frozen=True, kw_only=True)
class ArchiveFilter:
    """Selects the messages of some event types that their topic stored from `since` to `until`."""

    types: Routes
    since: datetime
    until: datetime

    def fits(self, message: Archived) -> bool:
        """Whether the message is selected."""
        return self.since <= message.published_at <= self.until and (message.event_type or "") in self.types

    def window(self, prefix: str) -> tuple[str, str]:
        """The names between which every file with a selected message is: the first, and the first after them."""
        start = max(self.since, _OLDEST) - timedelta(minutes=FILE_MINUTES)
        end = self.until + timedelta(days=LATE_DAYS + 1)
        return f"{prefix}{_day(start)}", f"{prefix}{_day(end)}"


def _time(value: object) -> datetime | None:
    """The time in a field: microseconds, if the schema does not say that they are a time. None if it is no time."""
    if isinstance(value, datetime):
        return value if value.tzinfo else None
    try:
        return _EPOCH + timedelta(microseconds=value) if isinstance(value, int) else None
    except OverflowError:
        return None


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y/%m/%d}/"
