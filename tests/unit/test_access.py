"""The level of access by the shop's policy, and the number of each change."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from fulfillment.domain.access import (
    BEFORE,
    DEFAULT_RULES,
    Access,
    AccessRule,
    Level,
    access_key,
    changed,
    level_of,
    rules,
)
from fulfillment.domain.after_sale import Fact
from fulfillment.domain.facts import with_facts
from fulfillment.domain.ids import Currency
from support.after_sales import told
from support.builders import order

FULL = told("re_1", "succeeded", "evt_1")
PART = told("re_1", "succeeded", "evt_1", amount=1)
AT = datetime(2026, 11, 28, tzinfo=UTC)
REVOKED, GRANTED = Level.REVOKED, Level.GRANTED
FULLY, ANY, OPENED, LOST = AccessRule


def dispute(status: str) -> Fact:
    return told("dp_1", status, "evt_2", field="disputes")


def level(facts: list[Fact], *policy: AccessRule) -> Level:
    fields: dict[str, Any] = {"amount_total": 1000, "currency": Currency("usd")}
    known = with_facts(order(**fields), facts, frozenset())
    return level_of(known, known.refunds, known.disputes, frozenset(policy))


REVOKING = {
    "full refund": (FULL, {FULLY, ANY}),
    "partial refund": (PART, {ANY}),
    "pending": (told("re_1", "pending", "evt_1"), set()),
    "failed": (told("re_1", "failed", "evt_1"), set()),
    "canceled": (told("re_1", "canceled", "evt_1"), set()),
    "what was never captured": (told("re_1", "succeeded", "evt_1", reason="expired_uncaptured_charge"), set()),
    "needs_response": (dispute("needs_response"), {OPENED}),
    "under_review": (dispute("under_review"), {OPENED}),
    "lost": (dispute("lost"), {OPENED, LOST}),
    "appeal_needs_response": (dispute("appeal_needs_response"), {OPENED, LOST}),
    "appeal_under_review": (dispute("appeal_under_review"), {OPENED, LOST}),
    "won": (dispute("won"), set()),
    "prevented": (dispute("prevented"), {FULLY, ANY}),
    "inquiry": (dispute("warning_needs_response"), set()),
    "inquiry under review": (dispute("warning_under_review"), set()),
    "inquiry closed": (dispute("warning_closed"), set()),
}


@pytest.mark.parametrize("name", REVOKING)
def test_each_rule_revokes_for_what_it_names_and_several_for_any_of_them(name: str) -> None:
    fact, revoking = REVOKING[name]
    for number in range(1, 5):
        for policy in itertools.combinations(AccessRule, number):
            assert level([fact], *policy) is (REVOKED if revoking & set(policy) else GRANTED), policy


def test_one_lost_dispute_revokes_beside_one_that_was_won() -> None:
    assert level([dispute("won"), told("dp_2", "lost", "evt_3", field="disputes")], LOST) is REVOKED


def test_a_refund_of_all_that_was_captured_is_a_full_one() -> None:
    rest = told("re_1", "succeeded", "evt_1", amount=500, reason="expired_uncaptured_charge")
    asked_for = told("re_2", "succeeded", "evt_2", amount=500)
    assert level([rest, asked_for], FULLY) is REVOKED
    assert level([rest, told("re_2", "succeeded", "evt_2", amount=499)], FULLY) is GRANTED
    assert level([rest, told("re_2", "pending", "evt_2", amount=500)], FULLY) is GRANTED


def test_each_change_has_a_number_that_is_higher_and_at_least_the_clocks_seconds() -> None:
    first = changed(None, REVOKED, AT)
    assert first == Access(level=REVOKED, number=int(AT.timestamp()), told=0)
    assert first
    again = changed(replace(first, told=first.number), GRANTED, AT)
    assert again == Access(level=GRANTED, number=first.number + 1, told=first.number)


def test_the_same_level_changes_nothing() -> None:
    assert changed(None, GRANTED, AT) is None
    known = Access(level=REVOKED, number=5, told=5)
    assert changed(known, REVOKED, AT) is known
    assert Access(level=GRANTED, number=0, told=0) == BEFORE


def test_the_key_names_the_order_and_the_number() -> None:
    assert access_key("cs_1", 17) == "cs_1:access:17"


def test_the_policy_is_a_set_of_rules() -> None:
    assert rules("full_refund,dispute_lost") == DEFAULT_RULES == {FULLY, LOST}
    assert rules(" any_refund , dispute_opened") == {ANY, OPENED}
    assert rules(",".join(AccessRule)) == set(AccessRule)
    rule = "must be one or more of full_refund, any_refund, dispute_opened, dispute_lost, separated by commas"
    for wrong in ("", "refund", "full_refund,", "full_refund;dispute_lost", "FULL_REFUND"):
        with pytest.raises(ValueError, match=f"^{rule}$"):
            rules(wrong)
