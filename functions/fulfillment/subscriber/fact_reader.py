"""Reads from Stripe what happened to an order's money. The time of each read is taken before its request."""

import contextlib
import functools
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from fulfillment.domain.after_sale import Fact
from fulfillment.domain.after_sale_events import read_fact
from fulfillment.domain.after_sale_objects import OBJECTS as SHAPES
from fulfillment.domain.checkout import Checkout
from fulfillment.domain.ids import OWN, Owner
from fulfillment.domain.invoices import InvoicePayment
from fulfillment.domain.shape import ShapeError, read
from fulfillment.errors import StripeRefused, StripeUnreadable
from fulfillment.telemetry import Line

OBJECTS: Mapping[str, str] = {shape.FIELD: kind for kind, shape in SHAPES.items()}
"""An object's type by the order's field for it."""

T = TypeVar("T")


class Stripe(Protocol):
    """The part of `StripeApi` that is needed here."""

    async def object_at(self, path: str, owner: Owner = OWN) -> Mapping[str, Any]:
        """The object at a path of the API."""
        ...

    async def refunds_of(self, payment_intent: str, owner: Owner) -> Sequence[Mapping[str, Any]]:
        """All refunds of a PaymentIntent."""
        ...

    async def disputes_of(self, payment_intent: str, owner: Owner) -> Sequence[Mapping[str, Any]]:
        """All disputes of a PaymentIntent."""
        ...

    async def invoice_payments_of(
        self, owner: Owner, *, payment_intent: str | None = None, invoice: str | None = None
    ) -> Sequence[Mapping[str, Any]]:
        """The payments of an invoice, or those that a PaymentIntent made, with their invoices expanded."""
        ...

    async def sessions_of(
        self, owner: Owner, *, payment_intent: str | None = None, subscription: str | None = None
    ) -> Sequence[Mapping[str, Any]]:
        """The Checkout Sessions of a PaymentIntent, or of a subscription."""
        ...

    @property
    def api_version(self) -> str:
        """The version of Stripe's API in which the objects are written."""
        ...


@contextlib.contextmanager
def reading_answers() -> Iterator[None]:
    """Raises StripeUnreadable where an answer has not the shape that is read."""
    try:
        yield
    except ShapeError as error:
        raise StripeUnreadable(f"Stripe's answer cannot be read: {error}") from None


class FactReader:
    """Reads objects, and turns them into facts."""

    def __init__(self, stripe: Stripe) -> None:
        self._stripe = stripe

    async def read(self, kind: str, object_id: str, owner: Owner) -> Fact:
        """One object, by its type at Stripe. Raises StripeUnavailable, or StripeRefused if Stripe does not show it."""
        facts = await self._facts(lambda: self._one(f"{SHAPES[kind].PATH}/{object_id}", owner))
        if facts[0].id != object_id:
            raise StripeUnreadable("Stripe's answer is another object: look at the proxy, or STRIPE_API_BASE")
        return facts[0]

    async def refunds_of(self, payment_intent: str, owner: Owner) -> tuple[Fact, ...]:
        """All refunds of a PaymentIntent. Raises StripeUnavailable."""
        return await self._facts(lambda: self._stripe.refunds_of(payment_intent, owner))

    async def all_of(self, sale: Checkout, line: Line) -> tuple[Fact, ...]:
        """The refunds and disputes of a sale. What the key may not see is left out, and the sale goes on: its order
        was never held for that. Raises StripeUnavailable.
        """
        payments = await self._seen(lambda: self._payments_of(sale), line)
        facts: list[Fact] = []
        for payment_intent in payments:
            for ask in (self._stripe.refunds_of, self._stripe.disputes_of):
                listed = functools.partial(ask, payment_intent, sale.owner)
                facts += await self._seen(functools.partial(self._facts, listed), line)
        return tuple(facts)

    @staticmethod
    async def _seen(ask: Callable[[], Awaitable[Sequence[T]]], line: Line) -> Sequence[T]:
        """The answer, or nothing if the key may not see it."""
        try:
            return await ask()
        except StripeRefused as refused:
            line.note(unlisted=str(refused))
            return ()

    async def _payments_of(self, sale: Checkout) -> list[str]:
        if sale.payment_intent:
            return [sale.payment_intent]
        if not sale.invoice:
            return []
        payments = await self._stripe.invoice_payments_of(sale.owner, invoice=sale.invoice)
        with reading_answers():
            seen: tuple[InvoicePayment, ...] = read(tuple[InvoicePayment, ...], list(payments))
        return [each.payment_intent for each in seen if each.payment_intent]

    async def _one(self, path: str, owner: Owner) -> Sequence[Mapping[str, Any]]:
        return [await self._stripe.object_at(path, owner)]

    async def _facts(self, ask: Callable[[], Awaitable[Sequence[Mapping[str, Any]]]]) -> tuple[Fact, ...]:
        at = datetime.now(UTC)
        answer = await ask()
        with reading_answers():
            return tuple(read_fact(each, at, datetime.now(UTC), self._stripe.api_version) for each in answer)
