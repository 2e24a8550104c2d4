"""Orders, and the events that make them. Sessions and events as Stripe writes them: `local.fakes.stripe_events`."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from fulfillment.domain.checkout import Address, Customer, Shipping
from fulfillment.domain.effects import FULFILL, LOAD_LINE_ITEMS, SEND_RECEIPT, Effect, EffectState
from fulfillment.domain.events import CheckoutEvent, parse
from fulfillment.domain.ids import Currency, SessionId
from fulfillment.domain.items import read_page, with_line_items
from fulfillment.domain.order import LineItem, Order, Seen
from fulfillment.domain.status import Status
from fulfillment.domain.transitions import apply
from local.fakes.stripe_events import COMPLETED, Json, body, event, line_item, session
from support.samples import load

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOME = Address(line1="354 Oyster Point Blvd", city="South San Francisco", state="CA", postal_code="94080", country="US")
EFFECTS = (LOAD_LINE_ITEMS, FULFILL, SEND_RECEIPT, "announce_paid", "announce_fulfilled")
"""Of an order that is paid at once, with everything configured."""


def parsed(of: Json, at: datetime = NOW) -> CheckoutEvent:
    """The event after its way over the wire."""
    return parse(body(of), at)


def order_of(*said: Json, before: Order | None = None) -> Order:
    """The order after those events, the first of which makes it where there is none before."""
    order = before
    for each in said:
        order = apply(order, parsed(each)).order
    assert order
    return order


def paid_order(order_id: str | None = None, **changes: Any) -> Order:
    """An order that was just paid, and owes everything; of a session with what is changed about it."""
    return order_of(event(COMPLETED, session(order_id or f"cs_test_{uuid.uuid4().hex}", **changes)))


def order(claim: Status = Status.PAID, **changes: Any) -> Order:
    """Two notebooks and a pen for 76.93 USD, and what is changed about it."""
    seen = Seen(type="checkout.session.completed", claim=claim, created=NOW, received_at=NOW)
    fields: dict[str, Any] = {
        "id": SessionId("cs_test_a1"),
        "payment_status": "paid",
        "mode": "payment",
        "livemode": False,
        "amount_subtotal": 7400,
        "amount_discount": 740,
        "amount_shipping": 500,
        "amount_tax": 533,
        "amount_total": 7693,
        "currency": Currency("usd"),
        "locale": "en",
        "customer": Customer(email="jenny@example.com", name="Jenny Rosen", address=HOME),
        "shipping": Shipping(name="Jenny Rosen", address=HOME),
        "line_items": (item("Notebook", 3000, quantity=2, unit_amount=1500), item("Fountain pen", 4400)),
        "events": {"evt_1": seen},
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Order(**(fields | changes))


def item(
    name: str | None, minor: int, currency: str = "usd", quantity: int | None = 1, unit_amount: int | None = None
) -> LineItem:
    """A line item of that name and amount."""
    money: dict[str, Any] = {"amount_subtotal": minor, "unit_amount": unit_amount, "currency": Currency(currency)}
    return LineItem(id="li_1", description=name, quantity=quantity, **money)


def bought(*items: LineItem, **changes: Any) -> Order:
    """An order of those items alone, without discount, shipping and tax."""
    subtotal = sum(each.amount_subtotal or 0 for each in items)
    nothing = dict.fromkeys(("amount_discount", "amount_shipping", "amount_tax"), 0)
    sums: dict[str, Any] = {**nothing, "amount_subtotal": subtotal, "amount_total": subtotal, **changes}
    return order(line_items=items, currency=items[0].currency, **sums)


def sent_to(email: str | None, **changes: Any) -> Order:
    """An order of a buyer with that address."""
    return order(customer=Customer(email=email), **changes)


def card_event() -> Json:
    """`checkout.session.completed` of a card payment with shipping: the sample of the newest API version."""
    (said,) = load("synthetic/card_paid_with_shipping.2026-10-28.endive.json")
    sold = said["data"]["object"]
    sold |= {"id": stripe_id("cs_test", 66), "payment_intent": stripe_id("pi", 27), "locale": "en"}
    sold["customer_details"]["phone"] = "+14155550123"
    said["id"] = stripe_id("evt", 28)
    return said


def fulfilled_order() -> Order:
    """The order of that event, with two line items, once everything is done."""
    items = [
        _card_item(1000, "Notebook, dotted, A5", id=stripe_id("li", 26) + "1"),
        _card_item(2000, "Fountain pen, black ink", id=stripe_id("li", 26) + "2"),
    ]
    order = order_of(card_event())
    order = with_line_items(order, read_page({"data": items, "has_more": False}).items)
    done = {name: Effect(state=EffectState.DONE, key=f"{order.id}:{name}", attempts=1, done_at=NOW) for name in EFFECTS}
    return replace(order, effects=done, fulfilled_at=NOW)


def stripe_id(prefix: str, length: int) -> str:
    """An id of that length."""
    return f"{prefix}_{'A1b2C3d4E5' * 7}"[:length]


def _card_item(minor: int, description: str, **changes: Any) -> Json:
    item = line_item(minor, description=description, **changes)
    return item | {"price": item["price"] | {"id": stripe_id("price", 30), "product": stripe_id("prod", 19)}}


def checkout_of(of: Json) -> Any:
    """The checkout of a paid event with that session."""
    return parsed(event(COMPLETED, of)).checkout
