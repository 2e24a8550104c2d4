"""What a buyer is told of an order: its items and amounts, cleaned and in the buyer's notation."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from fulfillment.domain.checkout import Checkout
from fulfillment.domain.order import LineItem, Order
from fulfillment.domain.sums import amount, items_add_up, sums
from fulfillment.presentation.locales import Notation

T = TypeVar("T")
_TURNS_TEXT = re.compile("[\u202a-\u202e\u2066-\u2069]")
_BREAKS_LINE = re.compile("[\x00-\x20\x7f-\xa0\u2028\u2029]+")
_NO_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class Item:
    """A line item in words; `each` is the price of one, where the price says so and the amount is a multiple of it."""

    name: str | None
    quantity: str | None
    each: str | None
    amount: str | None
    discount: str | None


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The sums in words, those that are known and not zero; the total may be zero. They add up: `discount` is negative,
    `tax` counts unless it is `tax_included`, and `included_tax` never counts. `presented` is what the buyer paid in a
    currency of their own.
    """

    subtotal: str | None = None
    discount: str | None = None
    shipping: str | None = None
    tax: str | None = None
    tax_included: bool = False
    included_tax: str | None = None
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
    """The line items, as far as they are known; without amounts where these contradict the sums."""
    told = items_add_up(order)
    return [_item(item, item.currency or order.currency, notation, told=told) for item in order.line_items or ()]


def _item(item: LineItem, currency: str | None, notation: Notation, *, told: bool) -> Item:
    minor = amount(item) if told else None
    return Item(
        name=item.description or None,
        quantity=None if item.quantity is None else notation.number(item.quantity),
        each=_money(item.unit_amount, currency, notation) if minor and _is_multiple(minor, item) else None,
        amount=_money(minor, currency, notation),
        discount=_money(-item.amount_discount, currency, notation) if item.amount_discount else None,
    )


def _is_multiple(minor: int, item: LineItem) -> bool:
    """Whether several were bought at the price of one: not in tiers, and not in packages."""
    quantity, one = item.quantity or 0, item.unit_amount
    return quantity > 1 and one is not None and one * quantity == minor


def totals(order: Checkout, notation: Notation) -> Totals:
    """The sums, in the merchant's currency but for `presented`."""
    seen, currency = order.presentment, order.currency
    total = _money(order.amount_total, currency, notation)
    presented = _money(seen.amount, seen.currency, notation) if seen else None
    parts = sums(order)
    if parts is None:
        return Totals(total=total, presented=presented)
    told = parts.discount or parts.shipping or parts.added_tax or parts.contained_tax
    included = not parts.added_tax
    return Totals(
        subtotal=_money(parts.subtotal, currency, notation) if told else None,
        discount=_money(-parts.discount or None, currency, notation),
        shipping=_money(parts.shipping or None, currency, notation),
        tax=_money((parts.contained_tax if included else parts.added_tax) or None, currency, notation),
        tax_included=included,
        included_tax=_money(parts.contained_tax or None, currency, notation),
        total=total,
        presented=presented,
    )


def sold_at(checkout: Checkout) -> datetime | None:
    """When it was sold, as far as that is known."""
    return checkout.sold_at if isinstance(checkout, Order) else checkout.session_created_at


def _money(minor: int | None, currency: str | None, notation: Notation) -> str | None:
    return None if minor is None or currency is None else notation.money(minor, currency)
