"""The only file that knows Stripe's library: is this body really from Stripe, and what was bought?"""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import RetryError
from google.api_core.retry import AsyncRetry
from stripe import APIConnectionError, RateLimitError, SignatureVerificationError, StripeError, WebhookSignature

from fulfillment.domain.items import Page, read_page
from fulfillment.domain.order import LineItem
from fulfillment.domain.shape import ShapeError
from fulfillment.errors import StripeUnavailable

if TYPE_CHECKING:
    from stripe import HTTPXClient, StripeClient

TOLERANCE_SECONDS = 300
READ_SECONDS = 20
TRY_SECONDS = 5  # to connect, and as long again without a byte: the library's own limit is 80
PAGE = 100


class BadSignature(Exception):
    """The request is not proven to be Stripe's. The text is the likely cause and `code` the machine's word
    for it, both for the log alone: who is refused must not learn why.
    """

    def __init__(self, code: str, cause: str) -> None:
        super().__init__(cause)
        self.code = code


def verify(body: bytes, header: str | None, secrets: Iterable[str], now: float | None = None) -> None:
    """Returns if one of the secrets signed the body within 300 s of `now` (epoch seconds), either way:
    Stripe's library refuses old signatures only, and a signature from the future can be kept for later.

    Raises BadSignature. While a secret is rolled, Stripe signs with the old one and the new one.
    """
    if not header:
        raise BadSignature("no_header", "no Stripe-Signature header: not sent by Stripe, or a proxy dropped the header")
    if not header.isascii():  # the library would compare it, and fall over it
        raise BadSignature("malformed_header", "Stripe-Signature is not ASCII: not sent by Stripe")
    if not any(_signed(body, header, secret) for secret in secrets):
        raise _likely_cause(body, header)
    age = (time.time() if now is None else now) - _timestamp(header)
    if abs(age) > TOLERANCE_SECONDS:
        when = "old" if age > 0 else "in the future"
        cause = f"signed {abs(age):.0f} s {when}: a replay, or a clock is wrong, here or at the sender"
        raise BadSignature("clock", cause)


def _signed(body: bytes, header: str, secret: str) -> bool:
    try:
        return bool(WebhookSignature.verify_header(body, header, secret))
    except (SignatureVerificationError, UnicodeDecodeError):
        return False


def _timestamp(header: str) -> int:
    """The time in a header that the library has just accepted, found as the library finds it: the first t."""
    return int(next(item.split("=")[1] for item in header.split(",") if item.split("=")[0] == "t"))


def _likely_cause(body: bytes, header: str) -> BadSignature:
    if "v1=" not in header or "t=" not in header:
        return BadSignature("malformed_header", "Stripe-Signature has no t= or no v1=: not sent by Stripe")
    if not body.startswith(b'{\n  "id": "evt_'):
        cause = "the body is not as Stripe writes it: re-encoded on the way here, or not sent by Stripe"
        return BadSignature("re_encoded_body", cause)
    cause = (
        "no signing secret matches: it is that of another endpoint or environment (every endpoint, test mode, live "
        "mode and `stripe listen` have their own), or the body was changed on the way here"
    )
    return BadSignature("wrong_secret", cause)


class StripeApi:
    """What only Stripe's API tells. `key` is asked before every request, so that a rotation needs no restart;
    `seconds` limits one call with all its pages and tries.
    """

    def __init__(self, key: Callable[[], str], base: str, seconds: float = READ_SECONDS) -> None:
        self._key, self._base, self._seconds = key, base, seconds

    async def line_items(self, session_id: str, account: str | None) -> tuple[LineItem, ...]:
        """Everything that was bought in a Checkout Session, of a connected account if one is named.

        Raises StripeUnavailable, whatever is wrong: the library meets an odd answer with any kind of error.
        """
        items: dict[str, LineItem] = {}
        retry = AsyncRetry(_is_passing, initial=0.5, maximum=4, timeout=self._seconds)
        read_on: Callable[..., Awaitable[None]] = retry(self._read_on)
        try:
            async with asyncio.timeout(self._seconds):
                await read_on(items, session_id, account)
        except Exception as error:  # noqa: BLE001 - see above
            cause = error.cause if isinstance(error, RetryError) else error
            raise StripeUnavailable(_where_to_look(cause)) from None
        return tuple(items.values())

    async def _read_on(self, items: dict[str, LineItem], session_id: str, account: str | None) -> None:
        """Adds every page behind the last of the items, so that a page that failed is tried again alone. An item
        that moves to a later page meanwhile is there once.
        """
        has_more = True
        while has_more:
            page = await self._page(session_id, account, next(reversed(items), None))
            for item in page.items:
                items.pop(item.id, None)
                items[item.id] = item
            has_more = page.has_more

    async def _page(self, session_id: str, account: str | None, after: str | None) -> Page:
        """One page, from the answer as Stripe wrote it: the library's own objects turn numbers into Decimals."""
        params: Any = {"limit": PAGE} | ({"starting_after": after} if after else {})
        options: Any = {"api_key": self._key()} | ({"stripe_account": account} if account else {})
        lists = self._client.v1.checkout.sessions.line_items
        listed = await lists.list_async(session_id, params=params, options=options)
        return read_page(listed.last_response and listed.last_response.data)

    @functools.cached_property
    def _client(self) -> "StripeClient":
        """Made at the first use: a connection does not survive the server's fork, and the webhook needs none."""
        from stripe import StripeClient  # noqa: PLC0415 - see above

        return StripeClient(self._key(), base_addresses={"api": self._base}, http_client=self._http)

    @functools.cached_property
    def _http(self) -> "HTTPXClient":
        from stripe import HTTPXClient  # noqa: PLC0415 - as the client

        return HTTPXClient(timeout=TRY_SECONDS)

    async def close(self) -> None:
        """Closes its connections: the end, for a program that ends."""
        await self._http.close_async()  # type: ignore[no-untyped-call]


def _is_passing(error: Exception) -> bool:
    """Whether to try again at once: no connection, the rate limit, an error of Stripe's own."""
    if isinstance(error, APIConnectionError | RateLimitError):
        return True
    return isinstance(error, StripeError) and (error.http_status or 0) >= 500


_ADVICE = {
    200: "nothing that can be read: look at STRIPE_API_BASE",
    400: "if the list has changed between two pages, the next try reads it from its start",
    401: "the API key is revoked, expired or mistyped: look at STRIPE_API_KEY or its file",
    403: "the API key lacks a permission: a restricted key needs 'Checkout Sessions: read', and for a connected "
    "account the access to it",
    404: "no such session: the API key is of the other mode, or of another account than the webhook's",
    429: "the rate limit: if this lasts, something else uses it up",
}


def _where_to_look(error: BaseException | None) -> str:
    """What an operator should know, without a word of Stripe's: it can quote the key, or the buyer."""
    match error:
        case TimeoutError():
            return "Stripe did not answer in time"
        case APIConnectionError():
            return f"Stripe cannot be reached: {type(error.__cause__).__name__}"
        case ShapeError():
            return f"Stripe's answer cannot be read: {error}"
        case StripeError(http_status=int(status)):
            unknown = "its own failure: look at status.stripe.com" if status >= 500 else _ADVICE[200]
            return f"Stripe answered {status}: {_ADVICE.get(status, unknown)}"
    return f"Stripe's answer cannot be read: {type(error).__name__}"
