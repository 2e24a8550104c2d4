"""What a buyer is told of an order, from its document and from what Stripe says of the session.

    the document        Stripe                                    the buyer is told
    paid, fulfilled     is not asked                              the document's status
    less, or none       claims more                               what it claims
    less                claims no more, or does not answer        the document's status
    none                has no such session, or one that is no    not_found
                        order of ours: open, expired, setup, or of
                        long ago
    none                does not answer                           confirming

An order under review, or held, is paid: the doubt is the shop's, not the buyer's.
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
    """What a buyer is told."""

    CONFIRMING = "confirming"
    AWAITING_PAYMENT = "awaiting_payment"
    PAYMENT_FAILED = "payment_failed"
    PAID = "paid"
    FULFILLED = "fulfilled"
    NOT_FOUND = "not_found"


FINAL = frozenset({BuyerStatus.PAYMENT_FAILED, BuyerStatus.FULFILLED, BuyerStatus.NOT_FOUND})


@dataclass(frozen=True, kw_only=True)
class StripeAnswer:
    """What Stripe said of a session: the event that it makes, or None for no order of ours."""

    event: SyntheticEvent | None = None


@dataclass(frozen=True, kw_only=True)
class BuyerView:
    """What the buyer is told: the status, and of which checkout, as far as that is known."""

    status: BuyerStatus
    checkout: Checkout | None = None


def buyer_view(order: Order | None, answer: StripeAnswer | None) -> BuyerView:
    """The table. `answer` is None if Stripe was not asked, or did not answer."""
    event = answer.event if answer else None
    if event and claims_more(event, order.status if order else None):
        return BuyerView(status=_told(event.claim), checkout=event.checkout)
    if order:
        return BuyerView(status=_told(order.status), checkout=order)
    return BuyerView(status=BuyerStatus.NOT_FOUND if answer else BuyerStatus.CONFIRMING)


def is_settled(order: Order | None) -> bool:
    """Whether Stripe has nothing to add to an order."""
    return order is not None and order.status >= Status.PAID


def refresh_seconds(status: BuyerStatus, age: float) -> int | None:
    """When the page looks again, if the buyer has waited that long: ever more seldom, and not for ever."""
    if status in FINAL or age >= REFRESHING_SECONDS:
        return None
    return min(max(FIRST_REFRESH, round(age / 5)), LAST_REFRESH)


def _told(status: Status) -> BuyerStatus:
    return BuyerStatus.NOT_FOUND if status is Status.EXPIRED else BuyerStatus(status.value)
