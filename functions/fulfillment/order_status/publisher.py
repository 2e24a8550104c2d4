"""What Stripe said beyond an order is published, so that a subscriber handles it: the page itself changes no order."""

from fulfillment.domain.order import Order
from fulfillment.domain.synthetic_events import claims_more
from fulfillment.errors import PublishFailed
from fulfillment.order_status.session_cache import CachedSession
from fulfillment.telemetry import Line, Trace
from fulfillment.topic.finder import Finder


class ClaimPublisher:
    """Publishes what a session claims beyond its order, once."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    async def publish(self, cached: CachedSession, order: Order | None, line: Line) -> None:
        """Those who ask for the same session at once wait for one try; after a failure the next refresh tries again."""
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
