"""Stripe's sessions, and what happens after the sale, in memory; and the order that each message of it changes."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from fulfillment.domain.after_sale import Fact
from fulfillment.domain.after_sale_events import parse_after_sale
from fulfillment.domain.event_types import AFTER_SALE, entry_point_of
from fulfillment.domain.facts import with_facts
from fulfillment.domain.order import Order
from fulfillment.errors import StripeRefused
from fulfillment.orders.firestore import Condition
from fulfillment.orders.store import Orders, Stored, update
from fulfillment.stripe_api import PAGE
from fulfillment.topic.message import parse_push
from local.fakes.memory_stripe import MemoryStripe
from local.fakes.stripe_events import Json

PATHS = {"refund": "/v1/refunds", "dispute": "/v1/disputes"}
INVOICE_PAYMENTS = "/v1/invoice_payments"


class MoneyStripe(MemoryStripe):
    """`forbidden`: the paths of lists that the key may not read."""

    def __init__(self, page: int = PAGE) -> None:
        super().__init__(page)
        self.forbidden: set[str] = set()

    def put(self, *objects: Json) -> None:
        """Makes Stripe know refunds and disputes."""
        self.others |= {f"{PATHS[each['object']]}/{each['id']}": each for each in objects}

    def change(self, object_id: str, **changes: Any) -> None:
        """Changes a refund or a dispute."""
        (known,) = [each for each in self.others.values() if each["id"] == object_id]
        known |= changes

    def put_renewal(self, payment_intent: str, subscription: str) -> None:
        """Makes Stripe know the payment of a subscription's invoice."""
        parent = {"type": "subscription_details", "subscription_details": {"subscription": subscription}}
        self.others[f"{INVOICE_PAYMENTS}/inpay_{payment_intent}"] = {
            "id": f"inpay_{payment_intent}",
            "object": "invoice_payment",
            "created": ago(timedelta(hours=1)),
            "invoice": {"id": f"in_{payment_intent}", "object": "invoice", "parent": parent},
            "payment": {"type": "payment_intent", "payment_intent": payment_intent},
        }

    async def _answer(self, read: str | None) -> None:
        await super()._answer(read)
        if read in self.forbidden:
            raise StripeRefused(f"Stripe answered 403: the key lacks a permission to read {read}")


def ago(age: timedelta) -> int:
    """The epoch second that long ago."""
    return int((datetime.now(UTC) - age).timestamp())


def refund(refund_id: str, intent: str, *, age: timedelta = timedelta(hours=1), **changes: Any) -> Json:
    """A refund of 35.00 USD that has succeeded, with `changes`."""
    return {
        "id": refund_id,
        "object": "refund",
        "amount": 3500,
        "currency": "usd",
        "created": ago(age),
        "payment_intent": intent,
        "status": "succeeded",
    } | changes


def dispute(dispute_id: str, intent: str, *, age: timedelta = timedelta(hours=1), **changes: Any) -> Json:
    """A dispute of 35.00 USD that needs a response within a week, with `changes`."""
    evidence = {"due_by": ago(timedelta(days=-7)), "has_evidence": False, "submission_count": 0}
    return {
        "id": dispute_id,
        "object": "dispute",
        "amount": 3500,
        "currency": "usd",
        "created": ago(age),
        "evidence_details": evidence,
        "livemode": False,
        "payment_intent": intent,
        "status": "needs_response",
    } | changes


def due_in(left: timedelta, **changes: Any) -> Json:
    """The details of evidence that is due then, with `changes`."""
    return {"due_by": ago(-left), "has_evidence": False, "submission_count": 0} | changes


@dataclass
class MoneyBook:
    """Takes the messages of refunds and disputes into the orders, as the subscribers do. `strangers`: the ids of those
    that have no order. `invoiced`: the order's id by the PaymentIntent of an invoice. A later read is newer, also in
    the same second.
    """

    orders: Orders
    strangers: list[str] = field(default_factory=list)
    invoiced: dict[str, str] = field(default_factory=dict)
    reads: int = 0
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def push(self, body: bytes) -> int:
        """The answer to a push."""
        message = parse_push(body)
        if entry_point_of(message.attributes["event_type"]) not in AFTER_SALE:
            return 204
        told = parse_after_sale(message.data, datetime.now(UTC))
        assert told.facts
        for fact in told.facts:
            assert fact.told.read
            self.reads += 1
            read = replace(fact.told.read, at=self.began + timedelta(seconds=self.reads))
            await self._take(replace(fact, told=replace(fact.told, read=read)))
        return 204

    async def _take(self, fact: Fact) -> None:
        found = await self._order_of(fact)
        if not found:
            self.strangers.append(fact.id)
            return

        def change(stored: Stored | None) -> Order:
            assert stored
            return with_fact(stored.order, fact)

        await update(self.orders, found.order.id, change, found)

    async def _order_of(self, fact: Fact) -> Stored | None:
        if fact.payment_intent in self.invoiced:
            return await self.orders.get(self.invoiced[fact.payment_intent])
        condition = Condition(field="payment_intent", operator="==", value=fact.payment_intent)
        return next(iter((await self.orders.find([condition], None, 1)).orders), None)


def with_fact(order: Order, fact: Fact) -> Order:
    """The order after the fact. What its renewals have stays theirs."""
    is_renewal = order.renewals is not None and fact.id in getattr(order.renewals, fact.field)
    return with_facts(order, (replace(fact, renewal=is_renewal),), frozenset())
