"""How a debt is held, paid and struck off: each rule by itself."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from fulfillment.domain import lifecycle
from fulfillment.domain.effects import Effect, EffectState, owed, ready
from fulfillment.domain.order import Lease, Order
from fulfillment.domain.status import Status
from support.builders import NOW, paid_order

LATER = NOW + timedelta(minutes=5)


def owing(**effects: EffectState) -> Order:
    """A paid order with these effects, each tried twice and failed the last time."""
    order = paid_order("cs_test_a1")
    tried = {
        name: Effect(state=state, key=f"cs_test_a1:{name}", attempts=2, error="no answer")
        for name, state in effects.items()
    }
    return replace(order, effects=tried)


def states(order: Order) -> dict[str, str]:
    return {name: effect.state.value for name, effect in order.effects.items()}


EVERY = {"fulfill": EffectState.OWED, "send_receipt": EffectState.HELD, "load_line_items": EffectState.OWED}
EVERY |= {"announce_paid": EffectState.FAILED, "payment_failed": EffectState.DONE}


def test_what_is_held_is_all_that_is_owed_but_the_line_items() -> None:
    held = lifecycle.hold(owing(**EVERY))
    assert states(held) == {name: state.value for name, state in EVERY.items()} | {"fulfill": "held"}
    assert lifecycle.hold(held) == held


def test_a_release_makes_what_was_held_owed_again_and_nothing_else() -> None:
    released = lifecycle.release(owing(**EVERY))
    assert states(released) == {name: state.value for name, state in EVERY.items()} | {"send_receipt": "owed"}
    assert released.effects["send_receipt"].error is None
    assert released.effects["announce_paid"].error == "no answer"


def test_a_revival_makes_what_had_failed_owed_again_and_nothing_else() -> None:
    revived = lifecycle.retry_failed(owing(**EVERY))
    assert states(revived) == {name: state.value for name, state in EVERY.items()} | {"announce_paid": "owed"}
    assert revived.effects["announce_paid"].error is None
    assert revived.effects["announce_paid"].attempts == 2


def test_what_is_struck_off_is_done_at_its_time_by_one_more_try() -> None:
    after = lifecycle.mark_done(owing(send_receipt=EffectState.OWED, fulfill=EffectState.OWED), "send_receipt", LATER)
    assert after.effects["send_receipt"] == Effect(
        state=EffectState.DONE, key="cs_test_a1:send_receipt", attempts=3, error=None, done_at=LATER
    )
    assert (after.status, after.fulfilled_at) == (Status.PAID, None)
    assert states(after)["fulfill"] == "owed"


def test_the_one_that_fulfills_makes_the_order_fulfilled_once_and_owes_what_that_owes() -> None:
    after = lifecycle.mark_done(owing(fulfill=EffectState.OWED, send_receipt=EffectState.OWED), "fulfill", NOW)
    assert (after.status, after.fulfilled_at) == (Status.FULFILLED, NOW)
    assert states(after) == {"fulfill": "done", "send_receipt": "owed", "announce_fulfilled": "owed"}
    then = lifecycle.mark_done(lifecycle.mark_done(after, "announce_fulfilled", LATER), "send_receipt", LATER)
    assert then.fulfilled_at == NOW
    assert states(then) == {"fulfill": "done", "send_receipt": "done", "announce_fulfilled": "done"}


@pytest.mark.parametrize("state", [EffectState.OWED, EffectState.HELD])
def test_a_failure_is_counted_and_its_text_kept_and_the_debt_stays(state: EffectState) -> None:
    after = lifecycle.record_failure(owing(fulfill=state), "fulfill", "refused")
    assert after.effects["fulfill"] == Effect(state=state, key="cs_test_a1:fulfill", attempts=3, error="refused")


@pytest.mark.parametrize("state", [EffectState.OWED, EffectState.HELD])
def test_what_is_refused_for_good_has_failed(state: EffectState) -> None:
    after = lifecycle.mark_failed(owing(fulfill=state), "fulfill", "refused")
    assert after.effects["fulfill"] == Effect(
        state=EffectState.FAILED, key="cs_test_a1:fulfill", attempts=3, error="refused"
    )


@pytest.mark.parametrize("state", [EffectState.DONE, EffectState.FAILED])
def test_what_is_settled_is_not_given_up_again(state: EffectState) -> None:
    order = owing(fulfill=state)
    assert lifecycle.mark_failed(order, "fulfill", "refused") is order


def test_what_waits_for_line_items_that_are_refused_fails_with_them_and_comes_back_with_them() -> None:
    owed = EffectState.OWED
    refused = lifecycle.mark_failed(
        owing(load_line_items=owed, fulfill=owed, send_receipt=owed, announce_paid=owed), "load_line_items", "refused"
    )
    failed = {"load_line_items": "failed", "fulfill": "failed", "send_receipt": "failed"}
    assert states(refused) == failed | {"announce_paid": "owed"}
    assert refused.effects["fulfill"].error == "waits for load_line_items, which was refused for good"
    assert set(states(lifecycle.retry_failed(refused)).values()) == {"owed"}


def test_what_was_held_is_released_into_failure_where_its_line_items_were_refused() -> None:
    held = owing(load_line_items=EffectState.OWED, fulfill=EffectState.HELD, announce_paid=EffectState.HELD)
    refused = lifecycle.mark_failed(held, "load_line_items", "refused")
    assert states(refused) == {"load_line_items": "failed", "fulfill": "held", "announce_paid": "held"}
    assert states(lifecycle.release(refused)) == {
        "load_line_items": "failed",
        "fulfill": "failed",
        "announce_paid": "owed",
    }


def test_an_order_rests_while_all_that_it_owes_does() -> None:
    order = lifecycle.back_off(
        owing(fulfill=EffectState.DONE, send_receipt=EffectState.OWED), "send_receipt", "550", NOW
    )
    end = NOW + lifecycle.BACKOFFS[0]
    assert lifecycle.was_refused(order)
    assert lifecycle.is_backing_off(order, end - timedelta(seconds=1))
    assert not lifecycle.is_backing_off(order, end)
    assert not lifecycle.is_backing_off(lifecycle.retry_failed(order), NOW)
    both = lifecycle.back_off(
        owing(fulfill=EffectState.OWED, send_receipt=EffectState.OWED), "send_receipt", "550", NOW
    )
    assert not lifecycle.is_backing_off(both, NOW)
    assert not lifecycle.is_backing_off(owing(fulfill=EffectState.DONE), NOW)
    assert not lifecycle.was_refused(owing(fulfill=EffectState.OWED))


def test_what_is_done_or_gone_changes_nothing() -> None:
    order = owing(fulfill=EffectState.DONE)
    for name in ("fulfill", "send_receipt"):
        assert lifecycle.mark_done(order, name, LATER) is order
        assert lifecycle.record_failure(order, name, "x") is order
        assert lifecycle.mark_failed(order, name, "x") is order
        assert lifecycle.back_off(order, name, "x", NOW) is order
        assert not lifecycle.is_last_refusal(order, name)


def refused(order: Order, times: int, at: datetime = NOW) -> Order:
    for _ in range(times):
        order = lifecycle.back_off(order, "fulfill", "refused", at)
    return order


@pytest.mark.parametrize("state", [EffectState.OWED, EffectState.HELD])
@pytest.mark.parametrize(("times", "minutes"), [(1, 15), (2, 30), (3, 60), (4, 120), (5, 240), (6, 240)])
def test_what_is_refused_rests_longer_each_time(state: EffectState, times: int, minutes: int) -> None:
    after = refused(owing(fulfill=state), times).effects["fulfill"]
    until = NOW + timedelta(minutes=minutes)
    expected = Effect(state=state, key="cs_test_a1:fulfill", attempts=2 + times, error="refused")
    assert after == replace(expected, refusals=times, not_before=until)


def test_after_the_longest_rest_one_more_refusal_is_the_last() -> None:
    order = owing(fulfill=EffectState.OWED)
    assert [lifecycle.is_last_refusal(refused(order, times), "fulfill") for times in range(7)] == [False] * 5 + [
        True
    ] * 2


def test_what_rests_is_not_ready_until_its_time_has_come() -> None:
    effects = refused(owing(fulfill=EffectState.OWED, announce_paid=EffectState.OWED), 1).effects
    until = effects["fulfill"].not_before
    assert until
    assert ready(effects, until - timedelta(seconds=1)) == ("announce_paid",)
    assert ready(effects, until) == ("fulfill", "announce_paid")
    assert owed(effects) == ("fulfill", "announce_paid")


def test_while_the_line_items_rest_what_needs_them_waits() -> None:
    order = owing(load_line_items=EffectState.OWED, fulfill=EffectState.OWED, announce_paid=EffectState.OWED)
    resting = lifecycle.back_off(order, "load_line_items", "refused", NOW)
    assert ready(resting.effects, NOW) == ("announce_paid",)


def test_what_is_settled_rests_no_more() -> None:
    resting = refused(owing(fulfill=EffectState.OWED), 5)
    for settled in (
        lifecycle.mark_done(resting, "fulfill", LATER),
        lifecycle.mark_failed(resting, "fulfill", "refused"),
    ):
        assert settled.effects["fulfill"].not_before is None
        assert settled.effects["fulfill"].refusals == 5


def test_a_revival_wakes_what_rests_and_counts_its_refusals_anew() -> None:
    failed = lifecycle.mark_failed(refused(owing(fulfill=EffectState.OWED), 5), "fulfill", "refused")
    for order in (failed, refused(owing(fulfill=EffectState.OWED), 5)):
        revived = lifecycle.retry_failed(order).effects["fulfill"]
        assert (revived.state, revived.refusals, revived.not_before) == (EffectState.OWED, 0, None)
    held = lifecycle.hold(refused(owing(fulfill=EffectState.OWED), 5))
    released = lifecycle.release(held).effects["fulfill"]
    assert (released.state, released.refusals, released.not_before) == (EffectState.OWED, 0, None)


@pytest.mark.parametrize(("seconds", "taken"), [(59, False), (60, True), (61, True)])
def test_a_lease_lives_as_long_as_its_holder_said(seconds: int, taken: bool) -> None:  # noqa: FBT001
    order = replace(owing(fulfill=EffectState.OWED), lease=Lease(owner="one", at=NOW, seconds=60))
    after = lifecycle.acquire_lease(order, "other", NOW + timedelta(seconds=seconds), 99)
    assert after.lease == (Lease(owner="other", at=None, seconds=99) if taken else order.lease)


def test_a_lease_is_taken_where_there_is_none_or_no_time_to_judge_it_by() -> None:
    order, mine = owing(fulfill=EffectState.OWED), Lease(owner="me", at=None, seconds=99)
    assert lifecycle.acquire_lease(order, "me", NOW, 99).lease == mine
    assert lifecycle.acquire_lease(order, "me", None, 99).lease == mine
    timeless = replace(order, lease=Lease(owner="one", at=None))
    assert lifecycle.acquire_lease(timeless, "me", NOW, 99).lease == mine
    unread = replace(order, lease=Lease(owner="one", at=NOW))
    assert lifecycle.acquire_lease(unread, "me", None, 99).lease == mine


def test_who_owes_nothing_takes_no_lease() -> None:
    order = owing(fulfill=EffectState.DONE)
    assert lifecycle.acquire_lease(order, "me", NOW, 99) is order


def test_whose_a_lease_is() -> None:
    order = lifecycle.renew_lease(owing(fulfill=EffectState.OWED), "me", 99)
    assert lifecycle.holds_lease(order, "me")
    assert not lifecycle.holds_lease(order, "other")
    assert not lifecycle.holds_lease(lifecycle.release_lease(order), "me")


def test_only_what_was_not_to_review_before_raises_a_doubt() -> None:
    plain = owing(fulfill=EffectState.OWED)
    odd, odder = replace(plain, review=("a",)), replace(plain, review=("a", "b"))
    assert lifecycle.has_new_review(None, odd)
    assert lifecycle.has_new_review(plain, odd)
    assert lifecycle.has_new_review(odd, odder)
    assert not lifecycle.has_new_review(odder, odd)
    assert not lifecycle.has_new_review(odd, odd)
    assert not lifecycle.has_new_review(None, plain)
