"""What a buyer is told of an order: its items and amounts, cleaned and in the buyer's notation."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from fulfillment.domain.checkout import Checkout
from fulfillment.domain.order import LineItem, Order
from fulfillment.locales import Notation

T = TypeVar("T")
_TURNS_TEXT = re.compile("[\u202a-\u202e\u2066-\u2069]")
_BREAKS_LINE = re.compile("[\x00-\x20\x7f-\xa0\u2028\u2029]+")
_NO_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class Item:
    """A line item in words; `each` is the price of one, where that comes out even."""

    name: str | None
    quantity: str | None
    each: str | None
    amount: str | None
    discount: str | None


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The sums in words, those that are known and not zero; the total may be zero. `discount` is negative,
    `presented` is what the buyer paid in a currency of their own.
    """

    subtotal: str | None
    discount: str | None
    shipping: str | None
    tax: str | None
    tax_included: bool
    total: str | None
    presented: str | None


def clean(value: T) -> T:
    """The value, with each text in it made harmless: one line, no control characters, nothing that turns
    the direction of what follows, no half characters.
    """
    cleaned: Any = value
    if isinstance(value, str) and not isinstance(value, Enum):
        whole = _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", _TURNS_TEXT.sub("", value))
        cleaned = _BREAKS_LINE.sub(" ", whole).strip()
    elif is_dataclass(value) and not isinstance(value, type):
        cleaned = replace(value, **{each.name: clean(getattr(value, each.name)) for each in fields(value)})
    elif isinstance(value, Mapping):
        cleaned = {clean(key): clean(item) for key, item in value.items()}
    elif isinstance(value, list | tuple):
        cleaned = type(value)(map(clean, value))
    return cleaned  # type: ignore[no-any-return]


def items(order: Order, notation: Notation) -> list[Item]:
    """The line items, as far as they are known."""
    return [_item(item, item.currency or order.currency, notation) for item in order.line_items or ()]


def _item(item: LineItem, currency: str | None, notation: Notation) -> Item:
    minor, quantity = item.amount_subtotal, item.quantity
    if minor is None:
        minor = item.amount_total
    even = minor is not None and quantity is not None and quantity > 1 and minor % quantity == 0
    return Item(
        name=item.description or None,
        quantity=None if quantity is None else notation.number(quantity),
        each=_money(minor // quantity, currency, notation) if even and minor and quantity else None,
        amount=_money(minor, currency, notation),
        discount=_money(-item.amount_discount, currency, notation) if item.amount_discount else None,
    )


def totals(order: Checkout, notation: Notation) -> Totals:
    """The sums, in the merchant's currency but for `presented`."""
    parts = (order.amount_subtotal, -(order.amount_discount or 0), order.amount_shipping, order.amount_tax)
    subtotal, discount, shipping, tax = (_money(part or None, order.currency, notation) for part in parts)
    seen = order.presentment
    return Totals(
        subtotal=subtotal if discount or shipping or tax else None,
        discount=discount,
        shipping=shipping,
        tax=tax,
        tax_included=sum(part or 0 for part in parts[:3]) == order.amount_total,
        total=_money(order.amount_total, order.currency, notation),
        presented=_money(seen.amount, seen.currency, notation) if seen else None,
    )


def _money(minor: int | None, currency: str | None, notation: Notation) -> str | None:
    return None if minor is None or currency is None else notation.money(minor, currency)
