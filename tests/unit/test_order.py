"""The state machine: properties first, then the cases that are known to go wrong."""

from dataclasses import fields, replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.checkout import Checkout
from fulfillment.domain.effects import OWED_ON_ENTERING, Effect, EffectState, keep_configured, owed
from fulfillment.domain.events import CheckoutEvent
from fulfillment.domain.order import Order
from fulfillment.domain.status import Status
from fulfillment.domain.transitions import Outcome, apply, claim_of, is_order
from local.fakes.stripe_events import COMPLETED, FAILED, SUCCEEDED, event, session
from support.builders import NOW, order_of, parsed
from support.samples import Json, renderings, schedules


def arrive(events: list[Json]) -> Order:
    """The order after these events arrived, one a second."""
    order = None
    for second, each in enumerate(events):
        order = apply(order, parsed(each, NOW + timedelta(seconds=second))).order
    assert order is not None
    return order


def facts(order: Order) -> dict[str, object]:
    """All of an order but effects, lease and the times of processing."""
    processing = {"effects", "lease", "created_at", "updated_at", "events"}
    kept = {each.name: getattr(order, each.name) for each in fields(Order) if each.name not in processing}
    events = {name: replace(seen, received_at=NOW) for name, seen in order.events.items()}
    return kept | {"events": events, "status": order.status, "source": order.source, "paid_at": order.paid_at}


def leader(events: list[CheckoutEvent]) -> CheckoutEvent:
    """The specification of `source`, written a second time: of the highest claim, then of the smallest id,
    then of the newest version."""
    highest = max(claim_of(each) for each in events)
    claiming = [each for each in events if claim_of(each) is highest]
    first = min(each.id for each in claiming)
    return max((each for each in claiming if each.id == first), key=lambda each: each.api_version or "")


@given(st.data())
def test_any_order_and_number_of_deliveries_ends_in_the_same_document(data: st.DataObject) -> None:
    said = data.draw(renderings())
    one, other = data.draw(schedules(said)), data.draw(schedules(said))
    assert facts(arrive(one)) == facts(arrive(other))


@given(st.data())
def test_the_document_is_what_the_set_of_events_says(data: st.DataObject) -> None:
    said = data.draw(renderings())
    order = arrive(data.draw(schedules(said)))
    lead = leader([parsed(each) for each in said])
    assert order.status is claim_of(lead)
    assert order.source == lead.id
    assert order.events.keys() == {each["id"] for each in said}
    assert {each.name: getattr(order, each.name) for each in fields(Checkout)} == vars(lead.checkout)


@given(st.data())
def test_replay_changes_nothing(data: st.DataObject) -> None:
    said = data.draw(renderings())
    order = arrive(data.draw(schedules(said)))
    for each in said:
        again = apply(order, parsed(each, NOW + timedelta(days=1)))
        assert again.order is order
        assert again.outcome is Outcome.DUPLICATE


@given(st.data())
def test_no_path_leads_back(data: st.DataObject) -> None:
    first, *others = data.draw(schedules(data.draw(renderings())))
    order = arrive([first])
    for each in others:
        before, order = order, apply(order, parsed(each)).order
        assert order.status >= before.status


@given(st.data())
def test_a_fulfilled_order_stays_fulfilled_and_its_late_twin_still_decides_the_fields(data: st.DataObject) -> None:
    said = [*data.draw(renderings()), event(SUCCEEDED, session("cs_test_a1"), id="evt_paid")]
    one, other = data.draw(schedules(said)), data.draw(schedules(said))
    done = Effect(state=EffectState.DONE, key="cs_test_a1:fulfill", done_at=NOW)
    order: Order | None = None
    for each in one:
        order = apply(order, parsed(each)).order
        if order.status is Status.PAID:
            order = replace(order, effects={**order.effects, "fulfill": done})
            assert order.status is Status.FULFILLED
    assert order is not None
    assert facts(order) | {"status": Status.PAID} == facts(arrive(other))
    assert order.status is Status.FULFILLED


CLAIMS = [
    (COMPLETED, "paid", Status.PAID),
    (COMPLETED, "no_payment_required", Status.PAID),
    (COMPLETED, "unpaid", Status.AWAITING_PAYMENT),
    (COMPLETED, "a status of tomorrow", Status.AWAITING_PAYMENT),
    (COMPLETED, None, Status.AWAITING_PAYMENT),
    (SUCCEEDED, "paid", Status.PAID),
    (SUCCEEDED, "unpaid", Status.PAID),
    (FAILED, "unpaid", Status.PAYMENT_FAILED),
    (FAILED, "paid", Status.PAYMENT_FAILED),
]


