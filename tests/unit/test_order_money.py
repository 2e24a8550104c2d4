"""What became of an order's money: the table of `order_money`, row by row and in every combination."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from fulfillment.domain.after_sale import Dispute, Fact, LedgerEntry, Refund
from fulfillment.domain.checkout import Presentment
from fulfillment.domain.facts import with_facts
from fulfillment.domain.ids import Currency
from fulfillment.domain.order import Order
from fulfillment.domain.order_money import TABLE, MoneyStatus
from support.after_sales import told
from support.builders import order

USD, EUR = Currency("usd"), Currency("eur")


def sold(*facts: Fact, **changes: Any) -> Order:
    fields: dict[str, Any] = {"amount_total": 1000, "currency": USD} | changes
    return with_facts(order(**fields), facts, frozenset())


def refund(status: str, amount: int, name: str = "re_1", currency: str = "usd") -> Fact:
    return told(name, status, f"evt_{name}", amount=amount, currency=Currency(currency))


def dispute(status: str, name: str = "dp_1", **more: Any) -> Fact:
    return told(name, status, f"evt_{name}", field="disputes", **more)


DISPUTES = {
    "needs_response": "disputed",
    "under_review": "disputed",
    "appeal_needs_response": "disputed",
    "appeal_under_review": "disputed",
    "warning_needs_response": "inquiry",
    "warning_under_review": "inquiry",
    "lost": "lost",
    "prevented": "refunded",
    "won": "won",
    "warning_closed": "kept",
    "odd": "kept",
}
REFUNDS = {
    ("succeeded", 1000): "refunded",
    ("succeeded", 1001): "refunded",
    ("pending", 1000): "refunding",
    ("requires_action", 1000): "refunding",
    ("succeeded", 999): "partly_refunded",
    ("failed", 1000): "kept",
    ("canceled", 1000): "kept",
    ("odd", 1000): "kept",
}
ORDER = ["disputed", "inquiry", "lost", "refunded", "refunding", "partly_refunded", "won", "kept"]


def test_the_table_has_every_status_once_in_its_order() -> None:
    assert [status.value for status, _ in TABLE] == ORDER == [each.value for each in MoneyStatus]


@pytest.mark.parametrize(("status", "money"), DISPUTES.items())
def test_a_dispute_alone(status: str, money: str) -> None:
    assert sold(dispute(status)).money.status == money


@pytest.mark.parametrize(("given", "money"), REFUNDS.items())
def test_a_refund_alone(given: tuple[str, int], money: str) -> None:
    assert sold(refund(*given)).money.status == money


def test_of_several_the_first_in_the_table_holds() -> None:
    disputes = [(dispute(status), money) for status, money in DISPUTES.items()]
    others = [(dispute(status, "dp_2"), money) for status, money in DISPUTES.items()]
    refunds = [(refund(*given), money) for given, money in REFUNDS.items()]
    for facts in itertools.product(disputes, others, refunds):
        expected = min((money for _, money in facts), key=ORDER.index)
        assert sold(*(fact for fact, _ in facts)).money.status == expected, facts


@pytest.mark.parametrize(
    ("refunds", "status", "refunded", "refunding", "kept"),
    [
        ((), "kept", 0, 0, 1000),
        ((("succeeded", 400), ("succeeded", 600)), "refunded", 1000, 0, 0),
        ((("succeeded", 400), ("pending", 100)), "refunding", 400, 100, 600),
        ((("succeeded", 400), ("requires_action", 100), ("failed", 500)), "refunding", 400, 100, 600),
        ((("succeeded", 400), ("canceled", 600)), "partly_refunded", 400, 0, 600),
    ],
)
def test_the_sums(refunds: Sequence[tuple[str, int]], status: str, refunded: int, refunding: int, kept: int) -> None:
    money = sold(*(refund(*given, name=f"re_{place}") for place, given in enumerate(refunds))).money
    assert (money.status, money.refunded, money.refunding, money.kept) == (status, refunded, refunding, kept)
    assert money.currency == "usd"


def test_two_partial_refunds_in_the_same_second_are_both_counted() -> None:
    assert sold(refund("succeeded", 500, "re_1"), refund("succeeded", 500, "re_2")).money.status == "refunded"


def test_a_dispute_may_take_more_than_the_charge_and_a_win_gives_it_back() -> None:
    taken = LedgerEntry(amount=-1200, fee=1500, net=-2700, currency=USD)
    back = replace(taken, amount=1200, fee=0, net=1200)
    assert sold(dispute("needs_response", amount=1200, ledger={"txn_1": taken})).money.kept == -200
    assert sold(dispute("won", ledger={"txn_1": taken, "txn_2": back})).money.kept == 1000


def test_what_moved_in_another_currency_cannot_be_summed() -> None:
    moved = LedgerEntry(amount=-900, fee=0, net=-900, currency=EUR)
    assert sold(dispute("lost", ledger={"txn_1": moved})).money.kept is None


def test_a_refund_in_the_currency_that_the_buyer_saw_is_compared_with_that_total() -> None:
    shown: dict[str, Any] = {"presentment": Presentment(amount=900, currency=EUR)}
    whole = sold(refund("succeeded", 900, currency="eur"), **shown)
    assert (whole.money.status, whole.money.currency, whole.money.refunded, whole.money.kept, whole.review) == (
        *("refunded", "eur", 900, None),
        (),
    )
    part = sold(refund("succeeded", 899, currency="eur"), **shown)
    assert part.money.status == "partly_refunded"


def test_a_third_currency_is_a_partial_refund_under_review() -> None:
    found = sold(refund("succeeded", 5000, currency="gbp"), presentment=Presentment(amount=900, currency=EUR))
    assert (found.money.status, found.money.kept, found.review) == ("partly_refunded", None, ("currency_differs",))


def test_refunds_in_two_currencies_have_no_sum() -> None:
    shown: dict[str, Any] = {"presentment": Presentment(amount=900, currency=EUR)}
    money = sold(refund("succeeded", 500, "re_1"), refund("succeeded", 450, "re_2", "eur"), **shown).money
    assert (money.status, money.currency, money.refunded, money.refunding, money.kept) == (
        *("partly_refunded", None, None, None, None),
    )


def test_before_the_payment_nothing_is_kept_yet() -> None:
    assert sold(payment_status="unpaid").money.kept is None
    assert sold(payment_status="no_payment_required", amount_total=0).money.kept == 0


@pytest.mark.parametrize("total", [None, 0])
def test_a_refund_of_an_unknown_or_empty_total_is_never_in_full(total: int | None) -> None:
    assert sold(refund("succeeded", 500), amount_total=total).money.status == "partly_refunded"


def test_the_smallest_total_can_be_refunded_in_full() -> None:
    assert sold(refund("succeeded", 1), amount_total=1).money.status == "refunded"


def test_an_amount_that_is_missing_counts_nothing() -> None:
    missing = told("re_1", "succeeded", "evt_1", amount=None)
    assert (sold(missing).money.refunded, sold(missing).money.status) == (0, "partly_refunded")


def test_the_names_of_records() -> None:
    found = sold(refund("pending", 1), dispute("won"))
    assert isinstance(found.refunds["re_1"], Refund)
    assert isinstance(found.disputes["dp_1"], Dispute)
