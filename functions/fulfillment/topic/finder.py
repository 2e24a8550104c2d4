"""Publishes the events that were found by reading Stripe, on the same topic as the webhook's events.

Such a message has the same format. Its attribute `source` names the finder: `reconcile`, `order_status` or `ops`. Only
subscribers act on it.
"""

from collections.abc import Mapping
from urllib.parse import quote

from fulfillment.domain.envelope import MadeEvent
from fulfillment.telemetry import Trace
from fulfillment.topic.attributes import attributes_of
from fulfillment.topic.publisher import Topic


class Finder:
    """A publisher of found events. `source` is its name in the messages, `origin` the deployment as a CloudEvents
    source: see `origin_of`.
    """

    def __init__(self, topic: Topic, source: str, origin: str) -> None:
        self._topic, self._source, self._origin = topic, source, origin

    async def publish(self, found: MadeEvent, trace: Trace, request: Mapping[str, str] | None = None) -> str:
        """Returns the message's id once it is stored, or raises PublishFailed. `request` holds attributes that ask for
        more than the event (`domain.decision.REQUESTS`).
        """
        attributes = attributes_of(found.event, trace.traceparent, self._origin) | {"source": self._source}
        return await self._topic.publish(found.body, attributes | dict(request or {}))


def origin_of(project: str, deployment: str) -> str:
    """The CloudEvents source of the messages that a deployment makes itself."""
    return f"//{quote(project)}/{quote(deployment)}"