@pytest.mark.parametrize(("event_type", "payment_status", "claim"), CLAIMS)
def test_what_an_event_claims(event_type: str, payment_status: str | None, claim: Status) -> None:
    said = event(event_type, session("cs_test_a1", payment_status=payment_status))
    assert claim_of(parsed(said)) is claim
    assert arrive([said]).status is claim


def test_the_chain_is_in_the_order_of_the_contract() -> None:
    assert [status.value for status in sorted(Status)] == [
        "expired",
        "awaiting_payment",
        "payment_failed",
        "paid",
        "fulfilled",
    ]
    assert Status.PAID.__lt__("paid") is NotImplemented


@pytest.mark.parametrize("status", ["a status of tomorrow", None])
def test_an_unknown_payment_status_asks_for_a_look(status: str | None) -> None:
    assert arrive([event(COMPLETED, session("cs_test_a1", payment_status=status))]).review == (
        "unknown_payment_status",
    )


def test_an_unknown_mode_asks_for_a_look() -> None:
    assert arrive([event(COMPLETED, session("cs_test_a1", mode="barter"))]).review == ("unknown_mode",)


def test_failed_and_paid_is_paid_and_asks_for_a_look_whichever_came_first() -> None:
    failed, paid = event(FAILED, session("cs_test_a1")), event(SUCCEEDED, session("cs_test_a1"))
    for way in permutations([failed, paid]):
        order = arrive(list(way))
        assert order.status is Status.PAID
        assert order.review == ("failed_and_paid",)


@pytest.mark.parametrize("mode", ["payment", "subscription"])
@pytest.mark.parametrize("payment_status", ["paid", "unpaid", "no_payment_required"])
def test_what_stripe_says_every_day_asks_for_no_look(mode: str, payment_status: str) -> None:
    assert arrive([event(COMPLETED, session("cs_test_a1", mode=mode, payment_status=payment_status))]).review == ()


@pytest.mark.parametrize("last", [(FAILED, "unpaid"), (SUCCEEDED, "paid")])
def test_a_delayed_payment_that_only_fails_or_only_comes_asks_for_no_look(last: tuple[str, str]) -> None:
    unpaid = event(COMPLETED, session("cs_test_a1", payment_status="unpaid"))
    said = event(last[0], session("cs_test_a1", payment_status=last[1]))
    for way in permutations([unpaid, said]):
        assert arrive(list(way)).review == ()


def test_a_setup_session_is_no_order() -> None:
    assert not is_order(parsed(event(COMPLETED, session("cs_test_a1", mode="setup"))).checkout)
    assert is_order(parsed(event(COMPLETED, session("cs_test_a1", mode="subscription"))).checkout)


def test_outcomes_are_named_after_what_happened() -> None:
    unpaid = event(COMPLETED, session("cs_test_a1", payment_status="unpaid"), id="evt_b")
    paid = event(SUCCEEDED, session("cs_test_a1"), id="evt_a")
    outcomes, order = [], None
    for each in (unpaid, unpaid, paid, event(FAILED, session("cs_test_a1")), paid):
        transition = apply(order, parsed(each))
        order = transition.order
        outcomes.append(transition.outcome.value)
    assert outcomes == ["created", "duplicate", "advanced", "stale", "duplicate"]


def test_the_words_for_outcomes_are_the_contracts() -> None:
    assert [each.value for each in Outcome] == [
        *("created", "advanced", "duplicate", "stale", "not_ours", "no_order", "stranger", "superseded"),
    ]


def test_paid_at_is_stripes_clock_and_the_others_are_ours() -> None:
    unpaid = event(COMPLETED, session("cs_test_a1", payment_status="unpaid"), created=1795446600)
    paid = event(SUCCEEDED, session("cs_test_a1"), created=1795446700)
    first, then = arrive([unpaid]), arrive([unpaid, paid])
    assert first.paid_at is None
    assert then.paid_at is not None
    assert then.paid_at.timestamp() == 1795446700
    assert (then.created_at, then.updated_at) == (NOW, NOW + timedelta(seconds=1))


def test_a_duplicate_does_not_touch_updated_at() -> None:
    said = event(COMPLETED, session("cs_test_a1"))
    assert arrive([said, said]).updated_at == NOW


def test_the_first_reception_is_the_one_on_record() -> None:
    said = event(COMPLETED, session("cs_test_a1"), api_version="2020-08-27")
    newer = said | {"api_version": "2026-10-28.endive"}
    order = arrive([said, newer])
    assert order.events[said["id"]].received_at == NOW
    assert order.events[said["id"]].api_version == "2026-10-28.endive"


