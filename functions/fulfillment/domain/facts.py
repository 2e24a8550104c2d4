"""Joins facts of the time after the sale into an order. Pure; the same facts again change nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from fulfillment.domain.after_sale import KINDS, AfterSale, Fact, RadarReview, Renewals
from fulfillment.domain.joins import merge
from fulfillment.domain.order import Order
from fulfillment.domain.order_money import DIFFERS, differs

RADAR_REVIEW = "radar_review"
"""The review code of an order while one of its Radar reviews is open, and after one that was not approved."""
APPROVED = "approved"


def with_facts(order: Order, facts: Iterable[Fact], doubts: frozenset[str]) -> Order:
    """The order with the facts, and with the review codes that they and `doubts` give."""
    for fact in facts:
        order = _with_renewal(order, fact) if fact.renewal else replace(order, **_joined(order, fact))
    codes = {*order.review, *doubts, *_unknown(order)} | ({DIFFERS} if differs(order, order.refunds) else set())
    codes = (codes - {RADAR_REVIEW}) | ({RADAR_REVIEW} if _is_reviewed(order) else set())
    return replace(order, review=tuple(sorted(codes)))


def known(order: Order | None, fact: Fact) -> AfterSale | None:
    """The fact's object as the order has it."""
    holder = order and (order.renewals if fact.renewal else order)
    objects: Mapping[str, AfterSale] = getattr(holder, fact.field) if holder else {}
    return objects.get(fact.id)


def needs_read(order: Order, fact: Fact) -> bool:
    """Whether only a read of the fact's object can say in which status it is now."""
    before = known(order, fact)
    return before is not None and (before.needs_read(fact.told) or not merge(before, fact.told).is_settled)


def to_read_again(order: Order, facts: Iterable[Fact]) -> list[str]:
    """The objects that must be read again: a read contradicts their claims, or another delivery has written a higher
    claim meanwhile. `order` has the facts.
    """
    facts = [*facts]
    were_read = {fact.id for fact in facts if fact.told.read}
    joined = [(fact, known(order, fact) or merge(None, fact.told)) for fact in facts]
    return sorted(
        {
            fact.id
            for fact, each in joined
            if not each.is_settled or (fact.id not in were_read and each.needs_read(fact.told))
        }
    )


def was_approved(before: Order | None, after: Order) -> bool:
    """Whether a person has approved the order at Stripe, and there is no other reason to hold it."""
    return before is not None and RADAR_REVIEW in before.review and not after.review


def _joined(holder: Order | Renewals, fact: Fact) -> dict[str, Any]:
    known: Mapping[str, AfterSale] = getattr(holder, fact.field)
    return {fact.field: {**known, fact.id: merge(known.get(fact.id), fact.told)}}


def _with_renewal(order: Order, fact: Fact) -> Order:
    renewals = order.renewals or Renewals()
    return replace(order, renewals=replace(renewals, **_joined(renewals, fact)))


def _unknown(order: Order) -> set[str]:
    """The codes for statuses that this version does not know."""
    objects = [each for name in KINDS for each in getattr(order, name).values()]
    return {each.UNKNOWN for each in objects if each.UNKNOWN and not {*each.claims} <= {*each.CHAIN}}


def _is_reviewed(order: Order) -> bool:
    return any(not _is_approved(each) for each in order.radar_reviews.values())


def _is_approved(review: RadarReview) -> bool:
    return review.status == "closed" and review.closed_reason == APPROVED
