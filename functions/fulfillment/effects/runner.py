"""What an order owes is done to the world, one effect after the other, each marked done in the order.

The delivery that holds the lease performs; every other one writes what its event changes and comes back. Marking an
effect is a compare-and-set: it is fenced by the lease's owner, renews the lease, and the one that leaves nothing to do
releases it. What others add meanwhile makes it fail, is read, and is performed too.

    state + effects + lease written ─> perform(key) ─> marked done ─> … ─> nothing owed: acknowledge
            │                             │               │
            │ crash here, or              │ the world may see the effect again, with the same key
            └ a lost reply: the redelivery finds in the document what is owed
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from fulfillment.domain import lifecycle
from fulfillment.domain.decision import Policy, complete
from fulfillment.domain.effects import owed, ready
from fulfillment.domain.order import Order
from fulfillment.effects.attempts import Attempt, AttemptState
from fulfillment.errors import LeaseLost, PermanentError, RefusedForNow, TransientError
from fulfillment.orders.store import Orders, Stored, update
from fulfillment.telemetry import places

Result = Callable[[Order], Order] | None
Park = Callable[[PermanentError], Awaitable[None]]
SLACK_SECONDS = 30  # of a lease beyond its longest effect: for the write that marks it done, and its retries


@dataclass(frozen=True)
class EffectExecutor:
    """Performs one effect. `seconds` is the limit of one call; what it returns changes the order, if anything.

    Raises PermanentError where trying again cannot help; anything else is tried again, with the same key.
    """

    seconds: float
    perform: Callable[[Order, str], Awaitable[Result]]


@dataclass(frozen=True)
class EffectExecutors:
    """All that can be performed here, by the effect's name. `budget`: seconds of one delivery for all of it.
    `reconciled`: reconcile brings back what backs off, so that no message has to wait for it.
    """

    by_name: Mapping[str, EffectExecutor]
    budget: float = 540
    hold_on_review: bool = False
    reconciled: bool = False

    @property
    def lease(self) -> int:
        """Seconds that a lease lives: the longest effect and its write must fit in."""
        return math.ceil(max((each.seconds for each in self.by_name.values()), default=0)) + SLACK_SECONDS

    @property
    def policy(self) -> Policy:
        """How this deployment treats its orders."""
        return Policy(configured=self.by_name.keys(), hold_on_review=self.hold_on_review)


class EffectRunner:
    """Performs what one order owes, for the delivery that holds its lease. `attempts`: what became of each effect."""

    def __init__(self, orders: Orders, executors: EffectExecutors, park: Park, owner: str) -> None:
        self._orders, self._executors, self._park, self._owner = orders, executors, park, owner
        self._began = time.monotonic()
        self._tried: set[str] = set()
        self._stuck = False
        self.attempts: dict[str, Attempt] = {}

    async def run(self, stored: Stored) -> Stored:
        """Performs what is owed, each effect once at most, and returns the order as it was written last.

        Raises LeaseLost if another delivery has taken over, and what the store raises.
        """
        self._note_what_backs_off(stored.order)
        while lifecycle.holds_lease(stored.order, self._owner):
            if name := self._next(stored.order):
                self._tried.add(name)
                stored = await self._perform(name, stored)
            elif self._stuck and owed(stored.order.effects):
                break
            else:  # the time ran out meanwhile: no effect is begun any more, and the write releases the lease
                stored = await self._write(lambda order: order, stored)
        return stored

    def _note_what_backs_off(self, order: Order) -> None:
        """What is not tried by this delivery has its reason in the log all the same."""
        now = datetime.now(UTC)
        for name in owed(order.effects):
            effect = order.effects[name]
            if effect.not_before and effect.not_before > now:
                detail = f"{effect.not_before:%Y-%m-%d %H:%M} UTC on: {effect.error}"
                self.attempts[name] = Attempt(AttemptState.NOT_YET, detail)

    def _next(self, order: Order) -> str | None:
        """What to do now: owed, waiting for nothing, not tried yet, and with its full time limit left."""
        left = self._executors.budget - (time.monotonic() - self._began)
        for name in ready(order.effects, datetime.now(UTC)):
            executor = self._executors.by_name.get(name)
            if executor and name not in self._tried and executor.seconds <= left:
                return name
        return None

    async def _perform(self, name: str, stored: Stored) -> Stored:
        executor, key = self._executors.by_name[name], stored.order.effects[name].key
        limit = asyncio.timeout(executor.seconds)
        try:
            async with limit:
                result = await executor.perform(stored.order, key)
        except PermanentError as error:
            return await self._refused(name, error, stored)
        except RefusedForNow as error:
            return await self._refused_for_now(name, error, stored)
        except Exception as error:  # noqa: BLE001 - the world may fail in any way: it is tried again
            # A thread cannot be killed: after a time-out it may still be at it, so the lease is kept.
            self._stuck = self._stuck or limit.expired()
            text = f"no answer within {executor.seconds:g} s" if limit.expired() else _text(error)
            return await self._failed(name, text, stored)
        self.attempts[name] = Attempt(AttemptState.DONE)
        now, policy = datetime.now(UTC), self._executors.policy
        return await self._write(lambda order: complete(order, name, result or _nothing, now, policy), stored)

    async def _refused(self, name: str, error: PermanentError, stored: Stored) -> Stored:
        """Parked first: an effect that has failed for good must have its message in the dead letter."""
        try:
            await self._park(error)
        except Exception as failure:  # noqa: BLE001 - whatever it was, the message is not parked
            return await self._failed(name, f"not parked: {_text(failure)}", stored)
        self.attempts[name] = Attempt(AttemptState.FAILED, error.reason)
        return await self._write(lambda order: lifecycle.mark_failed(order, name, error.reason), stored)

    async def _refused_for_now(self, name: str, error: RefusedForNow, stored: Stored) -> Stored:
        if lifecycle.is_last_refusal(stored.order, name):
            return await self._refused(name, error.final, stored)
        self.attempts[name] = Attempt(AttemptState.BACKING_OFF, str(error))
        now = datetime.now(UTC)
        return await self._write(lambda order: lifecycle.back_off(order, name, str(error), now), stored)

    async def _failed(self, name: str, text: str, stored: Stored) -> Stored:
        self.attempts[name] = Attempt(AttemptState.RETRY, text)
        return await self._write(lambda order: lifecycle.record_failure(order, name, text), stored)

    async def _write(self, change: Callable[[Order], Order], known: Stored) -> Stored:
        """One fenced write: the change, and the lease renewed while there is something to do, else released."""

        def fenced(stored: Stored | None) -> Order:
            if stored is None or not lifecycle.holds_lease(stored.order, self._owner):
                raise LeaseLost("another delivery has taken over")
            order = change(stored.order)
            if self._next(order) or (self._stuck and owed(order.effects)):
                return lifecycle.renew_lease(order, self._owner, self._executors.lease)
            return lifecycle.release_lease(order)

        return await update(self._orders, known.order.id, fenced, known)


def _nothing(order: Order) -> Order:
    return order


def _text(error: Exception) -> str:
    """An error of ours in its words, any other by its name and place: its own text may hold anything."""
    if isinstance(error, TransientError):
        return str(error)
    return " at ".join([type(error).__name__, *places(error)[-1:]])