def test_of_two_renderings_of_one_event_the_one_that_claims_more_is_on_record_whatever_its_version() -> None:
    older = event(COMPLETED, session("cs_test_a1"), id="evt_1", api_version="2020-08-27")
    unpaid = session("cs_test_a1", payment_status="unpaid")
    newer = event(COMPLETED, unpaid, id="evt_1", api_version="2026-10-28.endive")
    for way in permutations([older, newer]):
        order = arrive(list(way))
        assert (order.status, order.events["evt_1"].api_version) == (Status.PAID, "2020-08-27")


def owed_after(*events: Json) -> tuple[str, ...]:
    return owed(arrive(list(events)).effects)


def test_each_status_owes_its_effects_when_it_is_entered() -> None:
    unpaid = event(COMPLETED, session("cs_test_a1", payment_status="unpaid"))
    assert owed_after(unpaid) == ("announce_awaiting_payment",)
    failed = ("payment_failed", "notify_payment_failed", "announce_payment_failed")
    assert owed_after(event(FAILED, session("cs_test_a1"))) == failed
    paid = ("load_line_items", "fulfill", "send_receipt", "announce_paid")
    assert owed_after(event(COMPLETED, session("cs_test_a1"))) == paid


def test_effects_of_an_overtaken_status_are_dropped_unless_they_are_done() -> None:
    failed, paid = event(FAILED, session("cs_test_a1")), event(SUCCEEDED, session("cs_test_a1"))
    order = arrive([failed])
    told = replace(order.effects["announce_payment_failed"], state=EffectState.DONE)
    order = replace(order, effects={**order.effects, "announce_payment_failed": told})
    after = apply(order, parsed(paid)).order
    assert set(after.effects) == {"announce_payment_failed", *OWED_ON_ENTERING[Status.PAID]}
    assert owed(after.effects) == OWED_ON_ENTERING[Status.PAID]


def test_a_latecomer_owes_nothing_new() -> None:
    paid, unpaid = (
        event(COMPLETED, session("cs_test_a1")),
        event(COMPLETED, session("cs_test_a1", payment_status="unpaid")),
    )
    assert owed_after(paid, unpaid) == OWED_ON_ENTERING[Status.PAID]


def test_every_effect_has_the_key_of_the_contract() -> None:
    order = arrive([event(COMPLETED, session("cs_test_a1"))])
    assert {effect.key for effect in order.effects.values()} == {f"cs_test_a1:{name}" for name in order.effects}


def test_effects_that_nothing_can_perform_are_dropped_unless_they_are_history() -> None:
    effects = {
        name: Effect(state=EffectState(state), key=name)
        for name, state in {
            "fulfill": "owed",
            "send_receipt": "owed",
            "load_line_items": "held",
            "announce_paid": "done",
            "payment_failed": "failed",
        }.items()
    }
    assert set(keep_configured(effects, {"fulfill"})) == {"fulfill", "announce_paid", "payment_failed"}


def test_after_an_erasure_personal_fields_stay_empty_whatever_arrives() -> None:
    unpaid = event(COMPLETED, session("cs_test_a1", payment_status="unpaid"))
    erased = replace(arrive([unpaid]), customer=None, shipping=None, custom_fields=(), erased_at=NOW)
    said = session("cs_test_a1", custom_fields=[{"key": "engraving", "text": {"value": "For Jenny"}}])
    order = apply(erased, parsed(event(SUCCEEDED, said))).order
    assert order.status is Status.PAID
    assert (order.customer, order.shipping, order.custom_fields) == (None, None, ())


def test_apply_never_changes_what_it_was_given() -> None:
    order = arrive([event(COMPLETED, session("cs_test_a1", payment_status="unpaid"))])
    before = replace(order, events=dict(order.events), effects=dict(order.effects))
    apply(order, parsed(event(SUCCEEDED, session("cs_test_a1"))))
    assert order == before


def test_an_event_that_comes_again_fills_in_what_an_older_version_did_not_keep() -> None:
    said = event(COMPLETED, session("cs_test_a1", recovered_from="cs_test_a0"), context="org_1/acct_1")
    whole = order_of(said)
    old = replace(whole, account=None, context=None, recovered_from=None)
    again = apply(old, parsed(said))
    assert (again.order, again.outcome) == (whole, Outcome.STALE)
    assert apply(again.order, parsed(said)).order is again.order
    newer = parsed(said | {"api_version": "2019-01-01"})
    assert apply(old, newer).order.recovered_from is None
