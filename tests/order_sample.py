"""One card order as a shop has it, with ids as long as Stripe's: what the sizes in docs/costs.md are measured on."""

from dataclasses import replace
from typing import Any

from fulfillment.domain.effects import FULFILL, LOAD_LINE_ITEMS, SEND_RECEIPT, Effect, EffectState
from fulfillment.domain.items import read_page, with_line_items
from fulfillment.domain.order import Order
from fulfillment.domain.transitions import apply
from local.fakes.stripe_events import Json, line_item
from samples import NOW, load, parsed

EFFECTS = (LOAD_LINE_ITEMS, FULFILL, SEND_RECEIPT, "announce_paid", "announce_fulfilled")
"""Of an order that is paid at once, with everything configured."""


def card_event() -> Json:
    """`checkout.session.completed` of a card payment with shipping: the sample of the newest API version."""
    (event,) = load("synthetic/card_paid_with_shipping.2026-10-28.endive.json")
    session = event["data"]["object"]
    session |= {"id": stripe_id("cs_test", 66), "payment_intent": stripe_id("pi", 27), "locale": "en"}
    session["customer_details"]["phone"] = "+14155550123"
    event["id"] = stripe_id("evt", 28)
    return event


def fulfilled_order() -> Order:
    """The order of that event, with two line items, once everything is done."""
    items = [
        _item(1000, "Notebook, dotted, A5", id=stripe_id("li", 26) + "1"),
        _item(2000, "Fountain pen, black ink", id=stripe_id("li", 26) + "2"),
    ]
    order = apply(None, parsed(card_event())).order
    order = with_line_items(order, read_page({"data": items, "has_more": False}).items)
    done = {name: Effect(state=EffectState.DONE, key=f"{order.id}:{name}", attempts=1, done_at=NOW) for name in EFFECTS}
    return replace(order, effects=done, fulfilled_at=NOW)


def stripe_id(prefix: str, length: int) -> str:
    """An id of that length."""
    return f"{prefix}_{'A1b2C3d4E5' * 7}"[:length]


def _item(minor: int, description: str, **changes: Any) -> Json:
    item = line_item(minor, description=description, **changes)
    return item | {"price": item["price"] | {"id": stripe_id("price", 30), "product": stripe_id("prod", 19)}}
