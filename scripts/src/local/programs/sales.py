"""The sales of a small day: what Stripe sends, and what each must end in."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from local.fakes.stripe_events import COMPLETED, FAILED, SUCCEEDED, Json, event, session

NONSENSE = {"paid": "yes"}
"""What somebody writes in the place of a spoiled sale's order."""


@dataclass(frozen=True, kw_only=True)
class Sale:
    """One case. `rounds` are sent one after the other, the events of a round at the same time. Those of a `lost` sale
    never are: reconcile is called instead. Those of a `spoiled` one find nonsense in the place of their order.

    `status` is what the order must be in the end; None if there must be none.
    """

    name: str
    session_id: str
    rounds: Sequence[Sequence[Json]]
    status: str | None
    proves: str
    answer: int = 200
    signed: bool = True
    amount_total: int | None = 3500
    items: int = 1
    parked_reason: str | None = None
    lost: bool = False
    spoiled: bool = False

    @property
    def events(self) -> set[str]:
        """The ids of the events that the order must end with."""
        told = {each["id"] for sent in self.rounds for each in sent}
        return {f"reconcile:{self.session_id}:paid"} if self.lost else told


def sales() -> list[Sale]:
    """The day, with ids of its own."""
    return [make(f"cs_test_{uuid.uuid4().hex[:24]}") for make in _SALES]


def _card(of: str) -> Sale:
    return Sale(
        name="card",
        session_id=of,
        rounds=[[event(COMPLETED, session(of))]],
        status="fulfilled",
        proves="a signed event becomes a paid order, whole: amounts, buyer, address",
    )


def _big_cart(of: str) -> Sale:
    return Sale(
        name="twelve items",
        session_id=of,
        rounds=[[event(COMPLETED, session(of))]],
        status="fulfilled",
        items=12,
        proves="every line item is read, not the first ten, and adds up to what was paid",
    )


def _ach(of: str) -> Sale:
    return Sale(
        name="ACH that succeeds",
        session_id=of,
        rounds=[[event(COMPLETED, session(of, payment_status="unpaid"))], [event(SUCCEEDED, session(of))]],
        status="fulfilled",
        proves="a delayed payment waits, and is paid when the money comes, not before",
    )


def _sepa(of: str) -> Sale:
    unpaid = session(of, payment_status="unpaid")
    return Sale(
        name="SEPA that fails",
        session_id=of,
        rounds=[[event(COMPLETED, unpaid)], [event(FAILED, unpaid)]],
        status="payment_failed",
        proves="a delayed payment that fails is never taken for paid",
    )


def _free(of: str) -> Sale:
    said = session(of, payment_status="no_payment_required", payment_intent=None, amount_total=0)
    return Sale(
        name="free order",
        session_id=of,
        rounds=[[event(COMPLETED, said)]],
        status="fulfilled",
        amount_total=0,
        proves="100 % off is an order like any other: nothing to pay is paid",
    )


def _duplicate(of: str) -> Sale:
    said = event(COMPLETED, session(of))
    return Sale(
        name="duplicate",
        session_id=of,
        rounds=[[said], [said, said, said]],
        status="fulfilled",
        proves="the same event three times more, at once: the order is not even touched",
    )


def _twins(of: str) -> Sale:
    return Sale(
        name="twins",
        session_id=of,
        rounds=[[event(COMPLETED, session(of)), event(COMPLETED, session(of))]],
        status="fulfilled",
        proves="two event ids for one fact, at once: one order, both on record",
    )


def _out_of_order(of: str) -> Sale:
    return Sale(
        name="out of order",
        session_id=of,
        rounds=[[event(SUCCEEDED, session(of))], [event(COMPLETED, session(of, payment_status="unpaid"))]],
        status="fulfilled",
        proves="the latecomer is recorded, and does not take the payment back",
    )


def _unsigned(of: str) -> Sale:
    return Sale(
        name="unsigned",
        session_id=of,
        rounds=[[event(COMPLETED, session(of))]],
        status=None,
        answer=400,
        signed=False,
        proves="whoever is not Stripe gets 400, and nothing else",
    )


def _lost(of: str) -> Sale:
    return Sale(
        name="lost event",
        session_id=of,
        rounds=[[event(COMPLETED, session(of))]],
        status="fulfilled",
        lost=True,
        proves="Stripe's event never came: reconcile reads what was sold, and it is fulfilled like any other",
    )


def _poison(of: str) -> Sale:
    return Sale(
        name="poison",
        session_id=of,
        rounds=[[event(COMPLETED, session(of, amount_total="35.00"))]],
        status=None,
        parked_reason="malformed_event: data.object.amount_total",
        proves="what cannot be read is parked with its reason, and the rest flows on",
    )


def _replayed(of: str) -> Sale:
    return Sale(
        name="fixed",
        session_id=of,
        rounds=[[event(COMPLETED, session(of))]],
        status="fulfilled",
        spoiled=True,
        parked_reason="corrupt_order",
        proves="what a spoiled document had refused is parked, and fulfilled by a replay once that is fixed",
    )


_SALES = (_card, _big_cart, _ach, _sepa, _free, _duplicate, _twins, _out_of_order, _unsigned, _lost, _poison, _replayed)
