"""One run of reconcile, page by page: compares Stripe with the orders, and publishes an event for each difference.

| read                                | published                                       |
|-------------------------------------|-------------------------------------------------|
| a complete session                  | if it has no order, or one with a lower status  |
| an order that waits for its payment | if its session, read again, claims more         |
|   or whose payment failed           |                                                 |
| an order that owes an effect and    | its session's event, or else its source event:  |
|   was not written for a long time,  |   the subscriber then performs the effect       |
|   unless all its effects back off   |                                                 |
| an order that is paid and late,     | never: it is only counted                       |
|   unless its access is revoked      |                                                 |
| a refund or a dispute               | if its order does not show it as it is, or if   |
|                                     |   it has no order and is new (once)             |

Every delivery that finds an owed effect writes the document: a lease, a failure, or that it is done. Pub/Sub redelivers
within ten minutes, so a document that was not written for half an hour has no outstanding message.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from fulfillment.domain import lifecycle
from fulfillment.domain.cursor import Cursor, Stage
from fulfillment.domain.effects import FULFILL, EffectState
from fulfillment.domain.order import Order
from fulfillment.domain.ownership import Ownership
from fulfillment.domain.settlement import is_revoked
from fulfillment.domain.source_event import source_event
from fulfillment.domain.status import Status
from fulfillment.orders.firestore import Condition
from fulfillment.orders.store import Found, Orders
from fulfillment.reconcile.after_sale_comparison import AfterSaleComparison
from fulfillment.reconcile.after_sale_lists import AfterSaleLists
from fulfillment.reconcile.after_sale_orders import DISPUTED, REFUNDED, AfterSaleOrders
from fulfillment.reconcile.after_sale_reader import AfterSaleReader
from fulfillment.reconcile.comparison import Comparison, Publish
from fulfillment.reconcile.dispute_levels import DisputeLevels
from fulfillment.reconcile.paging import Paging
from fulfillment.reconcile.rate_limited_stripe import Reader
from fulfillment.reconcile.renewals import RenewalFinder
from fulfillment.reconcile.session_reader import SessionReader
from fulfillment.reconcile.settings import ReconcileSettings
from fulfillment.reconcile.single_reads import SingleReads
from fulfillment.reconcile.stats import ReconcileStats

FEW, MANY = 20, 100  # orders of a page: with a read of Stripe for each one, or without
_WAITING = Condition(field="status", operator="==", value=Status.AWAITING_PAYMENT.value)
_UNPAID = Condition(field="status", operator="in", value=[Status.AWAITING_PAYMENT.value, Status.PAYMENT_FAILED.value])
_OWED = Condition(field="effect_states", operator="array_contains_any", value=[EffectState.OWED.value])
_PAID = Condition(field="status", operator="==", value=Status.PAID.value)


@dataclass(kw_only=True)
class Reconciler:
    """Compares, and calls `publish` with each missing event. `stats` counts the results."""

    settings: ReconcileSettings
    stripe: Reader
    orders: Orders
    publish: Publish
    stats: ReconcileStats = field(default_factory=ReconcileStats)

    def __post_init__(self) -> None:
        self._paging = Paging()
        reads = SingleReads(stats=self.stats)
        ownership = Ownership(livemode=self.settings.livemode, order_filter=self.settings.order_filter)
        self._sessions = SessionReader(stripe=self.stripe, ownership=ownership, stats=self.stats, reads=reads)
        self._compare = Comparison(
            orders=self.orders, publish=self.publish, stats=self.stats, grace_seconds=self.settings.grace_seconds
        )
        self._levels = DisputeLevels(stats=self.stats)
        compare = AfterSaleComparison(comparison=self._compare)
        reader = AfterSaleReader(stripe=self.stripe, livemode=self.settings.livemode, stats=self.stats, reads=reads)
        self._lists = AfterSaleLists(
            settings=self.settings,
            stripe=self.stripe,
            reader=reader,
            compare=compare,
            renewals=RenewalFinder(stripe=self.stripe, orders=self.orders, stats=self.stats, reads=reads),
            levels=self._levels,
            stats=self.stats,
        )
        self._after_sale = AfterSaleOrders(settings=self.settings, reader=reader, compare=compare, levels=self._levels)

    async def step(self, reached: Cursor) -> Cursor:
        """Compares the next page, and returns the cursor after it. Repeating a page does no harm. Raises TransientError
        if Stripe, the store or the topic is down.
        """
        match reached.stage:
            case Stage.LATE:
                return await self._late(reached)
            case Stage.SESSIONS:
                return await self._complete_sessions(reached)
            case Stage.WAITING:
                return await self._waiting(reached)
            case Stage.OWED:
                return await self._owed(reached)
            case Stage.DISPUTES:
                return await self._lists.disputes(reached)
            case Stage.DISPUTED_ORDERS:
                return await self._disputed_orders(reached)
            case Stage.REFUNDS:
                return await self._lists.refunds(reached)
            case Stage.REFUNDED_ORDERS:  # pragma: no branch - mypy proves that there is no other
                return await self._refunded_orders(reached)

    async def _late(self, reached: Cursor) -> Cursor:
        found = await self._find(_PAID, reached, MANY)
        for each in found.orders:
            age = each.read_at - (each.order.paid_at or each.order.updated_at)
            if age > self._patience and not _waits_for_nothing(each.order):
                self.stats.add_late(each.order.id, age)
        return _behind(reached, found)

    async def _complete_sessions(self, reached: Cursor) -> Cursor:
        if not self.settings.lists_sessions:
            return reached.next_stage()
        page = await self.stripe.sessions(reached.start, reached.before, self._paging.listed)
        self.stats.sessions += len(page.data)
        await self._compare.publish_beyond_orders(self._sessions.claims_of(page))
        return self._paging.after(page, reached)

    async def _waiting(self, reached: Cursor) -> Cursor:
        """Payments that wait longer than `max_age_days` are no longer checked."""
        found = await self._find(_UNPAID if reached.thorough else _WAITING, reached, FEW)
        oldest = timedelta(days=self.settings.max_age_days)
        orders = [each.order for each in found.orders if each.read_at - each.order.created_at <= oldest]
        self.stats.waiting += len(orders)
        events = [event for order in orders if (event := await self._sessions.claim_of(order))]
        await self._compare.publish_beyond_orders(events)
        return _behind(reached, found)

    async def _owed(self, reached: Cursor) -> Cursor:
        found = await self._find(_OWED, reached, FEW)
        self.stats.owed += len(found.orders)
        unwritten = [each for each in found.orders if each.quiet_for > self._patience]
        quiet = [each.order for each in unwritten if not lifecycle.is_backing_off(each.order, each.read_at)]
        for order in quiet:
            if not lifecycle.was_refused(order):
                self.stats.add_unattended(order.id)
        events = [await self._sessions.claim_of(order) or source_event(order) for order in quiet]
        await self._compare.publish_all(events)
        return _behind(reached, found)

    async def _disputed_orders(self, reached: Cursor) -> Cursor:
        found = await self._find(DISPUTED, reached, FEW)
        await self._after_sale.compare_all([each.order for each in found.orders], reached)
        if found.last is None:
            self._levels.report()
        return _behind(reached, found)

    async def _refunded_orders(self, reached: Cursor) -> Cursor:
        """Most of these orders are so old that nothing is read of Stripe."""
        if not reached.thorough:
            return reached.next_stage()
        found = await self._find(REFUNDED, reached, MANY)
        await self._after_sale.compare_all([each.order for each in found.orders], reached)
        return _behind(reached, found)

    @property
    def _patience(self) -> timedelta:
        return timedelta(minutes=self.settings.late_minutes)

    async def _find(self, condition: Condition, reached: Cursor, limit: int) -> Found:
        found = await self.orders.find([condition], reached.after, limit)
        self._compare.count_unreadable(found)
        return found


def _waits_for_nothing(order: Order) -> bool:
    """Whether nothing is late: the buyer was erased, and with that the owed effects; or the money left before the
    goods did, and they are held until it is back.
    """
    given_up = order.erased_at is not None and FULFILL not in order.effects
    return given_up or is_revoked(order)


def _behind(reached: Cursor, page: Found) -> Cursor:
    """The cursor after a page of orders. An empty page ends the stage."""
    return reached.up_to(page.last) if page.last else reached.next_stage()
