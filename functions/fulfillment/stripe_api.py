"""What only Stripe's API tells, read by Stripe's library: what was bought, and how a session stands."""

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
from fulfillment.stripe_errors import is_about_the_question, is_passing, where_to_look
from fulfillment.version import NAME, USER_AGENT, VERSION

READ_SECONDS = 20
TRY_SECONDS = 5  # to connect, and as long again without a byte: the library's own limit is 80
PAGE = 100
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """Some Checkout Sessions, newest first, as Stripe writes them. With `has_more` there are older ones."""

    data: tuple[Mapping[str, Any], ...]
    has_more: bool


class StripeApi:
    """What only Stripe's API tells. `key` is asked before every request, so that a rotation needs no restart;
    `seconds` limits one call with all its pages and tries; `again` says which errors are worth another try.
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
        """Everything that was bought in a Checkout Session. Raises StripeUnavailable; of it StripeRefused, where the
        same question gets the same answer whatever the day.
        """
        items: dict[str, LineItem] = {}
        await self._ask(lambda: self._read_on(items, session_id, owner), owner)
        return tuple(items.values())

    async def session(self, session_id: str, owner: Owner = OWN) -> Mapping[str, Any] | None:
        """A Checkout Session as Stripe writes it, its PaymentIntent expanded; None if this key sees no such session.
        Raises StripeUnavailable.
        """
        return await self._ask(lambda: self._session(session_id, owner), owner)

    async def sessions(self, created_from: int, created_until: int, after: str | None = None) -> Sessions:
        """The complete Checkout Sessions made from one time until before another (epoch seconds), newest first, 100 at
        a time: those behind the session `after`. Raises StripeUnavailable.
        """
        params: Any = {"limit": PAGE, "status": "complete", "created": {"gte": created_from, "lt": created_until}}
        params |= {"starting_after": after} if after else {}
        return await self._ask(lambda: self._sessions(params))

    @property
    def api_version(self) -> str:
        """The version of Stripe's API in which this library reads and writes."""
        return str(stripe.api_version)

    async def _ask(self, ask: Callable[[], Awaitable[T]], owner: Owner = OWN) -> T:
        """What is asked, with further tries while there is time. Raises StripeUnavailable, and nothing else."""
        retry = AsyncRetry(self._again, initial=0.5, maximum=4, timeout=self._seconds)
        tried: Callable[[], Awaitable[T]] = retry(ask)
        try:
            async with asyncio.timeout(self._seconds):
                return await tried()
        except Exception as error:  # noqa: BLE001 - the library meets an odd answer with any kind of error
            cause = error.cause if isinstance(error, RetryError) else error
            kind = StripeRefused if is_about_the_question(cause) else StripeUnavailable
            raise kind(where_to_look(cause, self._key(), owner)) from None

    async def _session(self, session_id: str, owner: Owner) -> Mapping[str, Any] | None:
        params: Any = {"expand": ["payment_intent"]}
        retrieve = self._client.v1.checkout.sessions.retrieve_async
        try:
            answer = await retrieve(session_id, params=params, options=self._options(owner))
        except InvalidRequestError as error:
            if error.http_status == 404 and is_about_the_question(error):
                return None
            raise
        found: Mapping[str, Any] = read(Mapping[str, Any], _written(answer))
        return found

    async def _sessions(self, params: Any) -> Sessions:
        sessions = self._client.v1.checkout.sessions
        page: Sessions = read(Sessions, _written(await sessions.list_async(params=params, options=self._options(OWN))))
        if page.has_more and not page.data:
            raise ShapeError("data", "empty, but has_more is true")
        return page

    async def _read_on(self, items: dict[str, LineItem], session_id: str, owner: Owner) -> None:
        """Adds every page behind the last of the items, so that a page that failed is tried again alone. An item
        that moves to a later page meanwhile is there once.
        """
        has_more = True
        while has_more:
            page = await self._page(session_id, owner, next(reversed(items), None))
            for item in page.items:
                items.pop(item.id, None)
                items[item.id] = item
            has_more = page.has_more

    async def _page(self, session_id: str, owner: Owner, after: str | None) -> Page:
        """One page, from the answer as Stripe wrote it: the library's own objects turn numbers into Decimals."""
        params: Any = {"limit": PAGE} | ({"starting_after": after} if after else {})
        lists = self._client.v1.checkout.sessions.line_items
        return read_page(_written(await lists.list_async(session_id, params=params, options=self._options(owner))))

    def _options(self, owner: Owner) -> Any:
        if owner.context:
            return {"api_key": self._key(), "stripe_context": owner.context}
        return {"api_key": self._key()} | ({"stripe_account": owner.account} if owner.account else {})

    @functools.cached_property
    def _client(self) -> StripeClient:
        """Made at the first use: a connection does not survive the server's fork."""
        return StripeClient(self._key(), base_addresses={"api": self._base}, http_client=self._http)

    @functools.cached_property
    def _http(self) -> HTTPXClient:
        return _NamedClient(timeout=TRY_SECONDS)

    async def close(self) -> None:
        """Closes its connections: the end, for a program that ends."""
        await self._http.close_async()  # type: ignore[no-untyped-call]


class _NamedClient(HTTPXClient):
    """Names the caller in every request."""

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        return await super().request_async(method, url, name_caller(headers), post_data)


def name_caller(headers: Mapping[str, str]) -> Mapping[str, str]:
    """A request's headers as `stripe.set_app_info` would have them. That is for the whole process, so it would also
    speak for the clients that hooks make.
    """
    about = json.loads(headers["X-Stripe-Client-User-Agent"])
    about["application"] = {"name": NAME, "version": VERSION, "url": None, "partner_id": None}
    named = {"User-Agent": f"{headers['User-Agent']} {USER_AGENT}", "X-Stripe-Client-User-Agent": json.dumps(about)}
    return {**headers, **named}


def _written(answer: Any) -> object:
    """An answer as Stripe wrote it."""
    return answer.last_response and answer.last_response.data
