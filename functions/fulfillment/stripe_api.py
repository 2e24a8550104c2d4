"""Reads line items, Checkout Sessions, the objects of events and what happens after the sale from Stripe's API."""

from collections.abc import Mapping
from typing import Any

from stripe import InvalidRequestError

from fulfillment.domain.ids import OWN, Owner
from fulfillment.domain.items import Page, read_page
from fulfillment.domain.order import LineItem
from fulfillment.domain.shape import read
from fulfillment.stripe_after_sale import AfterSaleReader
from fulfillment.stripe_client import PAGE, READ_SECONDS, Objects, created_within, name_caller, starting
from fulfillment.stripe_errors import advice_at, is_about_the_question

__all__ = ["PAGE", "READ_SECONDS", "Objects", "Sessions", "StripeApi", "name_caller"]

Sessions = Objects


class StripeApi(AfterSaleReader):
    """Stripe's API, as far as this product reads it."""

    async def line_items(self, session_id: str, owner: Owner = OWN) -> tuple[LineItem, ...]:
        """All line items of a Checkout Session. Raises StripeUnavailable, or its subclass StripeRefused if a retry
        would get the same answer.
        """
        items: dict[str, LineItem] = {}
        await self._ask(lambda: self._read_items(items, session_id, owner), owner)
        return tuple(items.values())

    async def session(self, session_id: str, owner: Owner = OWN) -> Mapping[str, Any] | None:
        """A Checkout Session in Stripe's format with its PaymentIntent expanded, or None if this key cannot see it.
        Raises StripeUnavailable.
        """
        return await self._ask(lambda: self._session(session_id, owner), owner)

    async def require_session(self, session_id: str, owner: Owner = OWN) -> Mapping[str, Any]:
        """The same of a session that must exist. Raises StripeUnavailable, or StripeRefused also if this key cannot
        see it.
        """
        return await self._ask(lambda: self._retrieve(session_id, owner), owner)

    async def sessions(self, created_from: int, created_until: int, after: str | None = None) -> Sessions:
        """A page of up to 100 complete Checkout Sessions, newest first, starting after the session `after`. They were
        created from `created_from` until before `created_until` (epoch seconds). Raises StripeUnavailable.
        """
        params = {"status": "complete", **created_within(created_from, created_until), **starting(after)}
        return await self._ask(lambda: self._page("/v1/checkout/sessions", params, OWN))

    async def object_at(self, path: str, owner: Owner = OWN) -> Mapping[str, Any]:
        """The object at a path of the API, in Stripe's format. Raises StripeUnavailable, or its subclass StripeRefused
        if a retry would get the same answer.
        """
        return await self._ask(lambda: self._get(path, owner), owner, advice_at(path))

    async def _session(self, session_id: str, owner: Owner) -> Mapping[str, Any] | None:
        try:
            return await self._retrieve(session_id, owner)
        except InvalidRequestError as error:
            if error.http_status == 404 and is_about_the_question(error):
                return None
            raise

    async def _retrieve(self, session_id: str, owner: Owner) -> Mapping[str, Any]:
        params: Any = {"expand": ["payment_intent"]}
        retrieve = self._client.v1.checkout.sessions.retrieve_async
        answer = await retrieve(session_id, params=params, options=self._options(owner))
        found: Mapping[str, Any] = read(Mapping[str, Any], _written(answer))
        return found

    async def _read_items(self, items: dict[str, LineItem], session_id: str, owner: Owner) -> None:
        """Adds every page after the last item in `items`, so that a retry repeats only the page that failed. An item
        that moves to a later page meanwhile is kept once.
        """
        has_more = True
        while has_more:
            page = await self._items(session_id, owner, next(reversed(items), None))
            for item in page.items:
                items.pop(item.id, None)
                items[item.id] = item
            has_more = page.has_more

    async def _items(self, session_id: str, owner: Owner, after: str | None) -> Page:
        """One page, parsed from Stripe's raw JSON: the library's objects turn numbers into Decimals."""
        params: Any = {"limit": PAGE, **starting(after)}
        lists = self._client.v1.checkout.sessions.line_items
        return read_page(_written(await lists.list_async(session_id, params=params, options=self._options(owner))))


def _written(answer: Any) -> object:
    """An answer as Stripe's raw JSON."""
    return answer.last_response and answer.last_response.data
