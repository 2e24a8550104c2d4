"""Turns Stripe's sessions into synthetic events. An unreadable session does not stop the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fulfillment.domain.ids import OWN, Owner
from fulfillment.domain.order import Order
from fulfillment.domain.ownership import Ownership
from fulfillment.domain.shape import ShapeError
from fulfillment.domain.synthetic_events import SyntheticEvent, synthetic_event
from fulfillment.reconcile.rate_limited_stripe import Listed, Reader
from fulfillment.reconcile.single_reads import SingleReads
from fulfillment.reconcile.stats import ReconcileStats


@dataclass(kw_only=True)
class SessionReader:
    """Reads sessions, and counts the unreadable ones."""

    stripe: Reader
    ownership: Ownership
    stats: ReconcileStats
    reads: SingleReads

    def claims_of(self, page: Listed) -> list[SyntheticEvent]:
        """The events of a page's sessions that are complete and belong to this deployment."""
        events = (self._event(session, OWN) for session in page.data)
        return [event for event in events if event]

    async def claim_of(self, order: Order) -> SyntheticEvent | None:
        """The event of the order's current session, or None if it claims nothing or Stripe does not show it.

        Raises StripeUnavailable if Stripe did not answer several reads in a row.
        """
        session = await self.reads.shown(order.id, self.stripe.session(order.id, order.owner))
        return None if session is None else self._event(session, order.owner)

    def _event(self, session: Mapping[str, Any], owner: Owner) -> SyntheticEvent | None:
        """A session's event, or None if it claims nothing or is not this deployment's. Counts unreadable ones."""
        try:
            event = synthetic_event(session, owner=owner, api_version=self.stripe.api_version, at=datetime.now(UTC))
        except ShapeError:
            self.stats.add_unreadable(str(session.get("id")))
            return None
        return event if event and self.ownership.owns(event.checkout) else None
