"""Line items: parsed from Stripe's list, added to their order, and compared with the payment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fulfillment.domain.erasure import anonymous_items
from fulfillment.domain.ids import Currency, Id
from fulfillment.domain.order import LineItem, Order
from fulfillment.domain.shape import ShapeError, read

DOUBTS = frozenset({"amounts_differ", "currency_differs"})


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of a session's line items. `has_more` means that more items follow the last one."""

    items: tuple[LineItem, ...]
    has_more: bool


def read_page(answer: object) -> Page:
    """The page in an answer of Stripe's API. Raises ShapeError."""
    page: _Page = read(_Page, answer)
    if page.has_more and not page.data:
        raise ShapeError("data", "empty, but has_more is true")
    return Page(items=tuple(_line_item(item) for item in page.data), has_more=page.has_more)


def with_line_items(order: Order, items: tuple[LineItem, ...]) -> Order:
    """The order with its line items, under review if they differ from the payment. Doing it again changes nothing."""
    own = anonymous_items(items, order.metadata.keys()) if order.erased_at else items
    return judged(replace(order, line_items=own))


def judged(order: Order) -> Order:
    """The order with its current items compared with its current payment. A later event may bring the amount, so the
    comparison is repeated: its result must not depend on the order of arrival.
    """
    if order.line_items is None:
        return order
    others = set(order.review) - DOUBTS
    return replace(order, review=tuple(sorted(others | set(_doubts(order, order.line_items)))))


def _doubts(order: Order, items: tuple[LineItem, ...]) -> Iterator[str]:
    """Why a person should compare the items with the payment. An unknown amount is no reason."""
    amounts = [item.amount_subtotal for item in items]
    known = [amount for amount in amounts if amount is not None]
    if order.amount_subtotal is not None and len(known) == len(amounts) and sum(known) != order.amount_subtotal:
        yield "amounts_differ"
    if order.currency and any(item.currency not in {None, order.currency} for item in items):
        yield "currency_differs"


@dataclass(frozen=True, kw_only=True)
class _Price:
    id: Id
    product: Id | None = None
    lookup_key: str | None = None
    currency: Currency | None = None
    unit_amount: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Item:
    id: Id
    description: str | None = None
    quantity: int | None = None
    amount_subtotal: int | None = None
    amount_discount: int | None = None
    amount_tax: int | None = None
    amount_total: int | None = None
    currency: Currency | None = None
    price: _Price | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class _Page:
    data: tuple[_Item, ...]
    has_more: bool


def _line_item(item: _Item) -> LineItem:
    price = _of_price(item.price, item.currency) if item.price else {}
    return LineItem(**{**vars(item), "metadata": item.metadata or {}, **price})


def _of_price(price: _Price, currency: Currency | None) -> dict[str, Any]:
    """An item's fields from its price. A price in several currencies has `unit_amount` only in its first one."""
    same = price.currency in {None, currency}
    return {
        "price": price.id,
        "product": price.product,
        "lookup_key": price.lookup_key,
        "unit_amount": price.unit_amount if same else None,
    }
