"""Performs the effects that an order owes, one after the other, and marks each one done in the order.

Only the delivery that holds the lease performs effects; another one writes its event's changes and is redelivered. An
effect is marked by a compare-and-set that checks the lease's owner and renews the lease; the last one releases it. If
another delivery wrote meanwhile, the compare-and-set fails, the order is read again, and new effects are performed too.

    state + effects + lease written ─> perform(key) ─> marked done ─> … ─> nothing owed: acknowledge
            │                             │               │
            │ after a crash here or       │ the effect may be performed again, with the same key
            └ a lost reply, the redelivery finds the owed effects in the document
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime

from fulfillment.domain import lifecycle
from fulfillment.domain.access import DEFAULT_RULES, AccessRule
from fulfillment.domain.decision import Performed, Policy, complete
from fulfillment.domain.effects import HOOKS, KNOWN, kind_of, owed, ready
from fulfillment.domain.order import Order
from fulfillment.domain.settlement import settle
from fulfillment.effects.attempts import Attempt, AttemptState
from fulfillment.errors import LeaseLost, PermanentError, RefusedForNow, TransientError
from fulfillment.orders.store import Orders, Stored, update
from fulfillment.telemetry import places

Result = Callable[[Order], Order] | None
Park = Callable[[PermanentError], Awaitable[None]]
SLACK_SECONDS = 30  # of a lease, beyond its longest effect: for the write that marks it done, and its retries


@dataclass(frozen=True)
class EffectExecutor:
    """Performs one effect. `seconds` limits one call. `perform` may return a function that changes the order.

    `perform` raises PermanentError if a retry cannot help. Any other exception is retried with the same key.
    """

    seconds: float
    perform: Callable[[Order, str], Awaitable[Result]]


@dataclass(frozen=True)
class EffectExecutors:
    """The executors of this deployment by the effect's kind. `budget`: seconds of one delivery for all effects.
    `reconciled`: reconcile publishes a message for effects that back off, so their own message may be acknowledged.
    """

    by_kind: Mapping[str, EffectExecutor]
    budget: float = 540
    hold_on_review: bool = False
    reconciled: bool = False
    access: AbstractSet[AccessRule] = DEFAULT_RULES
    drops: AbstractSet[str] = KNOWN

    @property
    def lease(self) -> int:
        """Seconds that a lease lasts: enough for the longest effect and its write."""
        return math.ceil(max((each.seconds for each in self.by_kind.values()), default=0)) + SLACK_SECONDS

    @property
    def policy(self) -> Policy:
        """This deployment's policy."""
        return Policy(
            configured=self.by_kind.keys(), hold_on_review=self.hold_on_review, access=self.access, drops=self.drops
        )


