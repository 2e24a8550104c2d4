"""An order's items and amounts for the buyer: cleaned, and in the buyer's notation."""

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
    """A line item as texts. `each` is the price of one, if the price has one and the amount is a multiple of it."""

    name: str | None
    quantity: str | None
    each: str | None
    amount: str | None
    discount: str | None


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The sums as texts. Unknown and zero sums are None; the total may be zero. They add up: `discount` is negative,
    `tax` counts unless `tax_included` is true, and `included_tax` never counts. `presented` is the amount in the
    buyer's own currency.
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
    """The value with all its texts cleaned: one line, no control characters, no characters that change the direction of
    text, no lone surrogates.
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
    """The known line items, without amounts if those contradict the sums."""
    shown = items_add_up(order)
    return [_item(item, item.currency or order.currency, notation, shown=shown) for item in order.line_items or ()]


def _item(item: LineItem, currency: str | None, notation: Notation, *, shown: bool) -> Item:
    minor = amount(item) if shown else None
    return Item(
        name=item.description or None,
        quantity=None if item.quantity is None else notation.number(item.quantity),
        each=money(item.unit_amount, currency, notation) if minor and _is_multiple(minor, item) else None,
        amount=money(minor, currency, notation),
        discount=money(-item.amount_discount, currency, notation) if item.amount_discount else None,
    )


def _is_multiple(minor: int, item: LineItem) -> bool:
    """Whether the amount is the quantity times the unit price: not so for tiers and packages."""
    quantity, one = item.quantity or 0, item.unit_amount
    return quantity > 1 and one is not None and one * quantity == minor


def totals(order: Checkout, notation: Notation) -> Totals:
    """The sums in the merchant's currency, except `presented`."""
    presentment, currency = order.presentment, order.currency
    total = money(order.amount_total, currency, notation)
    presented = money(presentment.amount, presentment.currency, notation) if presentment else None
    parts = sums(order)
    if parts is None:
        return Totals(total=total, presented=presented)
    has_parts = parts.discount or parts.shipping or parts.added_tax or parts.contained_tax
    included = not parts.added_tax
    return Totals(
        subtotal=money(parts.subtotal, currency, notation) if has_parts else None,
        discount=money(-parts.discount or None, currency, notation),
        shipping=money(parts.shipping or None, currency, notation),
        tax=money((parts.contained_tax if included else parts.added_tax) or None, currency, notation),
        tax_included=included,
        included_tax=money(parts.contained_tax or None, currency, notation),
        total=total,
        presented=presented,
    )


def sold_at(checkout: Checkout) -> datetime | None:
    """The time of the sale. For a checkout that is not an order yet: of its session, or None."""
    return checkout.sold_at if isinstance(checkout, Order) else checkout.session_created_at


def money(minor: int | None, currency: str | None, notation: Notation) -> str | None:
    """An amount as a text; None if it or its currency is unknown."""
    return None if minor is None or currency is None else notation.money(minor, currency)
