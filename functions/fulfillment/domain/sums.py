"""The sums of a receipt: those that add up, and no others.

Stripe tells one `amount_tax` for what was added on top and for what the prices held already. What was added follows
from the total:

    subtotal - discount + shipping + added tax  =  total
    amount_tax                                  =  added tax + contained tax

Where that leads nowhere (a tip, a surcharge, unknown parts), the total alone is certain.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fulfillment.domain.checkout import Checkout, ShippingCost
from fulfillment.domain.order import LineItem, Order


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Parts of a total, none of them negative but perhaps the subtotal. `contained_tax` is within the others."""

    subtotal: int
    discount: int
    shipping: int
    added_tax: int
    contained_tax: int


def sums(checkout: Checkout) -> Sums | None:
    """The parts that add up to `amount_total`; None if they do not, or one of them is not known."""
    subtotal, total = checkout.amount_subtotal, checkout.amount_total
    if subtotal is None or total is None:
        return None
    discount, shipping, tax = checkout.amount_discount or 0, checkout.amount_shipping or 0, checkout.amount_tax or 0
    added = total - (subtotal - discount + shipping)
    if min(discount, shipping) < 0 or not 0 <= added <= tax or _is_more_than_tax(checkout, added):
        return None
    return Sums(subtotal=subtotal, discount=discount, shipping=shipping, added_tax=added, contained_tax=tax - added)


def amount(item: LineItem) -> int | None:
    """What an item costs, before discounts where that is known."""
    return item.amount_total if item.amount_subtotal is None else item.amount_subtotal


def items_add_up(order: Order) -> bool:
    """Whether the items' amounts lead to what is said below them: the subtotal, or else the total alone. An
    unknown amount contradicts nothing.
    """
    items = order.line_items or ()
    amounts = [known for known in map(amount, items) if known is not None]
    goal = order.amount_subtotal if sums(order) or order.amount_total is None else order.amount_total
    currencies = {order.currency, *(item.currency for item in items)} - {None}
    return len(currencies) <= 1 and (len(amounts) < len(items) or goal in {None, sum(amounts)})


def _is_more_than_tax(checkout: Checkout, added: int) -> bool:
    """Whether the tax added to the single items and the shipping, where all of that is known, is something else than
    what was added in all. Rounding makes a difference of one for each of them.
    """
    parts = list(_taxes(checkout))
    known = [part for part in parts if part is not None]
    return bool(known) and len(known) == len(parts) and abs(sum(known) - added) > len(known)


def _taxes(checkout: Checkout) -> Iterator[int | None]:
    """The tax that was added to each item, and to the shipping."""
    items = (checkout.line_items or ()) if isinstance(checkout, Order) else ()
    for item in items:
        yield _difference(item.amount_total, item.amount_subtotal, item.amount_discount or 0)
    if items and checkout.amount_shipping:
        cost = checkout.shipping_cost or ShippingCost()
        yield _difference(cost.amount_total, cost.amount_subtotal)


def _difference(total: int | None, subtotal: int | None, discount: int = 0) -> int | None:
    return None if total is None or subtotal is None else total - (subtotal - discount)
