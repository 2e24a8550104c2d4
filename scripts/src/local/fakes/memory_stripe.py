"""Stripe's sessions in memory, for thousands of them. It passes the same contract tests as the API on the stand-in."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fulfillment.domain.ids import OWN, Owner
from fulfillment.errors import StripeRefused, StripeUnavailable
from fulfillment.stripe_api import PAGE, Sessions
from local.fakes.stripe_events import Json


class MemoryStripe:
    """Checkout Sessions in a dict. Everything may be set at any time:

    `known`     sessions by id, oldest first
    `intents`   PaymentIntents by id, for reads that expand them
    `accounts`  the connected account of a session, by the session's id
    `faults`    errors that the next reads raise; None for a normal answer
    `reads`     the id of every session that was read, and None for a page
    """

    def __init__(self, page: int = PAGE) -> None:
        self.known: dict[str, Json] = {}
        self.intents: dict[str, Json] = {}
        self.accounts: dict[str, str] = {}
        self.faults: list[StripeUnavailable | None] = []
        self.reads: list[str | None] = []
        self._page = page

    @property
    def api_version(self) -> str:
        """Some version."""
        return "2026-10-28.endive"

    async def session(self, session_id: str, owner: Owner = OWN) -> Mapping[str, Any] | None:
        """A Checkout Session, its PaymentIntent expanded; None if there is none."""
        await self._answer(session_id)
        found = self.known.get(session_id)
        if found is None or self.accounts.get(session_id) != owner.account:
            return None
        intent = self.intents.get(found.get("payment_intent") or "")
        return found | ({"payment_intent": intent} if intent else {})

    async def require_session(self, session_id: str, owner: Owner = OWN) -> Mapping[str, Any]:
        """The same of a session that must exist. Raises StripeRefused."""
        found = await self.session(session_id, owner)
        if found is None:
            raise StripeRefused("Stripe answered 404")
        return found

    async def sessions(self, created_from: int, created_until: int, after: str | None = None) -> Sessions:
        """A page of complete Checkout Sessions, newest first."""
        await self._answer(None)
        own = (each for each in self.known.values() if each["id"] not in self.accounts)
        complete = [e for e in own if e["status"] == "complete" and created_from <= e["created"] < created_until]
        ordered = sorted(complete, key=lambda each: (-each["created"], each["id"]))
        start = [each["id"] for each in ordered].index(after) + 1 if after else 0
        data = ordered[start : start + self._page]
        return Sessions(data=tuple(data), has_more=start + self._page < len(ordered))

    async def _answer(self, read: str | None) -> None:
        self.reads.append(read)
        await asyncio.sleep(0)  # yields to other tasks
        if self.faults and (fault := self.faults.pop(0)):
            raise fault
