"""One run of reconcile, page by page: Stripe and the orders are compared, and what is not as Stripe says is published.

| read                                | published                                       |
|-------------------------------------|-------------------------------------------------|
| a complete session                  | if there is no order, or one that claims less   |
| an order that waits for its money,  | if its session, read again, claims more         |
|   or whose payment failed           |                                                 |
| an order that owes an effect, and   | its session, or else the order's own event      |
|   that nobody has written for long, |   again: the subscriber that gets it pays       |
|   unless all of that still rests    |                                                 |
| an order that is paid and late      | never: it is counted                            |

Every delivery that finds a debt writes the document: a lease, a failure or a strike-off. Pub/Sub waits ten minutes at
most, so a document that nobody has written for half an hour has no message on its way.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fulfillment.domain import lifecycle
from fulfillment.domain.effects import FULFILL, EffectState
from fulfillment.domain.events import parse
from fulfillment.domain.findings import Finding, claims_more, finding
from fulfillment.domain.ids import OWN, Owner
from fulfillment.domain.order import Order
from fulfillment.domain.retelling import retelling
from fulfillment.domain.rounds import Round, Stage
from fulfillment.domain.shape import ShapeError
from fulfillment.domain.status import Status
from fulfillment.errors import MalformedEvent, StripeRefused, StripeUnavailable
from fulfillment.orders.firestore import Condition
from fulfillment.orders.store import Found, Orders
from fulfillment.reconcile.pacer import Reader
from fulfillment.reconcile.settings import ReconcileSettings
from fulfillment.reconcile.tally import Tally

FEW, MANY = 20, 100  # orders of a page: each with a read of Stripe's, or without
IN_A_ROW = 3  # sessions that fail: then it is Stripe
_WAITING = Condition(field="status", operator="==", value=Status.AWAITING_PAYMENT.value)
_UNPAID = Condition(field="status", operator="in", value=[Status.AWAITING_PAYMENT.value, Status.PAYMENT_FAILED.value])
_OWED = Condition(field="effect_states", operator="array_contains_any", value=[EffectState.OWED.value])
_PAID = Condition(field="status", operator="==", value=Status.PAID.value)


Publish = Callable[[Finding], Awaitable[object]]


@dataclass(kw_only=True)
class Sweep:
    """Compares, and calls `publish` with what must be told; `tally` says what was seen."""

    settings: ReconcileSettings
    stripe: Reader
    orders: Orders
    publish: Publish
    tally: Tally = field(default_factory=Tally)
    _cursor: str | None = None
    _sure: bool = False
    _failures: int = 0

    async def step(self, reached: Round) -> Round:
        """One page further; a page that is compared again does no harm. Raises TransientError where Stripe, the store
        or the topic is down.
        """
        match reached.stage:
            case Stage.LATE:
                return await self._late(reached)
            case Stage.SESSIONS:
                return await self._sessions(reached)
            case Stage.WAITING:
                return await self._waiting(reached)
            case Stage.OWED:  # pragma: no branch - mypy proves that there is no other
                return await self._owed(reached)

    async def _late(self, reached: Round) -> Round:
        found = await self._find(_PAID, reached, MANY)
        for each in found.orders:
            age = each.read_at - (each.order.paid_at or each.order.updated_at)
            if age > self._patience and not _given_up(each.order):
                self.tally.be_late(each.order.id, age)
        return _behind(reached, found)

    async def _sessions(self, reached: Round) -> Round:
        if not self.settings.lists_sessions:
            return reached.next_stage()
        page = await self.stripe.sessions(reached.start, reached.before, self._cursor)
        self.tally.sessions += len(page.data)
        await self._tell([seen for each in page.data if (seen := self._seen(each, OWN))])
        if not page.has_more:
            return reached.next_stage()
        self._cursor = str(page.data[-1]["id"])
        return reached.down_to(int(page.data[-1]["created"]))

    async def _waiting(self, reached: Round) -> Round:
        """A payment that takes longer than any does is not asked for any more."""
        found = await self._find(_UNPAID if reached.thorough else _WAITING, reached, FEW)
        oldest = timedelta(days=self.settings.max_age_days)
        orders = [each.order for each in found.orders if each.read_at - each.order.created_at <= oldest]
        self.tally.waiting += len(orders)
        await self._tell([seen for order in orders if (seen := await self._read(order))])
        return _behind(reached, found)

    async def _owed(self, reached: Round) -> Round:
        found = await self._find(_OWED, reached, FEW)
        self.tally.owed += len(found.orders)
        left = [each for each in found.orders if each.quiet_for > self._patience]
        quiet = [each.order for each in left if not lifecycle.is_backing_off(each.order, each.read_at)]
        for order in quiet:
            if not lifecycle.was_refused(order):
                self.tally.leave_alone(order.id)
        await self._publish([await self._read(order) or retelling(order) for order in quiet])
        return _behind(reached, found)

    @property
    def _patience(self) -> timedelta:
        return timedelta(minutes=self.settings.late_minutes)

    async def _find(self, condition: Condition, reached: Round, limit: int) -> Found:
        found = await self.orders.find([condition], reached.after, limit)
        self._count_unreadable(found)
        return found

    async def _read(self, order: Order) -> Finding | None:
        """What the order's session claims now. One that fails does not keep the others waiting; several in a row do."""
        try:
            session = await self.stripe.session(order.id, order.owner)
        except StripeUnavailable as error:
            self._failures += not isinstance(error, StripeRefused)
            if self._failures >= IN_A_ROW:
                raise
            session = None
        else:
            self._failures = 0
        if session is None:
            self.tally.be_refused(order.id)
            return None
        return self._seen(session, order.owner)

    def _seen(self, session: Mapping[str, Any], owner: Owner) -> Finding | None:
        """What a session claims; None if nothing, or if it is not ours. What its subscriber would park is counted."""
        try:
            seen = finding(session, owner=owner, api_version=self.stripe.api_version, at=datetime.now(UTC))
            return seen if seen and self._is_ours(seen) else None
        except (ShapeError, MalformedEvent):
            self.tally.fail_to_read(str(session.get("id")))
            return None

    def _is_ours(self, seen: Finding) -> bool:
        checkout, wanted = parse(seen.body, datetime.now(UTC)).checkout, self.settings.order_filter
        return checkout.livemode is self.settings.livemode and (wanted is None or wanted.matches(checkout))

    async def _tell(self, seen: Sequence[Finding]) -> None:
        """Publishes what claims more than its order. Until it is sure that events get lost, what seems to be missing is
        looked for twice: its event may be on its way.
        """
        orders = await self._orders_of(seen)
        self._count_unreadable(orders)
        more = _more(seen, orders)
        if more and not self._sure:
            await asyncio.sleep(self.settings.grace_seconds)
            orders = await self._orders_of(more)
            more = _more(more, orders)
            self._sure = bool(more)
        known = {each.order.id for each in orders.orders}
        for each in more:
            if each.session_id in known:
                self.tally.fall_behind(each.session_id)
            else:
                self.tally.miss(each.session_id, each.age(datetime.now(UTC)))
        await self._publish(more)

    async def _orders_of(self, seen: Sequence[Finding]) -> Found:
        return await self.orders.get_all([each.session_id for each in seen]) if seen else Found(orders=())

    async def _publish(self, seen: Sequence[Finding]) -> None:
        """All at once; each is waited for, also after one has failed."""
        for result in await asyncio.gather(*(self.publish(each) for each in seen), return_exceptions=True):
            if isinstance(result, BaseException):
                raise result
            self.tally.published += 1

    def _count_unreadable(self, found: Found) -> None:
        for order_id in found.unreadable:
            self.tally.fail_to_read(order_id)


def _more(seen: Sequence[Finding], orders: Found) -> list[Finding]:
    """What claims more than its order. Of an order that cannot be read nobody knows: its subscriber would park it."""
    status = {each.order.id: each.order.status for each in orders.orders}
    readable = [each for each in seen if each.session_id not in orders.unreadable]
    return [each for each in readable if claims_more(each, status.get(each.session_id))]


def _given_up(order: Order) -> bool:
    """Whether a person has erased the buyer of an order that was not fulfilled, and with that what it owed."""
    return order.erased_at is not None and FULFILL not in order.effects


def _behind(reached: Round, page: Found) -> Round:
    """The round after a page of orders; the one after the last is empty."""
    return reached.up_to(page.last) if page.last else reached.next_stage()
