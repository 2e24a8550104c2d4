"""Publishes what was found by reading Stripe, as messages of the same topic: one way in, whoever noticed it.

A found message is one of the contract (`topic`), and says in `source` who found it: `reconcile`, `order_status` or
`ops`. Only subscribers act on it.
"""

from collections.abc import Mapping

from fulfillment.domain.synthetic_events import SyntheticEvent
from fulfillment.telemetry import Trace
from fulfillment.topic.attributes import attributes_of
from fulfillment.topic.publisher import Topic


class Finder:
    """One who finds: `source` is its name."""

    def __init__(self, topic: Topic, source: str) -> None:
        self._topic, self._source = topic, source

    async def publish(self, found: SyntheticEvent, trace: Trace, request: Mapping[str, str] | None = None) -> str:
        """Returns the message's id once it is stored; raises PublishFailed. `request` are attributes that ask for
        more than the event (`topic.WISHES`).
        """
        attributes = attributes_of(found.event, trace.traceparent) | {"source": self._source}
        return await self._topic.publish(found.body, attributes | dict(request or {}))
