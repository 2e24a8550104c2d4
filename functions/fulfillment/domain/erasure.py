"""Erases the personal data of an order permanently, and keeps the accounting data.

Kept: the payment's ids, amounts, what was bought and when, the history, and what happened to the money. Erased: the
buyer's data, and all fields with free text of the shop or the buyer. `access_changed` goes on: a shop stores the
order's id with what it grants.
"""

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from fulfillment.domain.checkout import Checkout
from fulfillment.domain.effects import (
    FULFILL,
    MONEY,
    NOTIFY_PAYMENT_FAILED,
    NOTIFY_REFUND,
    PAYMENT_FAILED,
    SEND_RECEIPT,
    Effect,
    Effects,
    EffectState,
    kind_of,
)
from fulfillment.domain.evidence import is_open
from fulfillment.domain.order import LineItem, Order
from fulfillment.domain.status import Status

PERSONAL = ("customer", "shipping", "custom_fields", "metadata", "client_reference_id")
_MAILS = frozenset({SEND_RECEIPT, NOTIFY_PAYMENT_FAILED, NOTIFY_REFUND})
_NEED_THE_BUYER = _MAILS | {FULFILL, PAYMENT_FAILED}
T = TypeVar("T", bound=Checkout)


def unsettled(order: Order) -> str | None:
    """Why the buyer's data is still needed; None if it is not. What only the money holds is settled: it is owed again
    only if access is granted again. A dispute may need the data as evidence.
    """
    if order.status is Status.AWAITING_PAYMENT:
        return "the payment is still awaited"
    if _is_disputed(order):
        return "a dispute is open"
    unfinished = [name for name, each in order.effects.items() if _is_unfinished(name, each)]
    return f"not done yet: {', '.join(sorted(unfinished))}" if unfinished else None


def _is_disputed(order: Order) -> bool:
    renewals = order.renewals.disputes.values() if order.renewals else ()
    return any(is_open(each) for each in (*order.disputes.values(), *renewals))


def _is_unfinished(name: str, effect: Effect) -> bool:
    needed = kind_of(name, effect) in _NEED_THE_BUYER and effect.state is not EffectState.DONE
    return needed and effect.reasons != (MONEY,)


def erase(order: Order, at: datetime, keep: Collection[str] = ()) -> Order:
    """The order without its buyer's data; later events do not bring it back. `keep` are the metadata keys that are not
    personal. Unfinished effects that need the buyer are dropped. Erasing again changes nothing.
    """
    effects = _without(order.effects, _NEED_THE_BUYER)
    items = order.line_items and anonymous_items(order.line_items, frozenset(keep))
    books = replace(anonymous(order, frozenset(keep)), line_items=items)
    erased = replace(books, effects=effects, erased_at=order.erased_at or at)
    return order if erased == order else replace(erased, updated_at=at)


def anonymous(checkout: T, keep: AbstractSet[str]) -> T:
    """A checkout without its buyer's data, and with only those keys of its metadata."""
    kept = _kept(checkout.metadata, keep)
    return replace(checkout, customer=None, shipping=None, custom_fields=(), client_reference_id=None, metadata=kept)


def anonymous_items(items: Iterable[LineItem], keep: AbstractSet[str] = frozenset()) -> tuple[LineItem, ...]:
    """The line items with only those keys of their metadata, and without fields that only a newer version knows."""
    return tuple(replace(item, metadata=_kept(item.metadata, keep), unknown={}) for item in items)


def _kept(metadata: Mapping[str, Any], keep: AbstractSet[str]) -> dict[str, Any]:
    return {key: text for key, text in metadata.items() if key in keep}


def without_mails(effects: Effects) -> Effects:
    """The effects of an erased order: it has no address to send mails to."""
    return _without(effects, _MAILS)


def _without(effects: Effects, kinds: AbstractSet[str]) -> Effects:
    """The effects without the unfinished ones of these kinds."""
    return {
        name: each
        for name, each in effects.items()
        if each.state is EffectState.DONE or kind_of(name, each) not in kinds
    }
