"""Hostile answers of Stripe's API."""

from collections.abc import Mapping, Sequence
from typing import Any

from fulfillment.domain.ids import OWN, Owner
from local.fakes.stripe_events import Json


class HostileStripe:
    """Answers every read of a session, and every list of sessions, with `session`; every other one with `others`."""

    api_version = "2026-10-28.endive"

    def __init__(self, session: Json, others: Sequence[Json] = ()) -> None:
        self._session, self._others = session, others

    async def require_session(self, session_id: str, owner: Owner = OWN) -> Mapping[str, Any]:
        """The session."""
        del session_id, owner
        return self._session

    async def object_at(self, path: str, owner: Owner = OWN) -> Mapping[str, Any]:
        """The first of the others."""
        del path, owner
        return self._others[0] if self._others else {}

    async def sessions_of(
        self, owner: Owner, *, payment_intent: str | None = None, subscription: str | None = None
    ) -> Sequence[Mapping[str, Any]]:
        """The session, if there is one."""
        del owner, payment_intent, subscription
        return [self._session] if self._session else []

    async def refunds_of(self, payment_intent: str, owner: Owner) -> Sequence[Mapping[str, Any]]:
        """The others."""
        del payment_intent, owner
        return self._others

    disputes_of = refunds_of

    async def invoice_payments_of(
        self, owner: Owner, *, payment_intent: str | None = None, invoice: str | None = None
    ) -> Sequence[Mapping[str, Any]]:
        """The others."""
        del owner, payment_intent, invoice
        return self._others
