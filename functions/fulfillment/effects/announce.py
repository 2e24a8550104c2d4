"""Publishes each change of an order's status, and of its money's, on the user's topic.

    of the status
    attributes  key, status, livemode ("true"/"false"), mode, schema ("1")
    data        {"schema": 1, "id": "{order id}:announce_{status}", "status": …, "order": {…}}

    of the money
    attributes  key, money_status, livemode, mode, schema
    data        {"schema": 1, "id": "{order id}:announce_money:{changes}", "money_status": …, "order": {…}}

A message about the money has no attribute `status`: a consumer that filters on `status = "paid"` does not get it.
`order` has the fields of the order document, except events, effects, lease, granted and announced; times are in
RFC 3339. A message may be delivered twice, always with the same id.
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
_INTERNAL = ("events", "effects", "effect_states", "lease", "granted", "announced")


class Announcer:
    """Publishes order events."""

    def __init__(self, topic: Topic) -> None:
        self._topic = topic

    async def announce(self, status: Status, order: Order, key: str) -> None:
        """Publishes that the order has entered the status. Raises PublishFailed."""
        await self._topic.publish(message(status, order, key), _attributes("status", status.value, order, key))

    async def announce_money(self, order: Order, key: str) -> None:
        """Publishes the status that the order's money has now. Raises PublishFailed."""
        data, status = money_message(order, key), order.money.status
        await self._topic.publish(data, _attributes("money_status", status.value, order, key))


def message(status: Status, order: Order, key: str) -> bytes:
    """The data of an announcement: UTF-8 JSON."""
    return _data("status", status.value, _document(order) | {"status": status.value}, key)


def money_message(order: Order, key: str) -> bytes:
    """The data of an announcement of the money: UTF-8 JSON."""
    return _data("money_status", order.money.status.value, _document(order), key)


def _attributes(name: str, status: str, order: Order, key: str) -> dict[str, str]:
    return {
        "key": key,
        name: status,
        "livemode": str(order.livemode).lower(),
        "mode": order.mode if fits(order.mode) else "unknown",
        "schema": str(SCHEMA),
    }


def _data(name: str, status: str, document: dict[str, Any], key: str) -> bytes:
    return json.dumps({"schema": SCHEMA, "id": key, name: status, "order": document}, default=_time).encode()


def _document(order: Order) -> dict[str, Any]:
    return {name: value for name, value in to_document(without_unknown(order)).items() if name not in _INTERNAL}


def _time(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} has no JSON")
