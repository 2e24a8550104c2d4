"""Where an order stands for its buyer, from its document and from what Stripe says of the session.

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
from fulfillment.domain.findings import Finding, claims_more
from fulfillment.domain.order import Order
from fulfillment.domain.status import Status

FIRST_REFRESH, LAST_REFRESH = 2, 60
REFRESHING_SECONDS = 900


class Standing(StrEnum):
    """What a buyer is told."""

    CONFIRMING = "confirming"
    AWAITING_PAYMENT = "awaiting_payment"
    PAYMENT_FAILED = "payment_failed"
    PAID = "paid"
    FULFILLED = "fulfilled"
    NOT_FOUND = "not_found"


FINAL = frozenset({Standing.PAYMENT_FAILED, Standing.FULFILLED, Standing.NOT_FOUND})


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A session as it was read from Stripe: an order of ours, or nothing."""

    found: Finding | None = None
    checkout: Checkout | None = None


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known: where it stands, and of what, as far as that is known."""

    standing: Standing
    checkout: Checkout | None = None


def known(order: Order | None, reading: Reading | None) -> Known:
    """The table. `reading` is None if Stripe was not asked, or did not answer."""
    if reading and reading.found and claims_more(reading.found, order.status if order else None):
        return Known(standing=_standing(reading.found.claim), checkout=reading.checkout)
    if order:
        return Known(standing=_standing(order.status), checkout=order)
    return Known(standing=Standing.NOT_FOUND if reading else Standing.CONFIRMING)


def is_settled(order: Order | None) -> bool:
    """Whether Stripe has nothing to add to an order."""
    return order is not None and order.status >= Status.PAID


def refresh_seconds(standing: Standing, age: float) -> int | None:
    """When the page looks again, if the buyer has waited that long: ever more seldom, and not for ever."""
    if standing in FINAL or age >= REFRESHING_SECONDS:
        return None
    return min(max(FIRST_REFRESH, round(age / 5)), LAST_REFRESH)


def _standing(status: Status) -> Standing:
    return Standing.NOT_FOUND if status is Status.EXPIRED else Standing(status.value)
