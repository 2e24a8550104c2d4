"""An order as the commands show it: without personal data unless requested. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from fulfillment.domain.effects import Effect, EffectState, kind_of
from fulfillment.domain.erasure import PERSONAL, anonymous_items
from fulfillment.domain.order import Order
from fulfillment.domain.records import without_unknown
from fulfillment.orders.documents import to_document
from ops.orders.after_sale import due
from ops.terminal.amounts import amount
from ops.terminal.times import ago, clock

HEAD = ("ORDER", "STATUS", "MONEY", "AGE", "AMOUNT", "ANSWER BY (UTC)", "REVIEW", "NOT DONE")
HIDDEN = "hidden"


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
        "money_status": order.money.status.value,
        "answer_by": answer_by.isoformat() if (answer_by := due(order)) else None,
        "review": list(order.review),
        "not_done": {name: each.state.value for name, each in not_done(order).items()},
    }


def row(order: Order, now: datetime) -> tuple[str, ...]:
    """One line of a list, for people."""
    undone = dict.fromkeys(f"{kind_of(name, each)} {state(each)}" for name, each in not_done(order).items())
    sold = (ago(now - order.created_at), amount(order.amount_total, order.currency))
    open_ends = (clock(due(order)), ", ".join(order.review), ", ".join(undone))
    return order.id, order.status.value, order.money.status.value, *sold, *open_ends


def state(effect: Effect) -> str:
    """The state of an effect, and why it is held: `held by money`."""
    return f"{effect.state.value} by {' and '.join(effect.reasons)}" if effect.reasons else effect.state.value


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
