"""Publishes an event of Stripe's session that the order lacks. A subscriber applies it; the page changes no order."""

from fulfillment.domain.order import Order
from fulfillment.domain.synthetic_events import claims_more
from fulfillment.errors import PublishFailed
from fulfillment.order_status.session_cache import CachedSession
from fulfillment.telemetry import Line, Trace
from fulfillment.topic.finder import Finder


class ClaimPublisher:
    """Publishes a session's event once, if it claims more than the order."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    async def publish(self, cached: CachedSession, order: Order | None, line: Line) -> None:
        """Concurrent requests for one session share one try. After a failure the next reload tries again."""
        failures = cached.failures
        async with cached.publishing:
            event = cached.answer and cached.answer.event
            if not event or event is cached.published or cached.failures != failures:
                return
            if not claims_more(event, order.status if order else None):
                return
            try:
                line.note(message_id=await self._finder.publish(event, line.trace or Trace.of({})))
                cached.published = event
            except PublishFailed as error:
                cached.failures += 1
                line.say("WARNING", f"{error}; the page will try again", outcome="publish_failed")
                line.blame(error)
