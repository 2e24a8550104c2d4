"""Files as Pub/Sub's Cloud Storage subscriptions write them: Avro, with the fields of `write_metadata`."""

import io
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import fastavro

from fulfillment.topic.attributes import attributes_of
from local.fakes.stripe_events import Json, body

SCHEMA: Json = {
    "type": "record",
    "name": "PubsubMessage",
    "fields": [
        {"name": "subscription_name", "type": "string"},
        {"name": "message_id", "type": "string"},
        {"name": "publish_time", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "attributes", "type": {"type": "map", "values": "string"}},
        {"name": "data", "type": "bytes"},
    ],
}
AT = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=250) - timedelta(days=8)
"""Noon, a week ago."""


def archived(said: Json | bytes, at: datetime = AT, /, **more: str) -> Json:
    """The record of an event that was published at that time."""
    data = said if isinstance(said, bytes) else body(said)
    attributes = {} if isinstance(said, bytes) else attributes_of(said, "00-trace")
    name = "projects/acme-shop/subscriptions/checkout-stripe-events-archive"
    return {
        "subscription_name": name,
        "message_id": uuid.uuid4().hex,
        "publish_time": at,
        "attributes": attributes | more,
        "data": data,
    }


def avro(*records: Json, schema: Any = None, codec: str = "null", block: int = 16_000) -> bytes:
    """A file with those records, in blocks of about so many bytes."""
    file = io.BytesIO()
    fastavro.writer(file, schema or SCHEMA, records, codec=codec, sync_interval=block)
    return file.getvalue()


ZONES = ("+00:00", "Z")
"""How Google may write the zone in a file's name, which is UTC."""


def file_name(prefix: str, at: datetime = AT, zone: str = ZONES[0]) -> str:
    """The name of a file of that time."""
    return f"{prefix}/{at:%Y/%m/%d/%H_%M_%S}{zone}_{uuid.uuid4()}.avro"
