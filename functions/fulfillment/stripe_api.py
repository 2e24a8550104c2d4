"""Reads line items, Checkout Sessions and the objects of events from Stripe's API, with Stripe's library."""

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import stripe
from google.api_core.exceptions import RetryError
from google.api_core.retry import AsyncRetry
from stripe import HTTPXClient, InvalidRequestError, StripeClient

from fulfillment.domain.ids import OWN, Owner
from fulfillment.domain.items import Page, read_page
from fulfillment.domain.order import LineItem
from fulfillment.domain.shape import ShapeError, read
from fulfillment.errors import StripeRefused, StripeUnavailable
from fulfillment.stripe_errors import (
    OBJECT_ADVICE,
    SESSION_ADVICE,
    is_about_the_question,
    is_passing,
    where_to_look,
)
from fulfillment.version import NAME, USER_AGENT, VERSION

READ_SECONDS = 20
TRY_SECONDS = 5  # to connect, and again between two bytes: the library's default is 80
PAGE = 100
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """A page of Checkout Sessions in Stripe's format, newest first. `has_more` means that there are older ones."""

    data: tuple[Mapping[str, Any], ...]
    has_more: bool


class StripeApi:
    """A client of Stripe's API. It calls `key` before every request, so a key rotation needs no restart. `seconds`
    limits one call with all its pages and retries. `again` says which errors to retry.
    """

    def __init__(
        self,
        key: Callable[[], str],
        base: str,
        seconds: float = READ_SECONDS,
        again: Callable[[Exception], bool] | None = None,
    ) -> None:
        self._key, self._base, self._seconds, self._again = key, base, seconds, again or is_passing

    async def line_items(self, session_id: str, owner: Owner = OWN) -> tuple[LineItem, ...]:
        """All line items of a Checkout Session. Raises StripeUnavailable, or its subclass StripeRefused if a retry
        would get the same answer.
        """
        items: dict[str, LineItem] = {}
        await self._ask(lambda: self._read_on(items, session_id, owner), owner)
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
        params: Any = {"limit": PAGE, "status": "complete", "created": {"gte": created_from, "lt": created_until}}
        params |= {"starting_after": after} if after else {}
        return await self._ask(lambda: self._sessions(params))

    async def object_at(self, path: str, owner: Owner = OWN) -> Mapping[str, Any]:
        """The object at a path of the API, in Stripe's format. Raises StripeUnavailable, or its subclass StripeRefused
        if a retry would get the same answer.
        """
        return await self._ask(lambda: self._object(path, owner), owner, OBJECT_ADVICE)

    @property
    def api_version(self) -> str:
        """The version of Stripe's API that this library uses."""
        return str(stripe.api_version)

    async def _ask(
        self, ask: Callable[[], Awaitable[T]], owner: Owner = OWN, advice: Mapping[int, str] = SESSION_ADVICE
    ) -> T:
        """The answer, retried while there is time. Raises only StripeUnavailable."""
        passing: list[Exception] = []
        retry = AsyncRetry(self._again, initial=0.5, maximum=4, timeout=self._seconds, on_error=passing.append)
        tried: Callable[[], Awaitable[T]] = retry(ask)
        try:
            async with asyncio.timeout(self._seconds):
                return await tried()
        except Exception as error:  # noqa: BLE001 - the library raises any kind of error for an odd answer
            cause = error.cause if isinstance(error, RetryError) else error
            if isinstance(cause, TimeoutError) and passing:  # the time ended in one more try: the one before says more
                cause = passing[-1]
            kind = StripeRefused if is_about_the_question(cause) else StripeUnavailable
            raise kind(where_to_look(cause, self._key(), owner, advice)) from None

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

    async def _object(self, path: str, owner: Owner) -> Mapping[str, Any]:
        answer = await self._client.raw_request_async("get", path, **self._options(owner))
        found: Mapping[str, Any] = read(Mapping[str, Any], json.loads(answer.body))
        return found

    async def _sessions(self, params: Any) -> Sessions:
        sessions = self._client.v1.checkout.sessions
        page: Sessions = read(Sessions, _written(await sessions.list_async(params=params, options=self._options(OWN))))
        if page.has_more and not page.data:
            raise ShapeError("data", "empty, but has_more is true")
        return page

    async def _read_on(self, items: dict[str, LineItem], session_id: str, owner: Owner) -> None:
        """Adds every page after the last item in `items`, so that a retry repeats only the page that failed. An item
        that moves to a later page meanwhile is kept once.
        """
        has_more = True
        while has_more:
            page = await self._page(session_id, owner, next(reversed(items), None))
            for item in page.items:
                items.pop(item.id, None)
                items[item.id] = item
            has_more = page.has_more

    async def _page(self, session_id: str, owner: Owner, after: str | None) -> Page:
        """One page, parsed from Stripe's raw JSON: the library's objects turn numbers into Decimals."""
        params: Any = {"limit": PAGE} | ({"starting_after": after} if after else {})
        lists = self._client.v1.checkout.sessions.line_items
        return read_page(_written(await lists.list_async(session_id, params=params, options=self._options(owner))))

    def _options(self, owner: Owner) -> Any:
        if owner.context:
            return {"api_key": self._key(), "stripe_context": owner.context}
        return {"api_key": self._key()} | ({"stripe_account": owner.account} if owner.account else {})

    @functools.cached_property
    def _client(self) -> StripeClient:
        """Created on first use: a connection does not survive the server's fork."""
        return StripeClient(self._key(), base_addresses={"api": self._base}, http_client=self._http)

    @functools.cached_property
    def _http(self) -> HTTPXClient:
        return _NamedClient(timeout=TRY_SECONDS)

    async def close(self) -> None:
        """Closes the connections. Call it before the program ends."""
        await self._http.close_async()  # type: ignore[no-untyped-call]


class _NamedClient(HTTPXClient):
    """An HTTP client that names this product in every request."""

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        return await super().request_async(method, url, name_caller(headers), post_data)


def name_caller(headers: Mapping[str, str]) -> Mapping[str, str]:
    """A request's headers with this product's name and version. `stripe.set_app_info` would also change the clients
    that hooks create, because it is global.
    """
    about = json.loads(headers["X-Stripe-Client-User-Agent"])
    about["application"] = {"name": NAME, "version": VERSION, "url": None, "partner_id": None}
    named = {"User-Agent": f"{headers['User-Agent']} {USER_AGENT}", "X-Stripe-Client-User-Agent": json.dumps(about)}
    return {**headers, **named}


def _written(answer: Any) -> object:
    """An answer as Stripe's raw JSON."""
    return answer.last_response and answer.last_response.data
