"""Parses a push request into a message."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fulfillment.domain.json_object import load_object
from fulfillment.domain.shape import read
from fulfillment.errors import MalformedEvent, MalformedMessage


@dataclass(frozen=True, kw_only=True)
class Message:
    """A pushed message. `attempt` counts deliveries from 1; it is None if Pub/Sub does not send it. `published_at`:
    when Pub/Sub stored it.
    """

    data: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)
    id: str | None = None
    attempt: int | None = None
    published_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class _PushedMessage:
    data: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    messageId: str | None = None  # noqa: N815 - Pub/Sub's name
    publishTime: str | None = None  # noqa: N815 - Pub/Sub's name


@dataclass(frozen=True, kw_only=True)
class _Push:
    message: _PushedMessage
    deliveryAttempt: int | None = None  # noqa: N815 - Pub/Sub's name


def parse_push(body: bytes) -> Message:
    """The message in the body of a push request. Raises `MalformedMessage` if the body is not a push."""
    try:
        push = read(_Push, load_object(body))
        data = base64.b64decode(push.message.data, validate=True)
    except (MalformedEvent, ValueError) as error:  # a ValueError is a ShapeError, or comes from base64
        detail = "data is not base64" if isinstance(error, binascii.Error) else str(error)
        raise MalformedMessage(f"not a Pub/Sub push: {detail}") from None
    return Message(
        data=data,
        attributes=push.message.attributes,
        id=push.message.messageId,
        attempt=push.deliveryAttempt,
        published_at=_time(push.message.publishTime),
    )


def _time(text: str | None) -> datetime | None:
    """A time in RFC 3339; None if it is not one: it is not needed to handle the message."""
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
