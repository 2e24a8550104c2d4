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
from fulfillment.errors import StripeRefused, StripeUnavailable
from fulfillment.reconcile.rate_limited_stripe import Reader
from fulfillment.reconcile.stats import ReconcileStats
from fulfillment.stripe_api import Sessions

IN_A_ROW = 3  # failed reads after which Stripe counts as down


@dataclass(kw_only=True)
class SessionReader:
    """Reads sessions, and counts the unreadable ones. `failures`: how many reads in a row Stripe did not answer."""

    stripe: Reader
    ownership: Ownership
    stats: ReconcileStats
    failures: int = 0

    def claims_of(self, page: Sessions) -> list[SyntheticEvent]:
        """The events of a page's sessions that are complete and belong to this deployment."""
        events = (self._event(session, OWN) for session in page.data)
        return [event for event in events if event]

    async def claim_of(self, order: Order) -> SyntheticEvent | None:
        """The event of the order's current session, or None if it claims nothing or Stripe does not show it.

        Raises StripeUnavailable if Stripe did not answer several reads in a row.
        """
        try:
            session = await self.stripe.session(order.id, order.owner)
        except StripeUnavailable as error:
            self.failures += not isinstance(error, StripeRefused)
            if self.failures >= IN_A_ROW:
                raise
            session = None
        else:
            self.failures = 0
        if session is None:
            self.stats.add_refused(order.id)
            return None
        return self._event(session, order.owner)

    def _event(self, session: Mapping[str, Any], owner: Owner) -> SyntheticEvent | None:
        """A session's event, or None if it claims nothing or is not this deployment's. Counts unreadable ones."""
        try:
            event = synthetic_event(session, owner=owner, api_version=self.stripe.api_version, at=datetime.now(UTC))
        except ShapeError:
            self.stats.add_unreadable(str(session.get("id")))
            return None
        return event if event and self.ownership.owns(event.checkout) else None
