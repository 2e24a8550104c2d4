"""What an order owes by its money, decided in every write: the sentences that a search over schedules asked for."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain import lifecycle
from fulfillment.domain.access import AccessRule
from fulfillment.domain.after_sale import Fact
from fulfillment.domain.decision import News, Performed, Policy, ReplayRequest, complete, decide
from fulfillment.domain.effects import KNOWN, REVIEW, Effect, EffectState, owed
from fulfillment.domain.erasure import erase, unsettled
from fulfillment.domain.events import CheckoutEvent
from fulfillment.domain.order import Order
from fulfillment.domain.settlement import settle
from fulfillment.domain.transitions import Outcome, apply
from fulfillment.errors import OrderGone
from local.fakes.stripe_events import COMPLETED, FAILED, SUCCEEDED, event, session
from support.after_sales import told
from support.builders import NOW, fulfilled_order, parsed

POLICY = Policy(configured=KNOWN)
SECOND = int(NOW.timestamp())
SALE = {"amount_total": 1000, "currency": "usd"}
PAID = parsed(event(COMPLETED, session("cs_test_a1", **SALE), id="evt_a"))
REFUND = told("re_1", "succeeded", "evt_r1", 1)
FAILURE = told("re_1", "failed", "evt_r2", 2)
AGAIN = told("re_2", "succeeded", "evt_r3", 3)
KEY = "cs_test_a1:access:"


def after(
    order: Order | None, *facts: Fact, said: CheckoutEvent | None = None, policy: Policy = POLICY, at: int = 0
) -> Order:
    """The order after a delivery of these news."""
    news = News(order_id="cs_test_a1", event=said, facts=facts)
    return decide(order, news, policy, ReplayRequest(), NOW + timedelta(seconds=at)).order


def performed(order: Order, name: str, key: str | None = None, policy: Policy = POLICY) -> Order:
    """The order after an effect was performed under a key, in one write of the runner."""
    done = Performed(name=name, key=key or order.effects[name].key, at=NOW)
    return settle(complete(order, done, lambda each: each, policy), policy.configured)


def rested(order: Order, policy: Policy = POLICY) -> Order:
    """The order after everything that it owes was performed."""
    while names := owed(order.effects):
        order = performed(order, names[0], policy=policy)
    return order


def sold() -> Order:
    return rested(after(None, said=PAID))


def states(order: Order) -> dict[str, str]:
    return {name: each.state.value for name, each in order.effects.items()}


def test_a_full_refund_revokes_access_and_owes_what_was_asked_for() -> None:
    order = after(sold(), REFUND)
    assert order.access
    assert (order.access.level, order.access.number, order.access.told) == ("revoked", SECOND, 0)
    assert {name: each.key for name, each in order.effects.items() if each.state is EffectState.OWED} == {
        "access_changed": f"{KEY}{SECOND}",
        "refunded:re_1": "cs_test_a1:re_1:succeeded",
        "notify_refund:re_1": "cs_test_a1:re_1:notify_refund",
        "announce_money": "cs_test_a1:announce_money:1",
    }
    assert owed(order.effects)[0] == "access_changed", "it is the first to be performed"
    assert order.status.value == "fulfilled", "what was fulfilled stays fulfilled"


def test_once_told_nothing_is_owed_and_effects_of_objects_are_not_kept() -> None:
    order = rested(after(sold(), REFUND))
    assert order.access
    assert order.access.told == order.access.number
    assert not any(name.startswith(("refunded:", "notify_refund:")) for name in order.effects)
    assert order.effects["access_changed"].state is EffectState.DONE


def test_a_level_that_was_told_is_not_owed_again_without_its_effect() -> None:
    order = rested(after(sold(), REFUND))
    bare = replace(order, effects={name: each for name, each in order.effects.items() if name != "access_changed"})
    assert settle(bare, KNOWN) == bare


def test_a_failed_refund_restores_and_the_number_rises() -> None:
    order = after(rested(after(sold(), REFUND)), FAILURE)
    assert order.access
    assert (order.access.level, order.access.number, order.access.told) == ("granted", SECOND + 1, SECOND)
    assert order.effects["access_changed"].key == f"{KEY}{SECOND + 1}"
    assert order.effects["refunded:re_1"].key == "cs_test_a1:re_1:failed"
    assert "notify_refund:re_1" not in order.effects


def test_another_policy_counts_from_the_next_refund_or_dispute_on() -> None:
    partly = rested(after(sold(), told("re_1", "succeeded", "evt_r1", 1, amount=100)))
    stricter = Policy(configured=KNOWN, access=frozenset({AccessRule.ANY_REFUND}))
    warned = after(partly, told("issfr_1", "actionable", "evt_w", 2, field="warnings"), policy=stricter)
    assert [*warned.warnings] == ["issfr_1"]
    assert warned.access is None
    for fact in (told("re_2", "pending", "evt_r2", 3), told("dp_1", "needs_response", "evt_d", 3, field="disputes")):
        again = after(warned, fact, policy=stricter)
        assert again.access
        assert again.access.level == "revoked"


def test_only_the_latest_level_is_owed() -> None:
    order = after(after(sold(), REFUND), FAILURE)
    assert order.effects["access_changed"].key == f"{KEY}{SECOND + 1}"
    assert (order.announced and order.announced.changes, order.effects["announce_money"].key) == (
        *(2, "cs_test_a1:announce_money:2"),
    )


def test_a_result_of_an_overtaken_key_is_told_but_strikes_nothing_off() -> None:
    revoked = after(sold(), REFUND)
    begun = revoked.effects["access_changed"].key
    order = performed(after(revoked, FAILURE), "access_changed", begun)
    assert order.access
    assert (order.access.told, order.access.number) == (SECOND, SECOND + 1)
    assert order.effects["access_changed"] == Effect(state=EffectState.OWED, key=f"{KEY}{SECOND + 1}")


def test_the_level_that_was_told_last_is_owed_again_if_another_was_under_way() -> None:
    told_once = rested(after(sold(), REFUND))
    granted = after(told_once, FAILURE)
    under_way = granted.effects["access_changed"].key
    order = performed(after(granted, AGAIN), "access_changed", under_way)
    assert order.access
    assert order.access.level == "revoked"
    assert order.effects["access_changed"].state is EffectState.OWED
    assert order.access.told < order.access.number


def test_a_late_result_never_lowers_the_level_that_was_told() -> None:
    revoked = rested(after(sold(), REFUND))
    granted = rested(after(revoked, FAILURE))
    assert performed(granted, "access_changed", f"{KEY}{SECOND}") == granted
    bare = replace(granted, access=None)
    assert lifecycle.mark_done(bare, "access_changed", NOW, f"{KEY}{SECOND}") == bare


@pytest.mark.parametrize("change", ["record_failure", "mark_failed", "back_off"])
def test_a_failure_of_an_overtaken_key_changes_nothing(change: str) -> None:
    order = after(after(sold(), REFUND), FAILURE)
    more: dict[str, Any] = {"now": NOW} if change == "back_off" else {}
    assert getattr(lifecycle, change)(order, "access_changed", "x", key=f"{KEY}{SECOND}", **more) is order


def test_a_refused_level_stays_refused_until_a_person_or_a_newer_one() -> None:
    order = after(sold(), REFUND)
    refused = lifecycle.mark_failed(order, "access_changed", "no", order.effects["access_changed"].key)
    assert settle(refused, KNOWN) == refused
    assert owed(lifecycle.retry_failed(refused).effects)[0] == "access_changed"
    assert after(refused, FAILURE).effects["access_changed"].state is EffectState.OWED


def test_a_refund_before_fulfilment_holds_it_and_revokes_though_no_try_is_recorded() -> None:
    order = after(after(None, said=PAID), REFUND)
    assert states(order) == {
        **dict.fromkeys(("fulfill", "send_receipt", "announce_paid"), "held"),
        "load_line_items": "owed",
        **dict.fromkeys(("access_changed", "refunded:re_1", "notify_refund:re_1", "announce_money"), "owed"),
    }
    assert {each.held_by for each in order.effects.values() if each.state is EffectState.HELD} == {("money",)}


def test_a_sale_that_is_found_refunded_is_never_owed_its_fulfilment() -> None:
    order = after(None, REFUND, said=PAID)
    assert states(order)["fulfill"] == "held"
    assert rested(order).status.value == "paid"


def test_what_the_money_held_is_owed_again_and_the_grant_only_after_it_is_done() -> None:
    revoked = rested(after(None, REFUND, said=PAID))
    order = after(revoked, FAILURE)
    assert states(order) | {"fulfill": "owed", "send_receipt": "owed", "announce_paid": "owed"} == states(order)
    assert order.effects["access_changed"].key == f"{KEY}{SECOND}", "done: the grant is not owed yet"
    done = performed(order, "fulfill")
    assert done.effects["access_changed"] == Effect(state=EffectState.OWED, key=f"{KEY}{SECOND + 1}")
    assert rested(done).effects["announce_fulfilled"].state is EffectState.DONE


def test_a_revocation_that_was_never_told_is_dropped_when_access_is_granted_before_fulfilment() -> None:
    order = after(after(None, REFUND, said=PAID), FAILURE)
    assert "access_changed" not in order.effects
    assert states(order)["fulfill"] == "owed"


def test_what_is_performed_at_that_moment_is_struck_off_and_the_revocation_is_owed() -> None:
    begun = after(None, said=PAID)
    order = performed(after(begun, REFUND), "fulfill")
    assert order.status.value == "fulfilled"
    assert states(order)["announce_fulfilled"] == "held"
    assert states(order)["access_changed"] == "owed"


def test_a_person_frees_what_the_review_holds_and_the_level_what_the_money_holds() -> None:
    held = lifecycle.hold(after(None, said=PAID))
    both = after(held, REFUND)
    assert both.effects["fulfill"].held_by == ("money", "review")
    released = settle(lifecycle.release(both), KNOWN)
    assert released.effects["fulfill"].held_by == ("money",)
    restored = after(both, FAILURE)
    assert (restored.effects["fulfill"].state, restored.effects["fulfill"].held_by) == ("held", (REVIEW,))
    assert after(released, FAILURE).effects["fulfill"].state is EffectState.OWED
    assert lifecycle.is_held_for_review(both)
    assert not lifecycle.is_held_for_review(released)


def test_what_an_older_version_held_without_a_reason_is_held_for_review() -> None:
    held = lifecycle.hold(after(None, said=PAID))
    old = replace(held, effects={name: replace(each, held_by=()) for name, each in held.effects.items()})
    assert settle(old, KNOWN) == old, "it is not written anew for that"
    assert after(old, REFUND).effects["fulfill"].held_by == ("money", "review")
    assert lifecycle.release(old).effects["fulfill"].state is EffectState.OWED


def test_a_retried_effect_is_held_while_access_is_revoked() -> None:
    failed = lifecycle.mark_failed(after(None, REFUND, said=PAID), "fulfill", "no")
    replayed = decide(
        failed, News(order_id="cs_test_a1", event=PAID), POLICY, ReplayRequest(id="1", replay=True), NOW
    ).order
    assert replayed.effects["fulfill"].reasons == ("money",)


def test_restored_effects_fail_with_the_line_items_that_they_wait_for() -> None:
    revoked = lifecycle.mark_failed(after(None, REFUND, said=PAID), "load_line_items", "403")
    order = after(revoked, FAILURE)
    assert (states(order)["fulfill"], states(order)["announce_paid"]) == ("failed", "owed")


def test_hold_on_review_never_holds_what_follows_the_money() -> None:
    policy = replace(POLICY, hold_on_review=True)
    odd = told("re_1", "odd", "evt_1")
    order = after(after(None, said=PAID, policy=policy), odd, REFUND, policy=policy)
    assert order.review == ("unknown_refund_status",)
    assert states(order)["fulfill"] == "held"
    assert states(order)["access_changed"] == states(order)["refunded:re_1"] == "owed"


def test_an_open_radar_review_holds_and_its_approval_releases() -> None:
    policy = replace(POLICY, hold_on_review=True)
    opened = told("prv_1", "open", "evt_1", field="radar_reviews")
    approved = told("prv_1", "closed", "evt_2", 1, field="radar_reviews", closed_reason="approved")
    refused = told("prv_1", "closed", "evt_2", 1, field="radar_reviews", closed_reason="refunded_as_fraud")
    held = after(after(None, said=PAID, policy=policy), opened, policy=policy)
    assert states(held)["fulfill"] == "held"
    assert states(after(held, approved, policy=policy))["fulfill"] == "owed"
    assert states(after(held, refused, policy=policy))["fulfill"] == "held"


def test_a_released_order_is_not_held_again_by_what_was_known() -> None:
    policy = replace(POLICY, hold_on_review=True)
    odd = after(after(None, said=PAID, policy=policy), told("re_1", "odd", "evt_1"), policy=policy)
    released = lifecycle.release(odd)
    again = after(released, told("re_2", "pending", "evt_2"), policy=policy)
    assert states(again)["fulfill"] == "owed"


def test_entering_a_status_drops_no_level_and_no_effect_of_an_object() -> None:
    waiting = after(None, said=parsed(event(COMPLETED, session("cs_test_a1", payment_status="unpaid"), id="evt_c")))
    early = after(waiting, REFUND)
    failed = after(early, said=parsed(event(FAILED, session("cs_test_a1", payment_status="unpaid"), id="evt_d")))
    paid = after(failed, said=parsed(event(SUCCEEDED, session("cs_test_a1", **SALE), id="evt_e")))
    wanted = {"refunded:re_1", "notify_refund:re_1", "announce_money"}
    assert wanted <= set(owed(paid.effects))


def test_the_level_is_computed_only_when_refunds_or_disputes_change() -> None:
    strict = replace(POLICY, access=frozenset({AccessRule.ANY_REFUND}))
    part = told("re_1", "succeeded", "evt_1", amount=5)
    revoked = after(sold(), part, policy=strict)
    assert revoked.access
    assert after(revoked, part).access == revoked.access, "another policy, and nothing new"
    assert after(revoked, said=PAID).access == revoked.access
    pending = after(revoked, told("re_2", "pending", "evt_2", amount=5))
    assert pending.access
    assert pending.access.level == "granted"


def test_an_overtaken_effect_of_an_object_is_replaced() -> None:
    order = after(sold(), told("re_1", "pending", "evt_1"))
    begun = order.effects["refunded:re_1"].key
    newer = after(order, REFUND)
    assert newer.effects["refunded:re_1"].key == "cs_test_a1:re_1:succeeded"
    assert performed(newer, "refunded:re_1", begun).effects["refunded:re_1"].state is EffectState.OWED


def test_a_dispute_is_told_for_its_newest_status() -> None:
    opened = after(sold(), told("dp_1", "needs_response", "evt_1", field="disputes"))
    assert opened.effects["disputed:dp_1"] == Effect(
        state=EffectState.OWED, key="cs_test_a1:dp_1:needs_response", kind="disputed"
    )
    lost = after(opened, told("dp_1", "lost", "evt_2", 1, field="disputes"))
    assert lost.effects["disputed:dp_1"].key == "cs_test_a1:dp_1:lost"
    assert after(rested(lost), told("dp_1", "lost", "evt_3", 2, field="disputes")).effects == rested(lost).effects


def test_a_hook_that_is_absent_is_owed_nothing_and_the_level_is_kept() -> None:
    policy = replace(POLICY, configured=KNOWN - {"access_changed", "refunded", "disputed", "notify_refund"})
    order = after(after(None, said=PAID, policy=policy), REFUND, policy=policy)
    assert {"access_changed", "refunded:re_1", "notify_refund:re_1"}.isdisjoint(order.effects)
    assert order.access
    assert (order.access.level, order.access.told) == ("revoked", 0)
    assert states(order)["fulfill"] == "held"
    assert states(settle(order, KNOWN))["access_changed"] == "owed", "a hook that is added later is told"


def test_without_a_topic_a_change_is_counted_and_not_owed() -> None:
    policy = replace(POLICY, configured=KNOWN - {"announce_money"})
    order = after(sold(), REFUND, policy=policy)
    assert order.announced
    assert (order.announced.money, order.announced.changes, "announce_money" in order.effects) == ("refunded", 1, False)


def test_a_function_drops_only_what_its_own_events_owe() -> None:
    mine = replace(POLICY, configured=KNOWN - {"send_receipt", "refunded"}, drops=frozenset({"refunded"}))
    paid = after(None, said=PAID)
    assert after(after(paid, REFUND), said=PAID, policy=mine).effects.keys() >= {"send_receipt"}
    assert "refunded:re_1" not in after(after(paid, REFUND), said=PAID, policy=mine).effects
    assert "send_receipt" not in after(None, said=PAID, policy=mine).effects, "it owes it itself, and cannot"


def test_an_effect_of_a_newer_version_is_kept_and_counts_as_owed() -> None:
    newer = Effect(state=EffectState.OWED, key="k", kind="teleported")
    order = replace(after(sold(), REFUND), effects={"teleported:x_1": newer})
    kept = after(order, FAILURE)
    assert kept.effects["teleported:x_1"] == newer
    assert "teleported:x_1" in owed(kept.effects)


def test_erasing_drops_the_mail_and_never_the_level() -> None:
    order = erase(after(after(None, said=PAID), REFUND), NOW)
    assert {"access_changed", "refunded:re_1"} <= set(owed(order.effects))
    assert {"notify_refund:re_1", "fulfill", "send_receipt"}.isdisjoint(order.effects)
    later = after(order, AGAIN)
    assert "notify_refund:re_2" not in later.effects


def test_a_level_that_rises_again_after_erasing_is_told_although_nothing_is_fulfilled_any_more() -> None:
    revoked = rested(after(None, REFUND, said=PAID))
    restored = after(erase(revoked, NOW), FAILURE)
    assert restored.effects["access_changed"].key == f"{KEY}{SECOND + 1}"
    end = rested(restored)
    assert end.access
    assert end.access.told == end.access.number


def test_a_mail_is_owed_only_where_a_refund_is_news_to_its_buyer() -> None:
    def mailed(before: Order, **changes: Any) -> bool:
        return "notify_refund:re_1" in after(before, told("re_1", "succeeded", "evt_r1", 1, **changes)).effects

    days = timedelta(days=3)
    assert mailed(sold(), created_at=NOW - days)
    assert not mailed(sold(), created_at=NOW - days - timedelta(seconds=1))
    assert mailed(after(sold(), told("re_1", "pending", "evt_r0")), created_at=NOW - timedelta(days=20))
    assert not mailed(sold(), reason="expired_uncaptured_charge")


def test_a_new_order_that_is_found_late_is_held_whatever_the_policy() -> None:
    news = News(
        order_id="cs_test_a1", event=PAID, facts=(told("re_1", "pending", "evt_1"),), doubts=frozenset({"found_late"})
    )
    first = decide(None, news, POLICY, ReplayRequest(), NOW).order
    assert (first.effects["fulfill"].held_by, first.effects["load_line_items"].state) == ((REVIEW,), EffectState.OWED)
    assert decide(lifecycle.release(first), news, POLICY, ReplayRequest(), NOW).order.effects["fulfill"].state == "owed"


def test_what_only_the_money_holds_is_settled_and_an_open_dispute_is_a_reason_to_keep() -> None:
    revoked = rested(after(None, REFUND, said=PAID))
    assert unsettled(revoked) is None
    assert unsettled(lifecycle.hold(revoked)) == "not done yet: fulfill, send_receipt"
    for status in ("needs_response", "warning_needs_response"):
        dispute = told("dp_1", status, "evt_9", field="disputes")
        assert unsettled(rested(after(sold(), dispute))) == "a dispute is open"
        assert unsettled(rested(after(sold(), replace(dispute, renewal=True)))) == "a dispute is open"
    assert unsettled(rested(after(sold(), told("dp_1", "won", "evt_9", field="disputes")))) is None


def test_a_renewal_owes_nothing() -> None:
    order = after(sold(), replace(REFUND, renewal=True))
    assert (owed(order.effects), order.access, order.announced) == ((), None, None)
    assert order.renewals


def test_an_order_of_before_begins_as_granted_without_a_call() -> None:
    assert settle(fulfilled_order(), KNOWN) == fulfilled_order()


def test_facts_of_an_order_that_was_deleted_come_again() -> None:
    with pytest.raises(OrderGone, match="deleted"):
        decide(None, News(order_id="cs_test_a1", facts=(REFUND,)), POLICY, ReplayRequest(), NOW)


def test_a_change_is_dated_and_doubts_alone_are_one() -> None:
    later = NOW + timedelta(days=1)
    changed = after(sold(), REFUND, at=86400)
    assert changed.updated_at == later
    doubtful = News(order_id="cs_test_a1", doubts=frozenset({"status_not_read"}))
    order = decide(sold(), doubtful, POLICY, ReplayRequest(), later).order
    assert (order.review, order.updated_at, order.access) == (("status_not_read",), later, None)
    assert News.of(PAID, (REFUND,)) == News(order_id="cs_test_a1", event=PAID, facts=(REFUND,))


def test_a_dispute_alone_changes_the_level() -> None:
    lost = after(sold(), told("dp_1", "lost", "evt_1", field="disputes"))
    assert lost.access
    assert lost.access.level == "revoked"


def test_the_outcome_says_whether_the_facts_were_new() -> None:
    news = News(order_id="cs_test_a1", facts=(REFUND,))
    first = decide(sold(), news, POLICY, ReplayRequest(), NOW)
    assert first.outcome is Outcome.ADVANCED
    again = decide(first.order, news, POLICY, ReplayRequest(), NOW)
    assert (again.outcome, again.order) == (Outcome.DUPLICATE, first.order)
    both = News(order_id="cs_test_a1", event=PAID, facts=(REFUND,))
    assert decide(None, both, POLICY, ReplayRequest(), NOW).outcome is Outcome.CREATED
    assert apply(first.order, PAID).outcome is Outcome.DUPLICATE


STEPS = st.lists(
    st.sampled_from([REFUND, FAILURE, AGAIN, told("re_2", "failed", "evt_r4", 4), PAID, "perform", "late"]), max_size=12
)


@given(STEPS)
def test_whatever_happens_settling_again_changes_nothing_and_rest_tells_the_level(steps: list[Any]) -> None:
    order, begun = after(None, said=PAID), ""
    for at, step in enumerate(steps):
        if isinstance(step, Fact):
            order = after(order, step, at=at)
        elif isinstance(step, CheckoutEvent):
            order = after(order, said=step, at=at)
        elif step == "late" and begun:
            order, begun = performed(order, "access_changed", begun), ""
        elif names := owed(order.effects):
            begun = begun or (order.effects[names[0]].key if names[0] == "access_changed" else "")
            order = order if begun else performed(order, names[0])
        assert settle(order, KNOWN) == order
        assert all((each.state is EffectState.HELD) == bool(each.held_by) for each in order.effects.values())
    end = rested(order)
    assert end.access is None or end.access.told == end.access.number
    revoked = end.access is not None and end.access.level == "revoked"
    assert (EffectState.HELD in {each.state for each in end.effects.values()}) <= revoked