class EffectRunner:
    """Performs one order's effects for the delivery that holds its lease. `attempts`: the result of each effect.

    A call of the user's code that is out of time may still be running. Then this delivery makes no other such call for
    the order: a late one could otherwise undo a newer one.
    """

    def __init__(self, orders: Orders, executors: EffectExecutors, park: Park, owner: str) -> None:
        self._orders, self._executors, self._park, self._owner = orders, executors, park, owner
        self._began = time.monotonic()
        self._tried: set[str] = set()
        self._stuck = False
        self.attempts: dict[str, Attempt] = {}

    async def run(self, stored: Stored) -> Stored:
        """Performs each owed effect at most once by its key, and returns the order as it was written last.

        Raises LeaseLost if another delivery has taken over, and the store's errors.
        """
        self._note_what_backs_off(stored.order)
        while lifecycle.holds_lease(stored.order, self._owner):
            if name := self._next(stored.order):
                self._tried.add(stored.order.effects[name].key)
                stored = await self._perform(name, stored)
            elif self._stuck and owed(stored.order.effects):
                break
            else:  # the budget is used up: no effect is started any more, and this write releases the lease
                stored = await self._write(lambda order: order, stored)
        return stored

    def _note_what_backs_off(self, order: Order) -> None:
        """Logs the reason for each effect that backs off, although this delivery does not try it."""
        now = datetime.now(UTC)
        for name in owed(order.effects):
            effect = order.effects[name]
            if effect.not_before and effect.not_before > now:
                detail = f"{effect.not_before:%Y-%m-%d %H:%M} UTC on: {effect.error}"
                self.attempts[name] = Attempt(AttemptState.NOT_YET, detail)

    def _next(self, order: Order) -> str | None:
        """The next effect to perform: ready, not tried yet, and its full time limit fits the budget."""
        left = self._executors.budget - (time.monotonic() - self._began)
        for name in ready(order.effects, datetime.now(UTC)):
            effect = order.effects[name]
            kind = kind_of(name, effect)
            executor = self._executors.by_kind.get(kind)
            fits = executor is not None and executor.seconds <= left and not (self._stuck and kind in HOOKS)
            if fits and effect.key not in self._tried:
                return name
        return None

    async def _perform(self, name: str, stored: Stored) -> Stored:
        effect = stored.order.effects[name]
        executor, key = self._executors.by_kind[kind_of(name, effect)], effect.key
        limit = asyncio.timeout(executor.seconds)
        try:
            async with limit:
                result = await executor.perform(stored.order, key)
        except PermanentError as error:
            return await self._refused(name, key, error, stored)
        except RefusedForNow as error:
            return await self._refused_for_now(name, key, error, stored)
        except Exception as error:  # noqa: BLE001 - any failure of an effect is retried
            # A thread cannot be killed: after a time-out it may still be running, so the lease is kept.
            self._stuck = self._stuck or limit.expired()
            text = f"no answer within {executor.seconds:g} s" if limit.expired() else _text(error)
            return await self._failed(name, key, text, stored)
        self.attempts[name] = Attempt(AttemptState.DONE)
        done, policy = Performed(name=name, key=key, at=datetime.now(UTC)), self._executors.policy
        return await self._write(lambda order: complete(order, done, result or _unchanged, policy), stored)

    async def _refused(self, name: str, key: str, error: PermanentError, stored: Stored) -> Stored:
        """Parks the message, then marks the effect failed: each failed effect has its message in the dead letter."""
        try:
            await self._park(error)
        except Exception as failure:  # noqa: BLE001 - after any error the message is not parked
            return await self._failed(name, key, f"not parked: {_text(failure)}", stored)
        self.attempts[name] = Attempt(AttemptState.FAILED, error.reason)
        return await self._write(lambda order: lifecycle.mark_failed(order, name, error.reason, key), stored)

    async def _refused_for_now(self, name: str, key: str, error: RefusedForNow, stored: Stored) -> Stored:
        if lifecycle.is_last_refusal(stored.order, name):
            return await self._refused(name, key, error.final, stored)
        self.attempts[name] = Attempt(AttemptState.BACKING_OFF, str(error))
        now = datetime.now(UTC)
        return await self._write(lambda order: lifecycle.back_off(order, name, str(error), now, key), stored)

    async def _failed(self, name: str, key: str, text: str, stored: Stored) -> Stored:
        self.attempts[name] = Attempt(AttemptState.RETRY, text)
        return await self._write(lambda order: lifecycle.record_failure(order, name, text, key), stored)

    async def _write(self, change: Callable[[Order], Order], known: Stored) -> Stored:
        """One fenced write: the change, and the lease, renewed while an effect remains to be done, else released."""

        def fenced(stored: Stored | None) -> Order:
            if stored is None or not lifecycle.holds_lease(stored.order, self._owner):
                raise LeaseLost("another delivery has taken over")
            order = settle(change(stored.order), self._executors.by_kind.keys())
            if self._next(order) or (self._stuck and owed(order.effects)):
                return lifecycle.renew_lease(order, self._owner, self._executors.lease)
            return lifecycle.release_lease(order)

        return await update(self._orders, known.order.id, fenced, known)


def _unchanged(order: Order) -> Order:
    return order


def _text(error: Exception) -> str:
    """The text of our own errors. Of any other error only its class and place: its text may hold personal data."""
    if isinstance(error, TransientError):
        return str(error)
    return " at ".join([type(error).__name__, *places(error)[-1:]])
