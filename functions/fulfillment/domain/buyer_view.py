"""Which status a buyer sees, from the order document and Stripe's session.

    the document        Stripe                                    the buyer sees
    paid, fulfilled     is not read                               the document's status
    lower, or none      claims more                               what it claims
    lower               claims no more, or does not answer        the document's status
    none                has no such session, or one that is not   not_found
                        an order of this deployment: open,
                        expired, setup, or too old
    none                does not answer                           confirming

An order that is held or under review is shown as paid: the review concerns only the shop. The buyer is told of refunds,
and never of disputes: a prevented dispute is shown as the refund that it is.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from fulfillment.domain.checkout import Checkout
from fulfillment.domain.order import Order
from fulfillment.domain.order_money import PENDING, MoneyStatus, is_refunded_in_full, money_of
from fulfillment.domain.status import Status
from fulfillment.domain.synthetic_events import SyntheticEvent, claims_more

FIRST_REFRESH, LAST_REFRESH = 2, 60
REFRESHING_SECONDS = 900


class BuyerStatus(StrEnum):
    """The status that a buyer sees."""

    CONFIRMING = "confirming"
    AWAITING_PAYMENT = "awaiting_payment"
    PAYMENT_FAILED = "payment_failed"
    PAID = "paid"
    FULFILLED = "fulfilled"
    NOT_FOUND = "not_found"


FINAL = frozenset({BuyerStatus.PAYMENT_FAILED, BuyerStatus.FULFILLED, BuyerStatus.NOT_FOUND})


@dataclass(frozen=True, kw_only=True)
class StripeAnswer:
    """Stripe's answer about a session: its synthetic event, or None if it is not an order of this deployment."""

    event: SyntheticEvent | None = None


class RefundStatus(StrEnum):
    """What a buyer is told of the refunds."""

    REFUNDING = "refunding"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"


@dataclass(frozen=True, kw_only=True)
class BuyerRefund:
    """The refunds of an order. `refunded` and `refunding` are in the minor unit of `currency`; None if the refunds are
    in several. `in_full`: nothing of the payment is left once the refunds that are under way have succeeded.
    """

    status: RefundStatus
    currency: str | None
    refunded: int | None
    refunding: int | None
    in_full: bool


@dataclass(frozen=True, kw_only=True)
class BuyerView:
    """What the buyer sees: the status, the checkout if it is known, and the refunds if there are any."""

    status: BuyerStatus
    checkout: Checkout | None = None
    refund: BuyerRefund | None = None


def buyer_view(order: Order | None, answer: StripeAnswer | None) -> BuyerView:
    """The table above. `answer` is None if Stripe was not read, or did not answer."""
    event = answer.event if answer else None
    if event and claims_more(event, order.status if order else None):
        refund = buyer_refund(order) if order else None
        return BuyerView(status=_buyer_status(event.claim), checkout=event.checkout, refund=refund)
    if order:
        return BuyerView(status=_buyer_status(order.status), checkout=order, refund=buyer_refund(order))
    return BuyerView(status=BuyerStatus.NOT_FOUND if answer else BuyerStatus.CONFIRMING)


def buyer_refund(order: Order) -> BuyerRefund | None:
    """What the buyer is told of the refunds; None if nothing was refunded or is under way."""
    refunds = order.refunds.values()
    prevented = any(each.status == "prevented" for each in order.disputes.values())
    if prevented and not is_refunded_in_full(order, refunds):
        return BuyerRefund(  # the bank has given all of it back, without a refund of the shop's
            status=RefundStatus.REFUNDED,
            currency=order.currency,
            refunded=order.amount_total,
            refunding=0,
            in_full=True,
        )
    money = money_of(order, order.refunds, {})
    if money.status is MoneyStatus.KEPT:
        return None
    once_done = [replace(each, status="succeeded") if each.status in PENDING else each for each in refunds]
    return BuyerRefund(
        status=RefundStatus(money.status.value),
        currency=money.currency,
        refunded=money.refunded,
        refunding=money.refunding,
        in_full=is_refunded_in_full(order, once_done),
    )


def is_settled(order: Order | None) -> bool:
    """Whether Stripe has nothing to add to an order."""
    return order is not None and order.status >= Status.PAID


def refresh_seconds(status: BuyerStatus, age: float) -> int | None:
    """Seconds until the page reloads, by how long the buyer has waited: growing pauses, and None at the end."""
    if status in FINAL or age >= REFRESHING_SECONDS:
        return None
    return min(max(FIRST_REFRESH, round(age / 5)), LAST_REFRESH)


def _buyer_status(status: Status) -> BuyerStatus:
    return BuyerStatus.NOT_FOUND if status is Status.EXPIRED else BuyerStatus(status.value)
