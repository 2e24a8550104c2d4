"""What an order owes is done to the world, one effect after the other, each struck off when it is done.

The holder of the lease performs; everyone else writes what its event changes and comes back. A strike-off is
a compare-and-set: it is fenced by the lease's owner, renews the lease, and the one that leaves nothing to do
gives the lease back. What others add meanwhile makes it fail, is read, and is performed too.

    state + debt + lease written ─> perform(key) ─> struck off ─> … ─> nothing owed: acknowledge
            │                          │               │
            │ crash here, or           │ the world may see the effect again, with the same key
            └ a lost reply: the redelivery finds the debt in the document
"""

import asyncio
import math
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePath

from fulfillment.domain import debt
from fulfillment.domain.effects import EffectState, keep_configured, owed, ready
from fulfillment.domain.order import Order
from fulfillment.errors import LeaseLost, PermanentError, RefusedForNow, TransientError
from fulfillment.orders.store import Orders, Stored, update

Result = Callable[[Order], Order] | None
Park = Callable[[PermanentError], Awaitable[None]]
SLACK_SECONDS = 30  # of a lease beyond its longest effect: for the write that strikes it off, and its retries


@dataclass(frozen=True)
class Performer:
    """Does one effect. `seconds` is the limit of one call; what it returns changes the order, if anything.

    Raises PermanentError where trying again cannot help; anything else is tried again, with the same key.
    """

    seconds: float
    perform: Callable[[Order, str], Awaitable[Result]]


@dataclass(frozen=True)
class Performers:
    """All that can be performed here, by the effect's name. `budget`: seconds of one delivery for all of it.
    `reconciled`: reconcile brings back what rests, so that no message has to wait for it.
    """

    by_name: Mapping[str, Performer]
    budget: float = 540
    hold_on_review: bool = False
    reconciled: bool = False

    @property
    def lease(self) -> int:
        """Seconds that a lease lives: the longest effect and its strike-off must fit in."""
        return math.ceil(max((each.seconds for each in self.by_name.values()), default=0)) + SLACK_SECONDS


class Holder:
    """One delivery's hold on an order, from taking the lease until it is given back or lost."""

    def __init__(self, orders: Orders, performers: Performers, park: Park, owner: str) -> None:
        self._orders, self._performers, self._park, self._owner = orders, performers, park, owner
        self._began = time.monotonic()
        self.stored: Stored
        self._tried: set[str] = set()
        self._stuck = False
        self.log: dict[str, str] = {}

    @property
    def order(self) -> Order:
        """The order as this delivery last read or wrote it."""
        return self.stored.order

    async def pay(self) -> None:
        """Performs what is owed, each effect once at most. Afterwards look at what the order still owes.

        Raises LeaseLost if another delivery has taken over, and what the store raises.
        """
        self._note_resting()
        while debt.is_held_by(self.order, self._owner):
            if name := self._next(self.order):
                self._tried.add(name)
                await self._pay(name)
            elif self._stuck and owed(self.order.effects):
                return
            else:  # the time ran out meanwhile: nothing is begun any more, and the write gives the lease back
                await self._write(lambda order: order)

    def _note_resting(self) -> None:
        """What is not tried by this delivery has its reason in the log all the same."""
        now = datetime.now(UTC)
        for name in owed(self.order.effects):
            effect = self.order.effects[name]
            if effect.not_before and effect.not_before > now:
                self.log[name] = f"to be tried again from {effect.not_before:%Y-%m-%d %H:%M} UTC on: {effect.error}"

    def _next(self, order: Order) -> str | None:
        """What to do now: owed, waiting for nothing, not tried yet, and with its full time limit left."""
        left = self._performers.budget - (time.monotonic() - self._began)
        for name in ready(order.effects, datetime.now(UTC)):
            performer = self._performers.by_name.get(name)
            if performer and name not in self._tried and performer.seconds <= left:
                return name
        return None

    async def _pay(self, name: str) -> None:
        key = self.order.effects[name].key
        performer = self._performers.by_name[name]
        limit = asyncio.timeout(performer.seconds)
        try:
            async with limit:
                result = await performer.perform(self.order, key)
        except PermanentError as error:
            await self._refused(name, error)
        except RefusedForNow as error:
            await self._refused_for_now(name, error)
        except Exception as error:  # noqa: BLE001 - the world may fail in any way: it is tried again
            # A thread cannot be killed: after a time-out it may still be at it, so the lease is kept.
            self._stuck = self._stuck or limit.expired()
            text = f"no answer within {performer.seconds:g} s" if limit.expired() else _text(error)
            await self._failed(name, text)
        else:
            self.log[name] = EffectState.DONE.value
            await self._write(self._done(name, result or _nothing))

    def _done(self, name: str, result: Callable[[Order], Order]) -> Callable[[Order], Order]:
        """What the effect's success makes of the order; new doubts hold the rest back where that is wished."""
        now = datetime.now(UTC)

        def change(order: Order) -> Order:
            after = debt.strike_off(result(order), name, now)
            # What the new status owes and nobody here can do; what was owed before is not ours to drop.
            known = self._performers.by_name.keys() | order.effects.keys()
            after = replace(after, effects=keep_configured(after.effects, known))
            doubtful = self._performers.hold_on_review and debt.raises_doubt(order, after)
            return debt.hold(after) if doubtful else after

        return change

    async def _refused(self, name: str, error: PermanentError) -> None:
        """Parked first: an effect that has failed for good must have its message in the dead letter."""
        try:
            await self._park(error)
        except Exception as failure:  # noqa: BLE001 - whatever it was, the message is not parked
            await self._failed(name, f"not parked: {_text(failure)}")
            return
        self.log[name] = f"failed: {error.reason}"
        await self._write(lambda order: debt.give_up(order, name, error.reason))

    async def _refused_for_now(self, name: str, error: RefusedForNow) -> None:
        if debt.is_worn_out(self.order, name):
            await self._refused(name, error.final)
            return
        self.log[name] = f"to be tried again, more seldom: {error}"
        now = datetime.now(UTC)
        await self._write(lambda order: debt.rest(order, name, str(error), now))

    async def _failed(self, name: str, text: str) -> None:
        self.log[name] = f"to be tried again: {text}"
        await self._write(lambda order: debt.note_failure(order, name, text))

    async def _write(self, change: Callable[[Order], Order]) -> None:
        """One fenced write: the change, and the lease renewed while there is something to do, else given back."""

        def fenced(stored: Stored | None) -> Order:
            if stored is None or not debt.is_held_by(stored.order, self._owner):
                raise LeaseLost("another delivery has taken over")
            order = change(stored.order)
            if self._next(order) or (self._stuck and owed(order.effects)):
                return debt.renew(order, self._owner, self._performers.lease)
            return debt.give_back(order)

        self.stored = await update(self._orders, self.order.id, fenced, self.stored)


def _nothing(order: Order) -> Order:
    return order


def _text(error: Exception) -> str:
    """An error of ours in its words, any other by its name and place: nobody knows what its text holds."""
    if isinstance(error, TransientError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {PurePath(frames[-1].filename).name}:{frames[-1].lineno} {frames[-1].name}" if frames else ""
    return f"{type(error).__name__}{place}"
