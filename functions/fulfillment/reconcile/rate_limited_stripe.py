"""Limits the reads of Stripe per second: all clients of an account share its rate limit."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from fulfillment.domain.ids import OWN, Owner


class Listed(Protocol):
    """A page of objects in Stripe's format, newest first. `has_more` means that there are older ones."""

    @property
    def data(self) -> tuple[Mapping[str, Any], ...]:
        """The objects."""
        ...

    @property
    def has_more(self) -> bool:
        """Whether there is another page."""
        ...


class Reader(Protocol):
    """A reader of Stripe's sessions, and of what happens after the sale."""

    async def session(self, session_id: str, owner: Owner = OWN) -> Mapping[str, Any] | None:
        """A Checkout Session with its PaymentIntent expanded, or None if it does not exist."""
        ...

    async def sessions(self, created_from: int, created_until: int, after: str | None = None) -> Listed:
        """A page of complete Checkout Sessions, newest first."""
        ...

    async def refunds(self, created_from: int, created_until: int, after: str | None = None) -> Listed:
        """A page of refunds, newest first."""
        ...

    async def disputes(self, created_from: int, created_until: int, after: str | None = None) -> Listed:
        """A page of disputes, newest first."""
        ...

    async def object_at(self, path: str, owner: Owner = OWN) -> Mapping[str, Any]:
        """The object at a path of the API."""
        ...

    async def invoice_payments_of(
        self, owner: Owner, *, payment_intent: str | None = None
    ) -> Sequence[Mapping[str, Any]]:
        """The payments of invoices that were made with a PaymentIntent, with their invoices expanded."""
        ...

    @property
    def api_version(self) -> str:
        """The version of Stripe's API that it uses."""
        ...


class RateLimitedStripe:
    """Stripe's API with at most `reads_per_second` reads a second. Each read waits for its turn."""

    def __init__(
        self,
        stripe: Reader,
        reads_per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._stripe, self._gap, self._clock, self._sleep = stripe, 1 / reads_per_second, clock, sleep
        self._next = 0.0

    async def session(self, session_id: str, owner: Owner = OWN) -> Mapping[str, Any] | None:
        """A Checkout Session with its PaymentIntent expanded, or None if this key cannot see it."""
        await self._turn()
        return await self._stripe.session(session_id, owner)

    async def sessions(self, created_from: int, created_until: int, after: str | None = None) -> Listed:
        """A page of complete Checkout Sessions, newest first."""
        await self._turn()
        return await self._stripe.sessions(created_from, created_until, after)

    async def refunds(self, created_from: int, created_until: int, after: str | None = None) -> Listed:
        """A page of refunds, newest first."""
        await self._turn()
        return await self._stripe.refunds(created_from, created_until, after)

    async def disputes(self, created_from: int, created_until: int, after: str | None = None) -> Listed:
        """A page of disputes, newest first."""
        await self._turn()
        return await self._stripe.disputes(created_from, created_until, after)

    async def object_at(self, path: str, owner: Owner = OWN) -> Mapping[str, Any]:
        """The object at a path of the API."""
        await self._turn()
        return await self._stripe.object_at(path, owner)

    async def invoice_payments_of(
        self, owner: Owner, *, payment_intent: str | None = None
    ) -> Sequence[Mapping[str, Any]]:
        """The payments of invoices that were made with a PaymentIntent, with their invoices expanded."""
        await self._turn()
        return await self._stripe.invoice_payments_of(owner, payment_intent=payment_intent)

    @property
    def api_version(self) -> str:
        """The version of Stripe's API that it uses."""
        return self._stripe.api_version

    async def _turn(self) -> None:
        now = self._clock()
        turn = max(now, self._next)
        self._next = turn + self._gap
        await self._sleep(turn - now)
