"""Asks Stripe's API with Stripe's library: one client, its retries, and the lists of the API."""

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import stripe
from google.api_core.exceptions import RetryError
from google.api_core.retry import AsyncRetry
from stripe import HTTPXClient, StripeClient

from fulfillment.domain.ids import OWN, Id, Owner
from fulfillment.domain.shape import ShapeError, read
from fulfillment.stripe_errors import SESSION_ADVICE, is_passing, kind_of, where_to_look
from fulfillment.version import NAME, USER_AGENT, VERSION

READ_SECONDS = 20
TRY_SECONDS = 5  # to connect, and again between two bytes: the library's default is 80
PAGE = 100
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Objects:
    """A page of objects in Stripe's format, newest first. `has_more` means that there are older ones."""

    data: tuple[Mapping[str, Any], ...]
    has_more: bool


class StripeReader:
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

    @property
    def api_version(self) -> str:
        """The version of Stripe's API that this library uses."""
        return str(stripe.api_version)

    async def close(self) -> None:
        """Closes the connections. Call it before the program ends."""
        await self._http.close_async()  # type: ignore[no-untyped-call]

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
            raise kind_of(cause)(where_to_look(cause, self._key(), owner, advice)) from None

    async def _all(
        self, path: str, params: Mapping[str, Any], owner: Owner, advice: Mapping[int, str]
    ) -> tuple[Mapping[str, Any], ...]:
        """Every object of a list. Raises StripeUnavailable."""
        found: dict[str, Mapping[str, Any]] = {}
        await self._ask(lambda: self._read_on(found, path, params, owner), owner, advice)
        return tuple(found.values())

    async def _read_on(
        self, found: dict[str, Mapping[str, Any]], path: str, params: Mapping[str, Any], owner: Owner
    ) -> None:
        """Adds every page after the last object in `found`, so that a retry repeats only the page that failed."""
        has_more = True
        while has_more:
            page = await self._page(path, {**params, **starting(next(reversed(found), None))}, owner)
            found |= {Id.read(each, "data"): each for each in page.data}
            has_more = page.has_more

    async def _page(self, path: str, params: Mapping[str, Any], owner: Owner) -> Objects:
        """One page of a list, by hundreds."""
        return read_objects(await self._get(path, owner, {"limit": PAGE, **params}))

    async def _get(self, path: str, owner: Owner, params: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """The object at a path of the API, in Stripe's format."""
        answer = await self._client.raw_request_async("get", path, **{**(params or {}), **self._options(owner)})
        found: Mapping[str, Any] = read(Mapping[str, Any], json.loads(answer.body))
        return found

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


def created_within(created_from: int, created_until: int) -> dict[str, Any]:
    """A list's filter: created from `created_from` until before `created_until` (epoch seconds)."""
    return {"created": {"gte": created_from, "lt": created_until}}


def starting(after: str | None) -> dict[str, Any]:
    """A list's cursor: the page after the object `after`, or the first page."""
    return {"starting_after": after} if after else {}


def read_objects(answer: object) -> Objects:
    """The page in an answer of Stripe's API. Raises ShapeError."""
    page: Objects = read(Objects, answer)
    if page.has_more and not page.data:
        raise ShapeError("data", "empty, but has_more is true")
    return page
