"""What follows the sales of a small day: refunds, a dispute, and a cart that was left behind."""

from fulfillment.domain.event_types import EXPIRED
from local.fakes.stripe_events import COMPLETED, event, session
from local.programs.sale import Afterwards, Happens, Sale


def refund(of: str) -> Sale:
    """A full refund."""
    return _followed(
        "refund",
        of,
        Afterwards(happens=_refund(of), money="refunded", access="revoked"),
        proves="a full refund, also from the Dashboard, revokes access: the hook access_changed is told",
    )


def failed_refund(of: str) -> Sale:
    """A refund whose money comes back."""
    return _followed(
        "refund that fails",
        of,
        Afterwards(happens=_refund(of), money="refunded", access="revoked"),
        Afterwards(happens=_becomes("failed"), money="kept", access="granted"),
        proves="weeks later the bank sends the refund back: the money is kept, and access is granted again",
    )


def lost_dispute(of: str) -> Sale:
    """A dispute that the shop loses."""
    return _followed(
        "dispute",
        of,
        Afterwards(happens=_dispute(of), money="disputed", access="granted"),
        Afterwards(happens=_becomes("lost"), money="lost", access="revoked"),
        proves="a dispute, also of a SEPA debit, is in the order with its deadline; losing it revokes access",
    )


def abandoned_cart(of: str) -> Sale:
    """A buyer who agreed to promotions and did not pay."""
    recovery = {"enabled": True, "url": f"https://buy.stripe.com/r/{of}", "expires_at": 4102444800}
    left = session(of, status="expired", payment_status="unpaid", payment_intent=None)
    left |= {"after_expiration": {"recovery": recovery}, "consent": {"promotions": "opt_in", "terms_of_service": None}}
    return Sale(
        name="abandoned cart",
        session_id=of,
        rounds=[[event(EXPIRED, left)]],
        status=None,
        abandoned=True,
        proves="a checkout that expired makes no order: the hook cart_abandoned gets the link to go on with it",
    )


def _followed(name: str, of: str, *afterwards: Afterwards, proves: str) -> Sale:
    """A sale by card with a payment of its own, and what follows it."""
    sold = session(of, payment_intent=_payment(of))
    return Sale(
        name=name,
        session_id=of,
        rounds=[[event(COMPLETED, sold)]],
        status="fulfilled",
        afterwards=afterwards,
        proves=proves,
    )


def _payment(of: str) -> str:
    return f"pi_{of.rpartition('_')[2]}"


def _refund(of: str) -> Happens:
    return lambda world: world.refund(_payment(of))


def _dispute(of: str) -> Happens:
    return lambda world: world.dispute(_payment(of))


def _becomes(status: str) -> Happens:
    """The next status of what happened first."""
    return lambda world: world.becomes(world.told[0].about, status)
