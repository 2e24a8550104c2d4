"""Publishes each change of an order's status on the user's topic.

    attributes  key, status, livemode ("true"/"false"), mode, schema ("1")
    data        {"schema": 1, "id": "{order id}:announce_{status}", "status": …, "order": {…}}

`order` has the fields of the order document, except events, effects, lease and granted; times are in RFC 3339. A
message may be delivered twice, always with the same id.
"""

import json
from datetime import datetime
from typing import Any

from fulfillment.domain.order import Order
from fulfillment.domain.records import without_unknown
from fulfillment.domain.status import Status
from fulfillment.orders.documents import to_document
from fulfillment.topic.attributes import fits
from fulfillment.topic.publisher import Topic

SCHEMA = 1
_INTERNAL = ("events", "effects", "effect_states", "lease", "granted")


class Announcer:
    """Publishes order events."""

    def __init__(self, topic: Topic) -> None:
        self._topic = topic

    async def announce(self, status: Status, order: Order, key: str) -> None:
        """Publishes that the order has entered the status. Raises PublishFailed."""
        attributes = {
            "key": key,
            "status": status.value,
            "livemode": str(order.livemode).lower(),
            "mode": order.mode if fits(order.mode) else "unknown",
            "schema": str(SCHEMA),
        }
        await self._topic.publish(message(status, order, key), attributes)


def message(status: Status, order: Order, key: str) -> bytes:
    """The data of an announcement: UTF-8 JSON."""
    document = {name: value for name, value in to_document(without_unknown(order)).items() if name not in _INTERNAL}
    document["status"] = status.value
    data = {"schema": SCHEMA, "id": key, "status": status.value, "order": document}
    return json.dumps(data, default=_time).encode()


def _time(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} has no JSON")
