"""The samples of what follows a sale: every one is read, to the fields that it was written with."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from fulfillment.domain.after_sale import APPEALS, KINDS, Dispute, FraudWarning, RadarReview, Refund
from fulfillment.domain.after_sale_events import parse_after_sale
from fulfillment.domain.after_sale_objects import OBJECTS
from fulfillment.domain.event_types import AFTER_SALE, EXPIRED, OLD_REFUNDS, order_types
from fulfillment.domain.thin_events import SESSION, parse_thin
from support.builders import NOW
from support.samples import FOLDER, load

OWN_SAMPLES = sorted(path.stem for path in (FOLDER / "synthetic" / "after_sale").glob("*.json"))
PAYMENT = "pi_3SynthCard"
OUT = ("txn_3SynthOut", -3500, 1500, -5000)
BACK = ("txn_3SynthIn", 3500, 0, 3500)


@dataclass(frozen=True)
class Wanted:
    """What a sample says. `ledger`: each movement as (id, amount, fee, net)."""

    of: str
    status: str
    payment: str = PAYMENT
    ledger: tuple[tuple[str, int, int, int], ...] = ()
    fields: tuple[tuple[str, Any], ...] = ()


def refund(of: str, status: str, amount: int, **fields: Any) -> Wanted:
    payment = fields.pop("payment", PAYMENT)
    said = {"amount": amount, "currency": "usd", "reason": None, "failure_reason": None} | fields
    return Wanted(of, status, payment, fields=tuple(said.items()))


def dispute(of: str, status: str, *ledger: tuple[str, int, int, int], **fields: Any) -> Wanted:
    payment = fields.pop("payment", PAYMENT)
    said = {"amount": 3500, "currency": "usd", "reason": "fraudulent", "due_by": DUE, "submission_count": 0}
    return Wanted(of, status, payment, ledger, tuple((said | {"has_evidence": False, "appeal": None} | fields).items()))


ASKED = "requested_by_customer"
DUE = datetime.fromtimestamp(1795446610 + 864_000 + 777_600, UTC)
SENT = {"submission_count": 1, "has_evidence": True}
FRAUD, LOST, INQUIRY = "du_3SynthFraud", "du_3SynthLost", "du_3SynthInquiry"
GONE = ("txn_3SynthLost", -3500, 1500, -5000)

SAMPLES: dict[str, Wanted] = {
    "refund.created": refund("re_3SynthPart", "succeeded", 500, reason=ASKED),
    "refund.created.pending": refund("re_3SynthSlow", "pending", 3500),
    "refund.created.requires_action": refund(
        "pyr_3SynthVoucher", "requires_action", 3500, currency="jpy", payment="pi_3SynthVoucher"
    ),
    "refund.updated": refund("re_3SynthSlow", "succeeded", 3500),
    "refund.updated.canceled": refund("re_3SynthCanceled", "canceled", 3500),
    "refund.failed": refund("re_3SynthSlow", "failed", 3500, failure_reason="lost_or_stolen_card"),
    "charge.refund.updated.2023-10-16": refund(
        "re_3SynthRest", "failed", 3000, reason=ASKED, failure_reason="expired_or_canceled_card"
    ),
    "charge.dispute.created": dispute(FRAUD, "needs_response"),
    "charge.dispute.funds_withdrawn": dispute(FRAUD, "needs_response", OUT),
    "charge.dispute.updated": dispute(FRAUD, "under_review", OUT, **SENT),
    "charge.dispute.funds_reinstated": dispute(FRAUD, "won", OUT, BACK, **SENT),
    "charge.dispute.closed": dispute(FRAUD, "won", OUT, BACK, **SENT),
    "charge.dispute.closed.lost": dispute(LOST, "lost", GONE),
    "charge.dispute.updated.appeal": dispute(LOST, "appeal_under_review", GONE, appeal="under_review", **SENT),
    "charge.dispute.created.inquiry": dispute(INQUIRY, "warning_needs_response", reason="general"),
    "charge.dispute.closed.inquiry": dispute(INQUIRY, "warning_closed", reason="general"),
    "charge.dispute.created.prevented": dispute("du_3SynthPrevented", "prevented", due_by=None),
    "charge.dispute.created.sepa": dispute(
        "du_3SynthSepa",
        "lost",
        ("txn_3SynthSepa", -3000, 750, -3750),
        amount=3000,
        currency="eur",
        reason="debit_not_authorized",
        due_by=None,
        payment="pi_3SynthSepa",
    ),
    "radar.early_fraud_warning.created": Wanted(
        "issfr_3Synth", "actionable", fields=(("fraud_type", "made_with_stolen_card"),)
    ),
    "radar.early_fraud_warning.updated": Wanted(
        "issfr_3Synth", "settled", fields=(("fraud_type", "made_with_stolen_card"),)
    ),
    "review.opened": Wanted("prv_3Synth", "open", fields=(("reason", "rule"), ("closed_reason", None))),
    "review.closed": Wanted("prv_3Synth", "closed", fields=(("reason", "rule"), ("closed_reason", "approved"))),
    "review.closed.refunded_as_fraud": Wanted(
        "prv_3Synth", "closed", fields=(("reason", "rule"), ("closed_reason", "refunded_as_fraud"))
    ),
}
WITH_CHARGES = {"charge.refunded.2022-08-01", "charge.refunded.2023-10-16", "charge.refunded.2026-10-28.endive"}
CARTS = {"checkout.session.expired", "checkout.session.expired.no_consent", "checkout.session.expired.no_recovery"}


def events(name: str) -> list[dict[str, Any]]:
    return load(f"synthetic/after_sale/{name}.json")


def test_every_sample_is_named_here() -> None:
    assert sorted({*SAMPLES, *WITH_CHARGES, *CARTS}) == OWN_SAMPLES


def test_every_type_after_the_sale_has_a_sample_and_its_thin_twin() -> None:
    told = {each["type"] for name in OWN_SAMPLES for each in events(name)}
    wanted = {each for types in AFTER_SALE.values() for each in types} | {EXPIRED}
    assert wanted | {f"v1.{each}" for each in wanted} | {*OLD_REFUNDS} == told
    assert told <= order_types(abandoned_carts=True)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_read_to_its_fields(name: str) -> None:
    wanted = SAMPLES[name]
    snapshot = events(name)[0]
    told = parse_after_sale(json.dumps(snapshot).encode(), NOW)
    assert (told.type, told.payment_intent) == (snapshot["type"], wanted.payment)
    assert told.facts is not None
    (fact,) = told.facts
    assert (fact.id, fact.told.status, type(fact.told)) == (wanted.of, wanted.status, KINDS[fact.field])
    assert {name: getattr(fact.told, name) for name, _ in wanted.fields} == dict(wanted.fields)
    claims = {wanted.status} | ({"lost"} if wanted.status in APPEALS else set())
    assert {(status, claim.event) for status, claim in fact.told.claims.items()} == {(s, told.id) for s in claims}
    if isinstance(fact.told, Dispute):
        moved = {of: (each.amount, each.fee, each.net) for of, each in fact.told.ledger.items()}
        assert moved == {of: tuple(rest) for of, *rest in wanted.ledger}


def test_every_kind_of_object_has_a_sample() -> None:
    told = (parse_after_sale(json.dumps(events(name)[0]).encode(), NOW) for name in SAMPLES)
    kinds = {type(fact.told) for each in told for fact in each.facts or ()}
    assert kinds == {Refund, Dispute, FraudWarning, RadarReview}


def test_an_old_charge_tells_of_all_its_refunds() -> None:
    told = parse_after_sale(json.dumps(events("charge.refunded.2022-08-01")[0]).encode(), NOW)
    assert told.facts is not None
    seen = {
        each.id: (each.payment_intent, each.told.status, each.told.claims["succeeded"].event) for each in told.facts
    }
    wanted = (PAYMENT, "succeeded", told.id)
    assert seen == {"re_3SynthPart": wanted, "re_3SynthRest": wanted}


@pytest.mark.parametrize("name", sorted(WITH_CHARGES - {"charge.refunded.2022-08-01"}))
def test_a_newer_charge_tells_only_that_there_are_refunds(name: str) -> None:
    told = parse_after_sale(json.dumps(events(name)[0]).encode(), NOW)
    assert (told.payment_intent, told.facts) == (PAYMENT, None)


@pytest.mark.parametrize("name", [name for name in OWN_SAMPLES if len(events(name)) > 1])
def test_a_thin_twin_names_the_object_of_its_snapshot(name: str) -> None:
    snapshot, thin = events(name)
    told = parse_thin(json.dumps(thin).encode(), {*OBJECTS, SESSION})
    assert (told.type, told.snapshot_event) == (f"v1.{snapshot['type']}", snapshot["id"])
    assert told.object_id == snapshot["data"]["object"]["id"]
    assert thin["related_object"]["url"].endswith(f"s/{told.object_id}")


def test_a_cart_has_its_link_and_the_buyers_consent() -> None:
    carts = {name: events(name)[0]["data"]["object"] for name in CARTS}
    consents = {name: (of["consent"] or {}).get("promotions") for name, of in carts.items()}
    links = {name: bool(of["after_expiration"]) for name, of in carts.items()}
    assert consents == dict(zip(sorted(CARTS), ("opt_in", "opt_out", None), strict=True))
    assert links == dict(zip(sorted(CARTS), (True, True, False), strict=True))


RECORDED = [
    ("charge.refunded", "re_000000000000000000000000", "succeeded", {}),
    ("charge.dispute.created", "dp_000000000000000000000000", "warning_needs_response", {}),
    (
        "charge.dispute.funds_reinstated",
        "dp_00000000000000",
        "needs_response",
        {"txn_1Bl3mMGWCopOTFn18p8iALq8": -25_000},
    ),
]


@pytest.mark.parametrize(("name", "of", "status", "ledger"), RECORDED)
def test_events_of_years_ago_are_read(name: str, of: str, status: str, ledger: dict[str, int]) -> None:
    (said,) = load(f"stripe-ruby-mock-mit/after_sale/{name}.json")
    told = parse_after_sale(json.dumps(said).encode(), NOW)
    assert told.facts is not None
    (fact,) = told.facts
    assert (fact.id, fact.told.status, told.payment_intent) == (of, status, None)
    if isinstance(fact.told, Dispute):
        assert {name: each.amount for name, each in fact.told.ledger.items()} == ledger
