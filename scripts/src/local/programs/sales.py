"""The sales of a small day: the events that Stripe sends, and the expected result of each."""

import uuid

from local.fakes.stripe_events import COMPLETED, FAILED, SUCCEEDED, event, session, thin_event
from local.programs import after_sales
from local.programs.sale import ROUTED, Sale


def sales() -> list[Sale]:
    """All sales, with new ids."""
    return [make(f"cs_test_{uuid.uuid4().hex[:24]}") for make in _SALES]


def _card(of: str) -> Sale:
    return Sale(
        name="card",
        session_id=of,
        rounds=[[event(COMPLETED, session(of))]],
        status="fulfilled",
        proves="a signed event becomes a complete paid order: amounts, buyer, address",
    )


def _big_cart(of: str) -> Sale:
    return Sale(
        name="twelve items",
        session_id=of,
        rounds=[[event(COMPLETED, session(of))]],
        status="fulfilled",
        items=12,
        proves="every line item is read, not only the first ten, and their sum is the amount paid",
    )


def _ach(of: str) -> Sale:
    return Sale(
        name="ACH that succeeds",
        session_id=of,
        rounds=[[event(COMPLETED, session(of, payment_status="unpaid"))], [event(SUCCEEDED, session(of))]],
        status="fulfilled",
        proves="a delayed payment is paid only when the money arrives",
    )


def _sepa(of: str) -> Sale:
    unpaid = session(of, payment_status="unpaid")
    return Sale(
        name="SEPA that fails",
        session_id=of,
        rounds=[[event(COMPLETED, unpaid)], [event(FAILED, unpaid)]],
        status="payment_failed",
        proves="a delayed payment that fails is never paid",
    )


def _free(of: str) -> Sale:
    said = session(of, payment_status="no_payment_required", payment_intent=None, amount_total=0)
    return Sale(
        name="free order",
        session_id=of,
        rounds=[[event(COMPLETED, said)]],
        status="fulfilled",
        amount_total=0,
        proves="100 % off is an order like any other: an amount of zero counts as paid",
    )


def _duplicate(of: str) -> Sale:
    said = event(COMPLETED, session(of))
    return Sale(
        name="duplicate",
        session_id=of,
        rounds=[[said], [said, said, said]],
        status="fulfilled",
        proves="the same event three more times, at once: the order is not written again",
    )


def _twins(of: str) -> Sale:
    return Sale(
        name="twins",
        session_id=of,
        rounds=[[event(COMPLETED, session(of)), event(COMPLETED, session(of))]],
        status="fulfilled",
        proves="two event ids for one payment, at once: one order with both events",
    )


def _out_of_order(of: str) -> Sale:
    return Sale(
        name="out of order",
        session_id=of,
        rounds=[[event(SUCCEEDED, session(of))], [event(COMPLETED, session(of, payment_status="unpaid"))]],
        status="fulfilled",
        proves="the late event is recorded, and the order stays paid",
    )


def _unsigned(of: str) -> Sale:
    return Sale(
        name="unsigned",
        session_id=of,
        rounds=[[event(COMPLETED, session(of))]],
        status=None,
        answer=400,
        signed=False,
        proves="an unsigned request gets 400, and makes no order",
    )


def _lost(of: str) -> Sale:
    return Sale(
        name="lost event",
        session_id=of,
        rounds=[[event(COMPLETED, session(of))]],
        status="fulfilled",
        lost=True,
        proves="Stripe's event never came: reconcile finds the session, and the order is fulfilled",
    )


def _thin(of: str) -> Sale:
    return Sale(
        name="thin event",
        session_id=of,
        rounds=[[thin_event(COMPLETED, session(of))]],
        status="fulfilled",
        thin=True,
        proves="a thin event only names the session: it is read from Stripe, and the order is the same",
    )


def _other(of: str) -> Sale:
    return Sale(
        name="another event",
        session_id=of,
        rounds=[[event(ROUTED, {"id": of, "object": "invoice"})]],
        status=None,
        routed=True,
        proves=f"{ROUTED} is no order's: it is on a topic of its own, byte for byte, as a CloudEvent",
    )


def _poison(of: str) -> Sale:
    return Sale(
        name="poison",
        session_id=of,
        rounds=[[event(COMPLETED, session(of, amount_total="35.00"))]],
        status=None,
        parked_reason="malformed_event: data.object.amount_total",
        proves="an unreadable message is parked with its reason, and other messages are processed",
    )


def _replayed(of: str) -> Sale:
    return Sale(
        name="fixed",
        session_id=of,
        rounds=[[event(COMPLETED, session(of))]],
        status="fulfilled",
        spoiled=True,
        parked_reason="corrupt_order",
        proves="a message for an unreadable order is parked; after the fix a replay fulfills it",
    )


_SALES = (
    *(_card, _big_cart, _ach, _sepa, _free, _duplicate, _twins, _out_of_order),
    *(_thin, _other, _unsigned, _lost, _poison, _replayed),
    *(after_sales.refund, after_sales.failed_refund, after_sales.lost_dispute, after_sales.abandoned_cart),
)
