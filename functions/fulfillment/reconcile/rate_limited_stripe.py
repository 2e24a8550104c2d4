"""Reads Stripe no faster than so many times a second: the limit of an account is everybody's who uses it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from fulfillment.domain.ids import OWN, Owner
from fulfillment.stripe_api import Sessions


class Reader(Protocol):
    """Who reads Stripe."""

    async def session(self, session_id: str, owner: Owner = OWN) -> Mapping[str, Any] | None:
        """A Checkout Session, its PaymentIntent expanded; None if there is none."""
        ...

    async def sessions(self, created_from: int, created_until: int, after: str | None = None) -> Sessions:
        """A page of complete Checkout Sessions, newest first."""
        ...

    @property
    def api_version(self) -> str:
        """The version of Stripe's API in which it reads."""
        ...


class RateLimitedStripe:
    """Stripe's API, each read waiting for its turn."""

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
        """A Checkout Session, its PaymentIntent expanded; None if this key sees no such session."""
        await self._turn()
        return await self._stripe.session(session_id, owner)

    async def sessions(self, created_from: int, created_until: int, after: str | None = None) -> Sessions:
        """A page of complete Checkout Sessions, newest first."""
        await self._turn()
        return await self._stripe.sessions(created_from, created_until, after)

    @property
    def api_version(self) -> str:
        """The version of Stripe's API in which it reads."""
        return self._stripe.api_version

    async def _turn(self) -> None:
        now = self._clock()
        turn = max(now, self._next)
        self._next = turn + self._gap
        await self._sleep(turn - now)
