"""Stripe's objects in memory, for thousands of them. It passes the same contract tests as the API on the stand-in."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fulfillment.domain.ids import OWN, Owner
from fulfillment.errors import StripeRefused, StripeUnavailable
from fulfillment.stripe_after_sale import one_of
from fulfillment.stripe_api import PAGE, Sessions
from fulfillment.stripe_client import Objects
from local.fakes.stripe_events import Json
from local.fakes.stripe_lists import SESSIONS, by_id, expanded, selected, under


class MemoryStripe:
    """Stripe's objects in dicts. Everything may be set at any time:

    `known`     sessions by id, oldest first
    `intents`   PaymentIntents by id
    `others`    any other object, by its path: `/v1/refunds/re_1`
    `accounts`  the connected account of an object, by the object's id
    `faults`    errors that the next reads raise; None for a normal answer
    `reads`     of every read the session's id, None for a page of sessions, or the path
    """

    def __init__(self, page: int = PAGE) -> None:
        self.known: dict[str, Json] = {}
        self.intents: dict[str, Json] = {}
        self.others: dict[str, Json] = {}
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

    async def object_at(self, path: str, owner: Owner = OWN) -> Mapping[str, Any]:
        """The object at a path. Raises StripeRefused."""
        await self._answer(path)
        found = self.others.get(path) or self._known(path.rpartition("/")[2])
        if found is None or self.accounts.get(found["id"]) != owner.account:
            raise StripeRefused("Stripe answered 404")
        return found

    async def sessions_of(
        self, owner: Owner, *, payment_intent: str | None = None, subscription: str | None = None
    ) -> tuple[Mapping[str, Any], ...]:
        """The sessions of a PaymentIntent or of a subscription, their PaymentIntents expanded."""
        asked = one_of(payment_intent=payment_intent, subscription=subscription)
        return await self._listed(SESSIONS, owner, asked, "payment_intent")

    async def refunds_of(self, payment_intent: str, owner: Owner) -> tuple[Mapping[str, Any], ...]:
        """All refunds of a PaymentIntent."""
        return await self._listed("/v1/refunds", owner, one_of(payment_intent=payment_intent))

    async def disputes_of(self, payment_intent: str, owner: Owner) -> tuple[Mapping[str, Any], ...]:
        """All disputes of a PaymentIntent."""
        return await self._listed("/v1/disputes", owner, one_of(payment_intent=payment_intent))

    async def refunds(self, created_from: int, created_until: int, after: str | None = None) -> Objects:
        """A page of refunds, newest first."""
        return await self._created("/v1/refunds", created_from, created_until, after)

    async def disputes(self, created_from: int, created_until: int, after: str | None = None) -> Objects:
        """A page of disputes, newest first."""
        return await self._created("/v1/disputes", created_from, created_until, after)

    async def invoice_payments_of(
        self, owner: Owner, *, payment_intent: str | None = None, invoice: str | None = None
    ) -> tuple[Mapping[str, Any], ...]:
        """The payments of an invoice or with a PaymentIntent, their invoices expanded."""
        asked = one_of(payment_intent=payment_intent, invoice=invoice)
        asked = {"payment[payment_intent]": payment_intent} if payment_intent else asked
        return await self._listed("/v1/invoice_payments", owner, asked, "invoice")

    async def invoice(self, invoice_id: str, owner: Owner) -> Mapping[str, Any]:
        """An invoice. Raises StripeRefused."""
        return await self.object_at(f"/v1/invoices/{invoice_id}", owner)

    async def open_review_of(self, payment_intent: str, owner: Owner) -> Mapping[str, Any] | None:
        """The open Radar review of a PaymentIntent's charge."""
        paid = await self.object_at(f"/v1/payment_intents/{payment_intent}", owner)
        charge = expanded(dict(paid), ["latest_charge.review"], self._known).get("latest_charge") or {}
        review: Mapping[str, Any] | None = charge.get("review")
        return review if review and review["open"] else None

    async def _listed(
        self, path: str, owner: Owner, filters: Mapping[str, str], *expansions: str
    ) -> tuple[Mapping[str, Any], ...]:
        await self._answer(path)
        listed = self.known.values() if path == SESSIONS else under(path, self.others)
        own = [each for each in listed if self.accounts.get(each["id"]) == owner.account]
        return tuple(expanded(each, expansions, self._known) for each in selected(own, filters))

    async def _created(self, path: str, created_from: int, created_until: int, after: str | None) -> Objects:
        window = {"created[gte]": str(created_from), "created[lt]": str(created_until)}
        found = await self._listed(path, OWN, window)
        start = [each["id"] for each in found].index(after) + 1 if after else 0
        return Objects(data=found[start : start + self._page], has_more=start + self._page < len(found))

    def _known(self, wanted: str) -> Json | None:
        return by_id(wanted, self.others, self.intents, self.known)

    async def _answer(self, read: str | None) -> None:
        self.reads.append(read)
        await asyncio.sleep(0)  # yields to other tasks
        if self.faults and (fault := self.faults.pop(0)):
            raise fault
