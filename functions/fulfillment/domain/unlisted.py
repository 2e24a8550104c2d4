"""Which refunds and disputes of an order may still change and are in no list that reconcile reads. Pure.

    refund     pending, requires_action    for as long as it is so
               succeeded                   31 days: it may still fail
    dispute    open, or an open inquiry    for as long as it is so
               lost, prevented, closed     130 days: an appeal, a dispute that is opened again, one after an inquiry
    either     an unknown status           for as long as it is so

A list names an object's PaymentIntent, and has only what was created within so many days. So it brings nothing of
connected accounts, of a subscription's invoices, and nothing older.
"""

from collections.abc import Iterator

from fulfillment.domain.after_sale import AfterSale, Renewals
from fulfillment.domain.cursor import DAY_SECONDS, DISPUTE_DAYS, REFUND_DAYS
from fulfillment.domain.order import Order

LISTED_DAYS = {"refunds": REFUND_DAYS, "disputes": DISPUTE_DAYS}
"""By the field of an order: for how many days after its creation an object is listed."""
_FINAL = frozenset({"canceled", "failed", "won"})
_DAYS = {"succeeded": REFUND_DAYS, **dict.fromkeys(("lost", "prevented", "warning_closed"), DISPUTE_DAYS)}


def unlisted(order: Order, end: int, *, lists: bool) -> Iterator[tuple[str, str, AfterSale]]:
    """The objects by their field and id. `end`: of the window, in epoch seconds. `lists`: whether the key can list."""
    is_named = lists and order.account is None and order.payment_intent is not None
    for holder in (order.renewals or Renewals(), order):
        for field, days in LISTED_DAYS.items():
            for object_id, each in getattr(holder, field).items():
                is_listed = is_named and holder is order and _created(each) >= _back(end, days)
                if not is_listed and may_change(each, end):
                    yield field, object_id, each


def may_change(each: AfterSale, end: int) -> bool:
    """Whether the object can have another status than the one that is known."""
    days = _DAYS.get(each.status)
    return each.status not in _FINAL and (days is None or _last(each) >= _back(end, days))


def _created(each: AfterSale) -> float:
    """When it was created or, where that is not known, when it was told of first: never before."""
    told = min(claim.created for claim in each.claims.values())
    return (getattr(each, "created_at", None) or told).timestamp()


def _last(each: AfterSale) -> float:
    return max(claim.created for claim in each.claims.values()).timestamp()


def _back(end: int, days: int) -> int:
    return end - days * DAY_SECONDS
