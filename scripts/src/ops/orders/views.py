"""An order as the commands show it: without personal data unless requested. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from fulfillment.domain.effects import Effect, EffectState
from fulfillment.domain.erasure import PERSONAL, anonymous_items
from fulfillment.domain.money import shown_decimals, to_decimal
from fulfillment.domain.order import Order
from fulfillment.domain.records import without_unknown
from fulfillment.orders.documents import to_document
from ops.terminal.times import ago

HEAD = ("ORDER", "STATUS", "AGE", "AMOUNT", "REVIEW", "NOT DONE")
HIDDEN = "hidden"


def amount(minor: int | None, currency: str | None) -> str:
    """An amount for people: 35.00 USD, 1050 JPY."""
    if minor is None or currency is None:
        return "-" if minor is None else f"{minor} (no currency)"
    exact, decimals = to_decimal(minor, currency), shown_decimals(minor, currency)
    return f"{exact:.{decimals}f} {currency.upper()}"


def not_done(order: Order) -> Mapping[str, Effect]:
    """The owed, held and failed effects, sorted by name: a document's map has no order."""
    return {name: each for name, each in sorted(order.effects.items()) if each.state is not EffectState.DONE}


def row_data(order: Order, now: datetime) -> dict[str, Any]:
    """One line of a list, for programs."""
    return {
        "id": order.id,
        "status": order.status.value,
        "created_at": order.created_at.isoformat(),
        "age_seconds": int((now - order.created_at).total_seconds()),
        "amount_total": order.amount_total,
        "currency": order.currency,
        "review": list(order.review),
        "not_done": {name: each.state.value for name, each in not_done(order).items()},
    }


def row(order: Order, now: datetime) -> tuple[str, ...]:
    """One line of a list, for people."""
    undone = ", ".join(f"{name} {each.state.value}" for name, each in not_done(order).items())
    age = ago(now - order.created_at)
    money = amount(order.amount_total, order.currency)
    return order.id, order.status.value, age, money, ", ".join(order.review), undone


def document(order: Order, *, personal: bool) -> dict[str, Any]:
    """The order's document as JSON values. Without `personal`, `hidden` names the personal fields instead."""
    order = without_unknown(order)
    full = plain(to_document(order))
    if personal:
        return {**full, HIDDEN: []}
    hidden = [name for name in PERSONAL if full[name]]
    items = order.line_items or ()
    if any(item.metadata for item in items):
        hidden.append("line_items.metadata")
        full |= plain({"line_items": to_document(replace(order, line_items=anonymous_items(items)))["line_items"]})
    return {**full, **dict.fromkeys(set(hidden) & set(PERSONAL), None), HIDDEN: hidden}


def plain(value: Any) -> Any:
    """A document's value as a JSON value."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value
