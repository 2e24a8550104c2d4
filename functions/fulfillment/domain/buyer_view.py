"""Which status a buyer sees, from the order document and Stripe's session.

    the document        Stripe                                    the buyer sees
    paid, fulfilled     is not read                               the document's status
    lower, or none      claims more                               what it claims
    lower               claims no more, or does not answer        the document's status
    none                has no such session, or one that is not   not_found
                        an order of this deployment: open,
                        expired, setup, or too old
    none                does not answer                           confirming

An order that is held or under review is shown as paid: the review concerns only the shop.
"""

from dataclasses import dataclass
from enum import StrEnum

from fulfillment.domain.checkout import Checkout
from fulfillment.domain.order import Order
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


@dataclass(frozen=True, kw_only=True)
class BuyerView:
    """What the buyer sees: the status, and the checkout if it is known."""

    status: BuyerStatus
    checkout: Checkout | None = None


def buyer_view(order: Order | None, answer: StripeAnswer | None) -> BuyerView:
    """The table above. `answer` is None if Stripe was not read, or did not answer."""
    event = answer.event if answer else None
    if event and claims_more(event, order.status if order else None):
        return BuyerView(status=_buyer_status(event.claim), checkout=event.checkout)
    if order:
        return BuyerView(status=_buyer_status(order.status), checkout=order)
    return BuyerView(status=BuyerStatus.NOT_FOUND if answer else BuyerStatus.CONFIRMING)


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
