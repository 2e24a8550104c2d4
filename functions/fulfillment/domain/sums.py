"""The sums of a receipt. Parts are shown only if they add up to the total.

Stripe's `amount_tax` is the sum of the tax added to the prices and the tax contained in them. The added tax follows
from the total:

    subtotal - discount + shipping + added tax  =  total
    amount_tax                                  =  added tax + contained tax

If that gives no valid tax (a tip, a surcharge, unknown parts), only the total is certain.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fulfillment.domain.checkout import Checkout, ShippingCost
from fulfillment.domain.order import LineItem, Order


@dataclass(frozen=True, kw_only=True)
class Sums:
    """The parts of a total. Only the subtotal may be negative. The other parts include the `contained_tax`."""

    subtotal: int
    discount: int
    shipping: int
    added_tax: int
    contained_tax: int


def sums(checkout: Checkout) -> Sums | None:
    """The parts that add up to `amount_total`. None if they do not, or if one is unknown."""
    subtotal, total = checkout.amount_subtotal, checkout.amount_total
    if subtotal is None or total is None:
        return None
    discount, shipping, tax = checkout.amount_discount or 0, checkout.amount_shipping or 0, checkout.amount_tax or 0
    added = total - (subtotal - discount + shipping)
    if min(discount, shipping) < 0 or not 0 <= added <= tax or _is_more_than_tax(checkout, added):
        return None
    return Sums(subtotal=subtotal, discount=discount, shipping=shipping, added_tax=added, contained_tax=tax - added)


def amount(item: LineItem) -> int | None:
    """An item's amount before discounts, or after them if only that is known."""
    return item.amount_total if item.amount_subtotal is None else item.amount_subtotal


def items_add_up(order: Order) -> bool:
    """Whether the items' amounts add up to the amount shown below them: the subtotal, or else the total. Items with
    unknown amounts count as adding up.
    """
    items = order.line_items or ()
    amounts = [known for known in map(amount, items) if known is not None]
    goal = order.amount_subtotal if sums(order) or order.amount_total is None else order.amount_total
    currencies = {order.currency, *(item.currency for item in items)} - {None}
    return len(currencies) <= 1 and (len(amounts) < len(items) or goal in {None, sum(amounts)})


def _is_more_than_tax(checkout: Checkout, added: int) -> bool:
    """Whether `added` differs from the tax added to the items and the shipping, if all of that is known. A difference
    of one per part is rounding.
    """
    parts = list(_taxes(checkout))
    known = [part for part in parts if part is not None]
    return bool(known) and len(known) == len(parts) and abs(sum(known) - added) > len(known)


def _taxes(checkout: Checkout) -> Iterator[int | None]:
    """The tax added to each item and to the shipping."""
    items = (checkout.line_items or ()) if isinstance(checkout, Order) else ()
    for item in items:
        yield _difference(item.amount_total, item.amount_subtotal, item.amount_discount or 0)
    if items and checkout.amount_shipping:
        cost = checkout.shipping_cost or ShippingCost()
        yield _difference(cost.amount_total, cost.amount_subtotal)


def _difference(total: int | None, subtotal: int | None, discount: int = 0) -> int | None:
    return None if total is None or subtotal is None else total - (subtotal - discount)
