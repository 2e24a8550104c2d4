"""The life after the sale at the stand-in of Stripe: the events are those that Stripe sends, in its format."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.after_sale import Dispute, Refund
from fulfillment.domain.after_sale_events import parse_after_sale
from fulfillment.domain.event_types import AFTER_SALE, entry_point_of, registered_types
from fulfillment.domain.ids import OWN
from fulfillment.stripe_types import SNAPSHOT
from fulfillment.stripe_types import THIN as THIN_TYPES
from local.fakes.memory_stripe import MemoryStripe
from local.fakes.stripe_after_sale import AfterSaleWorld
from local.fakes.stripe_events import Json, body, session
from local.fakes.stripe_payments import Told
from support.builders import NOW

PAYMENT = "pi_1"


def world(api_version: str = "2026-10-28.endive", **changes: Any) -> AfterSaleWorld:
    made = AfterSaleWorld(stripe=MemoryStripe(), api_version=api_version)
    made.pay(session("cs_test_a", payment_intent=PAYMENT, amount_total=3500) | changes)
    return made


def types(told: list[Told]) -> list[str]:
    return [each.type for each in told]


def status(each: Told) -> Any:
    return each.object["status"]


def facts(each: Told) -> tuple[Any, ...] | None:
    """What the product reads in the snapshot event."""
    return parse_after_sale(body(each.snapshot), NOW).facts


REFUNDS = [
    (("succeeded",), ["refund.created"]),
    (("pending", "succeeded"), ["refund.created", "refund.updated"]),
    (("pending", "succeeded", "failed"), ["refund.created", "refund.updated", "refund.failed"]),
    (("succeeded", "requires_action"), ["refund.created", "refund.updated"]),
    (("requires_action", "failed"), ["refund.created", "refund.failed"]),
    (("pending", "canceled"), ["refund.created", "refund.updated"]),
]


@pytest.mark.parametrize(("statuses", "wanted"), REFUNDS)
def test_a_refund_tells_each_of_its_statuses(statuses: tuple[str, ...], wanted: list[str]) -> None:
    told = world().refunded(PAYMENT, *statuses, amount=500)
    assert types(told) == wanted
    assert [status(each) for each in told] == list(statuses)
    assert {each.about for each in told} == {each.object["id"] for each in told}


DISPUTES = [
    (("needs_response", "under_review", "lost"), ["created", "funds_withdrawn", "updated", "closed"]),
    (
        ("needs_response", "under_review", "won"),
        ["created", "funds_withdrawn", "updated", "funds_reinstated", "closed"],
    ),
    (("lost",), ["created", "funds_withdrawn", "closed"]),
    (("lost", "won"), ["created", "funds_withdrawn", "closed", "funds_reinstated", "closed"]),
    (("warning_needs_response", "warning_under_review", "warning_closed"), ["created", "updated", "closed"]),
    (("warning_needs_response", "needs_response"), ["created", "updated", "funds_withdrawn"]),
    (("prevented", "needs_response"), ["created", "funds_withdrawn", "updated"]),
    (("lost", "appeal_under_review", "lost"), ["created", "funds_withdrawn", "closed", "updated", "closed"]),
]


@pytest.mark.parametrize(("statuses", "wanted"), DISPUTES)
def test_a_dispute_tells_each_of_its_statuses_and_movements(statuses: tuple[str, ...], wanted: list[str]) -> None:
    told = world().disputed(PAYMENT, *statuses)
    assert types(told) == [f"charge.dispute.{each}" for each in wanted]
    assert status(told[0]) == statuses[0]
    assert status(told[-1]) == statuses[-1]


def test_a_dispute_that_is_won_gives_back_what_it_took() -> None:
    moved = world().disputed(PAYMENT, "needs_response", "won")[-1].object["balance_transactions"]
    assert [(each["amount"], each["reporting_category"]) for each in moved] == [
        (-3500, "dispute"),
        (3500, "dispute_reversal"),
    ]


def test_evidence_is_counted_when_it_is_sent() -> None:
    told = world().disputed(PAYMENT, "needs_response", "under_review")
    seen = [(each.object["evidence_details"]["submission_count"]) for each in told]
    assert seen == [0, 0, 1]


def test_a_warning_is_settled_by_a_full_refund_or_a_dispute_and_not_by_a_part() -> None:
    for is_disputed in (False, True):
        of = world()
        of.warn(PAYMENT)
        assert types(of.refund(PAYMENT, 1)) == ["refund.created"]
        *_, last = of.dispute(PAYMENT) if is_disputed else of.refund(PAYMENT)
        assert (last.type, last.object["actionable"]) == ("radar.early_fraud_warning.updated", False)


async def test_an_open_review_is_found_until_it_is_closed() -> None:
    stripe = MemoryStripe()
    of = AfterSaleWorld(stripe=stripe)
    of.payment(PAYMENT, 100)
    (opened,) = of.review(PAYMENT)
    found = await stripe.open_review_of(PAYMENT, OWN)
    assert found
    assert found["id"] == opened.about
    (closed,) = of.close_review(opened.about, "refunded")
    assert (closed.type, closed.object["closed_reason"]) == ("review.closed", "refunded")
    assert await stripe.open_review_of(PAYMENT, OWN) is None


def test_an_old_endpoint_gets_the_charge_with_its_refunds() -> None:
    of = world("2022-08-01")
    of.refund(PAYMENT, 100)
    (told,) = of.refund(PAYMENT, 200)
    assert (told.type, told.thin, told.object["amount_refunded"]) == ("charge.refunded", None, 300)
    found = facts(told)
    assert found is not None
    assert {each.told.amount for each in found} == {100, 200}
    assert types(of.becomes(told.about, "failed")) == ["charge.refund.updated"]


def test_a_less_old_endpoint_gets_the_charge_without_them() -> None:
    (told,) = world("2023-10-16").refund(PAYMENT, 100)
    assert (told.type, facts(told)) == ("charge.refunded", None)


def test_what_was_told_does_not_change_later() -> None:
    of = world()
    (first,) = of.refund(PAYMENT, 100, "pending")
    of.becomes(first.about, "failed")
    assert status(first) == "pending"


def test_a_connected_accounts_events_name_it_in_both_forms() -> None:
    of = AfterSaleWorld(stripe=MemoryStripe())
    of.pay(session("cs_test_a", payment_intent=PAYMENT), account="acct_1")
    (told,) = of.refund(PAYMENT)
    assert told.thin
    assert (told.snapshot["account"], told.snapshot["context"], told.thin["context"]) == ("acct_1", "acct_1", "acct_1")
    assert of.stripe.accounts[told.about] == "acct_1"


def test_a_live_payments_events_are_live() -> None:
    (told,) = world(livemode=True).refund(PAYMENT)
    assert told.thin
    assert (told.snapshot["livemode"], told.thin["livemode"]) == (True, True)


async def test_a_renewals_payment_is_found_by_its_invoice() -> None:
    stripe = MemoryStripe()
    of = AfterSaleWorld(stripe=stripe)
    of.invoice("in_1", "sub_1", "pi_renewal")
    of.refund("pi_renewal", 100)
    (paid,) = await stripe.invoice_payments_of(OWN, payment_intent="pi_renewal")
    assert paid["invoice"]["parent"]["subscription_details"]["subscription"] == "sub_1"
    assert len(await stripe.refunds_of("pi_renewal", OWN)) == 1


LIFE = st.lists(
    st.one_of(
        st.tuples(st.just("refund"), st.sampled_from(Refund.CHAIN)),
        st.tuples(st.just("dispute"), st.sampled_from(Dispute.CHAIN)),
        st.tuples(st.just("becomes"), st.integers(0, 99)),
        st.tuples(st.sampled_from(["warn", "review"]), st.none()),
    ),
    min_size=1,
    max_size=12,
)


@given(LIFE, st.sampled_from(["2020-08-27", "2022-11-15", "2024-06-20", "2024-10-28.acacia", "2026-10-28.endive"]))
def test_every_event_of_any_life_can_be_read_and_is_registered(life: list[tuple[str, Any]], version: str) -> None:
    of = world(version)
    changing: list[Json] = []
    for what, how in life:
        if what in {"refund", "dispute"}:
            made = of.refund(PAYMENT, 10, how) if what == "refund" else of.dispute(PAYMENT, how)
            changing.append(of.object(made[0].about))
        elif what == "becomes" and changing:
            each = changing[how % len(changing)]
            chain = (Refund if each["object"] == "refund" else Dispute).CHAIN
            of.becomes(each["id"], chain[how % len(chain)])
        elif what in {"warn", "review"}:
            (of.warn if what == "warn" else of.review)(PAYMENT)
    for told in of.told:
        assert told.type in SNAPSHOT
        assert told.type in registered_types(thin=False, api_version=version, abandoned_carts=False)
        found = facts(told)
        if found is not None:
            assert told.about in {each.id for each in found}
            assert {each.payment_intent for each in found} == {PAYMENT}
        if told.thin:
            assert told.thin["type"] in THIN_TYPES
            assert told.thin["snapshot_event"] == told.snapshot["id"]
            assert of.stripe.others[told.thin["related_object"]["url"]]["id"] == told.about
        else:
            assert entry_point_of(told.type) == "on_refund"
            assert told.type not in AFTER_SALE["on_refund"]
