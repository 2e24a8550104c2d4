"""Limits the reads of Stripe per second: all clients of an account share its rate limit."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from fulfillment.domain.ids import OWN, Owner
from fulfillment.stripe_api import Sessions


class Reader(Protocol):
    """A reader of Stripe's sessions."""

    async def session(self, session_id: str, owner: Owner = OWN) -> Mapping[str, Any] | None:
        """A Checkout Session with its PaymentIntent expanded, or None if it does not exist."""
        ...

    async def sessions(self, created_from: int, created_until: int, after: str | None = None) -> Sessions:
        """A page of complete Checkout Sessions, newest first."""
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

    async def sessions(self, created_from: int, created_until: int, after: str | None = None) -> Sessions:
        """A page of complete Checkout Sessions, newest first."""
        await self._turn()
        return await self._stripe.sessions(created_from, created_until, after)

    @property
    def api_version(self) -> str:
        """The version of Stripe's API that it uses."""
        return self._stripe.api_version

    async def _turn(self) -> None:
        now = self._clock()
        turn = max(now, self._next)
        self._next = turn + self._gap
        await self._sleep(turn - now)
