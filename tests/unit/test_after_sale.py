"""What happens after the sale is a join: the same events and reads give the same objects, in any order and number."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.after_sale import AfterSale, Dispute, Fact, LedgerEntry, Refund
from fulfillment.domain.facts import with_facts
from fulfillment.domain.ids import Currency
from fulfillment.domain.joins import merge
from fulfillment.domain.order import Order
from fulfillment.orders.documents import from_document, to_document
from support.after_sales import read, told
from support.builders import NOW, order

REFUND_LIVES = (
    ("succeeded",),
    ("pending", "succeeded"),
    ("pending", "succeeded", "failed"),
    ("requires_action", "pending", "succeeded", "requires_action"),
    ("requires_action", "failed"),
    ("pending", "canceled"),
    ("succeeded", "failed"),
    ("sent_to_the_moon", "succeeded"),
)
DISPUTE_LIVES = (
    ("warning_needs_response", "warning_under_review", "warning_closed"),
    ("warning_needs_response", "needs_response", "under_review", "won"),
    ("needs_response", "lost"),
    ("needs_response", "under_review", "lost", "won"),
    ("lost", "appeal_needs_response", "appeal_under_review", "lost"),
    ("lost", "appeal_under_review", "won"),
    ("prevented",),
    ("prevented", "needs_response", "under_review"),
    ("frozen", "needs_response"),
)
LIVES = [("refunds", "re_1", life) for life in REFUND_LIVES] + [("disputes", "dp_1", life) for life in DISPUTE_LIVES]


def life(field: str, name: str, statuses: Sequence[str], gap: int = 1) -> list[Fact]:
    """An event for each step. The ids say nothing of the order."""
    ids = ("evt_5", "evt_1", "evt_8", "evt_2")
    return [told(name, each, ids[at], at * gap, field=field) for at, each in enumerate(statuses)]


def after(facts: Sequence[Fact], before: Order | None = None) -> Order:
    known = before or order(payment_intent="pi_1")
    for each in facts:
        known = with_facts(known, [each], frozenset())
    return known


def joined(facts: Sequence[Fact]) -> tuple[object, ...]:
    """What must not depend on the order of arrival."""
    known = after(facts)
    return (known.refunds, known.disputes, known.warnings, known.radar_reviews, known.money, known.review)


def the(facts: Sequence[Fact]) -> AfterSale:
    """The one object of the facts."""
    known = after(facts)
    return next(iter({**known.refunds, **known.disputes, **known.warnings, **known.radar_reviews}.values()))


@pytest.mark.parametrize(("field", "name", "statuses"), LIVES)
def test_every_permutation_of_a_life_gives_one_object(field: str, name: str, statuses: Sequence[str]) -> None:
    facts = life(field, name, statuses)
    assert {str(joined(each)) for each in itertools.permutations(facts)} == {str(joined(facts))}


@st.composite
def tales(draw: st.DrawFn) -> tuple[list[Fact], list[Fact]]:
    """The facts of some lives with twins, other renderings and reads; and the same, shuffled and partly twice."""
    facts: list[Fact] = []
    for place, (field, _, statuses) in enumerate(draw(st.lists(st.sampled_from(LIVES), min_size=1, max_size=3))):
        name, gap = f"{field}_{place}", draw(st.sampled_from([0, 1, 100]))
        for at, each in enumerate(statuses):
            event = f"evt_{draw(st.integers(0, 9))}_{place}_{at}"
            more = {"ledger": {f"txn_{at}": ENTRY}} if field == "disputes" else {}
            facts.append(told(name, each, event, at * gap, field=field, reason=f"r{at}", **more))
            if draw(st.booleans()):
                facts.append(told(name, each, event, at * gap, field=field, reason="old", version="2020-08-27", **more))
            if draw(st.booleans()):
                facts.append(read(name, each, at * gap + draw(st.integers(0, 200)), field=field, reason="read", **more))
    again = draw(st.lists(st.sampled_from(facts), max_size=4))
    return facts, draw(st.permutations([*facts, *again]))


ENTRY = LedgerEntry(amount=-1000, fee=1500, net=-2500, currency=Currency("usd"))


@given(tales())
def test_any_order_and_number_of_events_twins_renderings_and_reads_gives_one_document(
    tale: tuple[list[Fact], list[Fact]],
) -> None:
    facts, shuffled = tale
    assert joined(shuffled) == joined(facts)


@given(tales(), st.data())
def test_a_join_in_parts_is_the_join_of_all(tale: tuple[list[Fact], list[Fact]], data: st.DataObject) -> None:
    """Associative: what two deliveries know is joined as if one had known all."""
    facts = [each for each in tale[1] if each.id == tale[1][0].id]
    cut = data.draw(st.integers(1, max(1, len(facts) - 1)))
    parts = [_joined(part) for part in (facts[:cut], facts[cut:]) if part]
    whole: AfterSale | None = None
    for part in parts:
        whole = merge(whole, part)
    assert whole == _joined(facts)


def _joined(facts: Sequence[Fact]) -> AfterSale:
    known: AfterSale | None = None
    for each in facts:
        known = merge(known, each.told)
    assert known
    return known


@given(tales())
def test_what_was_stored_is_read_as_it_was(tale: tuple[list[Fact], list[Fact]]) -> None:
    known = after(tale[0])
    assert from_document(to_document(known)) == known


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        (("pending", "succeeded"), "succeeded"),
        (("pending", "succeeded", "failed"), "failed"),
        (("pending", "canceled"), "canceled"),
        (("requires_action", "pending", "succeeded", "requires_action"), "succeeded"),
        (("requires_action", "failed"), "failed"),
        (("odd", "requires_action"), "requires_action"),
    ],
)
def test_a_refund_has_the_highest_status_that_was_claimed(statuses: Sequence[str], status: str) -> None:
    assert the(life("refunds", "re_1", statuses)).status == status


@pytest.mark.parametrize(
    ("statuses", "status", "appeal"),
    [
        (("warning_needs_response", "warning_closed"), "warning_closed", None),
        (("warning_closed", "needs_response"), "needs_response", None),
        (("needs_response", "under_review", "lost"), "lost", None),
        (("lost", "won"), "won", None),
        (("lost", "appeal_needs_response"), "appeal_needs_response", "needs_response"),
        (("appeal_under_review", "lost"), "appeal_under_review", "under_review"),
        (("appeal_under_review", "won"), "won", None),
        (("under_review", "prevented"), "prevented", None),
    ],
)
def test_a_dispute_has_the_highest_status_that_was_claimed(
    statuses: Sequence[str], status: str, appeal: str | None
) -> None:
    found = the(life("disputes", "dp_1", statuses))
    assert isinstance(found, Dispute)
    assert (found.status, found.appeal) == (status, appeal)


def test_an_appeal_also_claims_lost() -> None:
    assert list(the([told("dp_1", "appeal_under_review", "evt_1", field="disputes")]).claims) == [
        "lost",
        "appeal_under_review",
    ]


def test_a_read_that_is_newer_than_all_events_says_the_status() -> None:
    events = life("refunds", "re_1", ("pending", "succeeded"))
    assert the([*events, read("re_1", "requires_action", at=61)]).status == "succeeded", "the clocks may differ so far"
    assert the([*events, read("re_1", "requires_action", at=62)]).status == "requires_action"
    later = told("re_1", "failed", "evt_9", at=63)
    assert the([*events, read("re_1", "requires_action", at=62), later]).status == "failed", "an event is newer again"


def test_a_status_that_only_a_read_knows_takes_nothing_away() -> None:
    event = told("re_1", "succeeded", "evt_1")
    for status in ("settling", "unknown"):
        found = the([event, read("re_1", status, at=100)])
        assert (found.status, sorted(found.claims), found.is_settled) == (
            "succeeded",
            sorted(["succeeded", status]),
            True,
        )


def test_the_end_of_the_calendar_breaks_nothing() -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    event = told("re_1", "succeeded", "evt_1")
    late = replace(event, told=replace(event.told, newest=last))
    assert the([late, read("re_1", "pending", at=100)]).status == "succeeded"


def test_a_read_alone_says_the_status_and_claims_it() -> None:
    found = the([read("re_1", "succeeded", at=5)])
    assert (found.status, list(found.claims), found.newest) == ("succeeded", ["succeeded"], None)
    assert found.claims["succeeded"].event == "reconcile:re_1:succeeded"


def test_of_two_reads_the_newer_counts_and_of_the_same_time_the_higher() -> None:
    found = the([read("re_1", "failed", at=9), read("re_1", "pending", at=5)])
    assert found.status == "failed"
    assert the([read("re_1", "succeeded", at=5), read("re_1", "pending", at=5)]).status == "succeeded"


def test_the_fields_are_those_of_the_highest_claim() -> None:
    first = told("re_1", "pending", "evt_1", reason="duplicate", amount=5)
    last = told("re_1", "failed", "evt_2", reason="fraudulent", amount=7, failure_reason="declined")
    for facts in ([first, last], [last, first]):
        found = the(facts)
        assert isinstance(found, Refund)
        assert (found.reason, found.amount, found.failure_reason) == ("fraudulent", 7, "declined")


def test_of_equal_claims_the_smallest_event_id_leads_and_of_one_event_the_newest_rendering() -> None:
    small = told("re_1", "succeeded", "evt_1", reason="small")
    great = told("re_1", "succeeded", "evt_2", reason="great")
    old = told("re_1", "succeeded", "evt_1", reason="old", version="2020-08-27")
    found = read("re_1", "succeeded", reason="found")
    for facts in itertools.permutations([small, great, old, found]):
        known = the(facts)
        assert isinstance(known, Refund)
        assert (known.reason, known.claims["succeeded"].event) == ("small", "evt_1")
        assert known.claims["succeeded"].api_version == "2026-10-28.endive"


def test_a_claim_has_the_time_when_its_event_was_first_received() -> None:
    first, again = told("re_1", "pending", "evt_1"), told("re_1", "pending", "evt_1")
    claim = replace(again.told.claims["pending"], received_at=NOW + timedelta(days=1))
    late = replace(again, told=replace(again.told, claims={"pending": claim}))
    assert the([late, first]).claims["pending"].received_at == NOW
    assert the([first, late]).claims["pending"].received_at == NOW


def test_evidence_only_grows_and_every_movement_is_kept() -> None:
    one = told("dp_1", "needs_response", "evt_1", field="disputes", due_by=NOW, ledger={"txn_1": ENTRY})
    two = told("dp_1", "needs_response", "evt_2", field="disputes", has_evidence=True, submission_count=1)
    moved = told("dp_1", "won", "evt_3", field="disputes", ledger={"txn_2": replace(ENTRY, amount=1000)})
    for facts in itertools.permutations([one, two, moved]):
        found = the(facts)
        assert isinstance(found, Dispute)
        assert (found.due_by, found.has_evidence, found.submission_count) == (NOW, True, 1)
        assert sorted(found.ledger) == ["txn_1", "txn_2"]


@pytest.mark.parametrize(
    ("known", "new", "needed"),
    [
        (("succeeded", 5), ("requires_action", 5), True),
        (("succeeded", 5), ("requires_action", 6), True),
        (("succeeded", 5), ("requires_action", 4), False),
        (("requires_action", 5), ("succeeded", 4), True),
        (("requires_action", 5), ("succeeded", 5), False),
        (("requires_action", 5), ("requires_action", 4), False),
        (("succeeded", 5), ("failed", 6), False),
        (("succeeded", 5), ("succeeded", 6), False),
    ],
)
def test_a_read_is_needed_where_a_newer_event_claims_less_than_an_older_one(
    known: tuple[str, int], new: tuple[str, int], *, needed: bool
) -> None:
    before = the([told("re_1", known[0], "evt_1", known[1])])
    assert before.needs_read(told("re_1", new[0], "evt_2", new[1]).told) is needed
    assert before.needs_read(read("re_1", new[0], new[1]).told) is False, "a read is as good as another"


def test_a_read_settles_what_it_does_not_contradict_or_is_clearly_newer_than() -> None:
    event = told("re_1", "succeeded", "evt_1")
    assert the([event]).is_settled
    assert the([event, read("re_1", "succeeded", at=1)]).is_settled
    assert not the([event, read("re_1", "pending", at=60)]).is_settled
    assert the([event, read("re_1", "pending", at=61)]).is_settled


def test_unknown_statuses_are_the_lowest_and_are_told() -> None:
    known = after([told("re_1", "odd", "evt_1"), told("dp_1", "odder", "evt_2", field="disputes")])
    assert (known.refunds["re_1"].status, known.disputes["dp_1"].status) == ("odd", "odder")
    assert known.review == ("unknown_dispute_status", "unknown_refund_status")
    for facts in itertools.permutations([told("re_1", "b", "evt_1"), told("re_1", "a", "evt_2")]):
        assert the(facts).status == "b"
    assert Refund.rank("a") < Refund.rank("b") < Refund.rank("requires_action")


@pytest.mark.parametrize(("field", "chain"), [("refunds", Refund.CHAIN), ("disputes", Dispute.CHAIN)])
def test_stripes_own_statuses_are_no_reason_to_look(field: str, chain: Sequence[str]) -> None:
    all_of_them = [told("x_1", each, f"evt_{place}", field=field) for place, each in enumerate(chain)]
    assert after(all_of_them).review == ()
    assert [after([each]).review for each in all_of_them] == [()] * len(chain)


def test_the_chains_are_stripes_words() -> None:
    assert Refund.CHAIN == ("requires_action", "pending", "succeeded", "canceled", "failed")
    assert Dispute.CHAIN[:5] == (
        *("warning_needs_response", "warning_under_review", "warning_closed", "needs_response", "under_review"),
    )
    assert Dispute.CHAIN[5:] == ("prevented", "lost", "appeal_needs_response", "appeal_under_review", "won")


def test_warnings_and_reviews_only_end() -> None:
    for facts in itertools.permutations(
        [
            told("issfr_1", "settled", "evt_1", field="warnings"),
            told("issfr_1", "actionable", "evt_2", field="warnings"),
        ]
    ):
        assert the(facts).status == "settled"
    for facts in itertools.permutations(
        [
            told("prv_1", "open", "evt_1", field="radar_reviews"),
            told("prv_1", "closed", "evt_2", field="radar_reviews", closed_reason="approved"),
        ]
    ):
        assert the(facts).status == "closed"


def test_what_a_newer_version_stored_in_an_object_survives_a_join() -> None:
    known = replace(told("re_1", "pending", "evt_1").told, unknown={"newer": 1})
    assert merge(known, told("re_1", "succeeded", "evt_2").told).unknown == {"newer": 1}
