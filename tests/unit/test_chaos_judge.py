"""The judge of a chaos run finds what is lost, wrong or doubled: a run that cannot fail would prove nothing."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chaos import cases, model, plan
from chaos.after_sale import COURSES, LISTED
from chaos.case import Case
from chaos.checkouts import CHECKOUTS
from chaos.fault_injector import Killed
from chaos.incidents import Incident, Kind
from chaos.judge import Evidence, judge
from chaos.logs import effect_of, late
from chaos.profiles import LONG
from chaos.sender import digest
from chaos.world import Call, World
from fulfillment.domain.access import Access, Level
from fulfillment.domain.after_sale import Refund, StatusRead
from fulfillment.domain.effects import OF_A_STATUS, OWED_ON_ENTERING, Effect, EffectState
from fulfillment.domain.event_types import AFTER_SALE
from fulfillment.domain.events import parse
from fulfillment.domain.ids import OWN
from fulfillment.domain.order import Announced, Order
from fulfillment.domain.status import Status
from fulfillment.domain.synthetic_events import synthetic_event
from fulfillment.domain.transitions import apply
from fulfillment.subscriber import order_finder
from fulfillment.topic.message import Message
from local.fakes.stripe_events import body
from local.fakes.stripe_stand_in import StripeStandIn

BUSY, OTHER = "on_checkout_session_completed", "on_async_payment_failed"
CASES = cases.draw(7, 300)
CARD = next(case for case in CASES if (case.name, case.manner) == ("card", ""))
UNTOLD = next(case for case in CASES if case.name == "never told")
POISON = next(case for case in CASES if case.name == "poison")
FORGED = next(case for case in CASES if case.name == "forged")
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def fulfilled(case: Case) -> Order:
    order = model.expected(case)
    effects = {name: Effect(state=EffectState.DONE, key=f"{order.id}:{name}") for name in model.must_be_done(case)}
    return replace(order, effects=effects)


def done(order: Order) -> list[Call]:
    """Everything that was to be done for it, once."""
    mails = ("send_receipt", "notify_payment_failed")
    named = [each.key for name, each in order.effects.items() if name not in ("load_line_items", *mails)]
    return [Call(key, 100.0, BUSY) for key in named] + [
        Call(f"<{hashlib.sha256(f'{order.id}:{name}'.encode()).hexdigest()[:32]}@example.com>", 100.0, BUSY)
        for name in mails
        if name in order.effects
    ]


def evidence(*, order: Order | None = None, calls: list[Call] | None = None) -> Evidence:
    """Of a run in which one card paid, and all went well."""
    good = fulfilled(CARD)
    return Evidence(
        cases=[CARD],
        orders={CARD.session_id: order or good},
        parked=[],
        calls=done(good) if calls is None else calls,
        killed=[],
        incidents=[],
    )


def test_a_good_run_is_called_good() -> None:
    verdict = judge(evidence())
    assert verdict.is_good, verdict
    assert not verdict.doubled


def test_an_order_that_is_not_there_is_lost() -> None:
    assert judge(replace(evidence(calls=[]), orders={})).lost == [f"{CARD.session_id} (card)"]


def test_a_paid_order_that_was_not_fulfilled_is_lost() -> None:
    owed = Effect(state=EffectState.OWED, key=f"{CARD.session_id}:fulfill")
    good = fulfilled(CARD)
    verdict = judge(evidence(order=replace(good, effects={**good.effects, "fulfill": owed})))
    assert verdict.lost == [f"{CARD.session_id} (card)"]


def test_an_effect_that_is_struck_off_without_a_recorded_call_is_lost() -> None:
    verdict = judge(evidence(calls=done(fulfilled(CARD))[1:]))
    assert [text.partition(" ")[0] for text in verdict.lost] == [f"{CARD.session_id}:fulfill"]


def test_a_field_that_differs_from_the_models_is_wrong() -> None:
    verdict = judge(evidence(order=replace(fulfilled(CARD), amount_total=1)))
    assert verdict.wrong == [
        f"{CARD.session_id} (card): {name} differs from the model's" for name in ("amount_total", "money")
    ]


def found(case: Case, at: datetime) -> Order:
    """The order when reconcile finds it, at that time, even if an event has told of it."""
    seen = synthetic_event(case.events[-1]["data"]["object"], owner=OWN, api_version="2026-01-01", at=at)
    assert seen
    order = apply(fulfilled(case) if case.told else None, parse(seen.body, at)).order
    return replace(order, effects=fulfilled(case).effects, line_items=fulfilled(case).line_items)


def test_what_stripe_never_told_is_right_whenever_it_was_found_and_lost_if_it_was_not() -> None:
    there = replace(evidence(calls=done(fulfilled(UNTOLD))), cases=[UNTOLD])
    assert judge(replace(there, orders={UNTOLD.session_id: found(UNTOLD, NOW)})).is_good
    assert UNTOLD.told == []
    assert judge(replace(there, orders={})).lost == [f"{UNTOLD.session_id} (never told)"]


def test_what_stripe_told_and_reconcile_found_too_is_as_right_as_without() -> None:
    order = found(CARD, NOW)
    assert len(order.events) == 1 + len(CARD.events)
    assert judge(evidence(order=order)).is_good
    changed = replace(order, review=("of another",))
    assert judge(evidence(order=changed)).wrong == [f"{CARD.session_id} (card): review differs from the model's"]


def test_an_order_that_must_not_be_there_is_wrong() -> None:
    order = replace(fulfilled(CARD), effects={})
    verdict = judge(replace(evidence(calls=[]), cases=[FORGED], orders={FORGED.session_id: order}))
    assert verdict.wrong == [f"{FORGED.session_id} (forged): there must be no order"]


def test_poison_that_was_not_parked_is_lost_and_a_letter_without_a_reason_wrong() -> None:
    letter = Message(data=b"", attributes={"session_id": POISON.session_id}, id="m1")
    verdict = judge(replace(evidence(calls=[]), cases=[POISON], orders={}, parked=[letter]))
    assert verdict.lost == [f"{POISON.session_id} (poison): not parked"]
    assert verdict.wrong == ["a dead letter without a reason: m1"]
    reasoned = Message(data=b"", attributes={**letter.attributes, "reason": "malformed_event: x"}, id="m1")
    assert judge(replace(evidence(calls=[]), cases=[POISON], orders={}, parked=[reasoned])).is_good


def test_a_forged_event_that_was_taken_is_wrong() -> None:
    assert judge(replace(evidence(), forged_taken={"evt_1"})).wrong == ["evt_1 was forged, and taken"]


def test_what_was_done_for_no_order_is_wrong() -> None:
    verdict = judge(evidence(calls=[*done(fulfilled(CARD)), Call("cs_test_unknown:fulfill", 100.0, BUSY)]))
    assert verdict.wrong == ["cs_test_unknown:fulfill was done, and is no order's"]


FULFILL = f"{CARD.session_id}:fulfill"
AGAIN = evidence(calls=[*done(fulfilled(CARD)), Call(FULFILL, 170.0, OTHER)])


def incident(kind: Kind, link: str, at: float = 101.0, hits: int = 1) -> Incident:
    return Incident(link, kind, at, at + 1, hits)


def test_what_was_done_twice_without_a_reason_is_said() -> None:
    verdict = judge(AGAIN)
    assert verdict.unexplained == [f"{FULFILL} at 100.0 and at 170.0"]
    assert not verdict.is_good


@pytest.mark.parametrize("kind", ["cut", "reset", "half_open", "lost"])
def test_a_fault_that_met_the_first_performer_is_a_reason(kind: Kind) -> None:
    verdict = judge(replace(AGAIN, incidents=[incident(kind, f"{BUSY}->firestore")]))
    assert verdict.is_good
    assert verdict.doubled == {kind: 1}


@pytest.mark.parametrize(
    "met",
    [
        incident("lost", f"{OTHER}->firestore"),  # another function
        incident("lost", f"push->{BUSY}"),  # an acknowledgement: the debt was struck off
        incident("lost", f"{BUSY}->firestore", hits=0),  # it met no request
        incident("slow", f"{BUSY}->firestore"),  # slow is no reason
        incident("lost", f"{BUSY}->firestore", at=50.0),  # long before
        incident("lost", f"{BUSY}->firestore", at=171.0),  # afterwards
    ],
)
def test_a_fault_that_has_nothing_to_do_with_it_is_none(met: Incident) -> None:
    assert not judge(replace(AGAIN, incidents=[met])).is_good


def test_a_kill_of_the_first_performer_is_a_reason_and_no_other_kill() -> None:
    assert judge(replace(AGAIN, killed=[Killed(BUSY, 99.9, 100.1)])).doubled == {"killed": 1}
    for killed in (Killed(OTHER, 101.0, 102.0), Killed(BUSY, 98.0, 99.0), Killed(BUSY, 171.0, 172.0)):
        assert not judge(replace(AGAIN, killed=[killed])).is_good


def test_a_call_beyond_its_time_limit_is_a_reason() -> None:
    slow = Call(FULFILL, 99.0, BUSY, seconds=6.0)
    verdict = judge(evidence(calls=[slow, *done(fulfilled(CARD))]))
    assert verdict.doubled == {"time limit": 1}


def test_an_answer_that_came_too_late_is_a_reason_for_its_own_effect_alone() -> None:
    order = CARD.session_id
    assert judge(replace(AGAIN, late={(BUSY, f"{order}:fulfill")})).doubled == {"late answer": 1}
    for other in (
        (BUSY, f"{order}:announce_paid"),
        (BUSY, f"{UNTOLD.session_id}:fulfill"),
        (OTHER, f"{order}:fulfill"),
    ):
        assert not judge(replace(AGAIN, late={other})).is_good


def test_a_late_answer_to_an_announcement_may_be_any_subscribers() -> None:
    calls = done(fulfilled(CARD))
    paid = Call(f"{CARD.session_id}:announce_paid", 150.0)
    first = [replace(each, function=None) for each in calls if each.key == paid.key]
    again = evidence(calls=[*(each for each in calls if each.key != paid.key), *first, paid])
    assert judge(replace(again, late={(OTHER, f"{CARD.session_id}:announce_paid")})).doubled == {"late answer": 1}


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("fulfill", "fulfill"),
        ("announce_paid", "announce_paid"),
        ("announce_money:3", "announce_money"),
        ("access:1795888450", "access_changed"),
        ("re_1:succeeded", "refunded"),
        ("du_1:lost", "disputed"),
    ],
)
def test_a_late_answer_is_told_of_the_effect_that_a_key_names(key: str, kind: str) -> None:
    assert effect_of(f"cs_test_1:{key}") == f"cs_test_1:{kind}"
    assert effect_of("<somebody@example.com>") == "<somebody@example.com>:", "no effect's"


def test_the_logs_tell_which_answers_came_too_late() -> None:
    stored = "Firestore did not answer: TimeoutError; Pub/Sub will redeliver the message"
    published = "to be tried again: Pub/Sub did not store the message: TimeoutError"
    refused = "to be tried again: Pub/Sub did not store the message: InvalidArgument"
    unparked = "to be tried again: not parked: Pub/Sub did not store the message: TimeoutError"
    raised = "to be tried again: ConnectionError at hook.py:1 fulfill"
    lines: list[dict[str, Any]] = [
        {"session": "cs_1", "message": "still owed", "effects": {"fulfill": "done", "announce_paid": published}},
        {"session": "cs_2", "message": stored, "effects": {"load_line_items": "done", "fulfill": "done"}},
        {"session": "cs_3", "message": stored},
        {"session": "cs_4", "message": "still owed", "effects": {"announce_paid": refused}},
        {"session": "cs_5", "message": "order fulfilled", "effects": {"fulfill": "done"}},
        {"session": "cs_6", "message": "still owed", "effects": {"fulfill": unparked}},
        {"session": "cs_7", "message": stored, "effects": {"load_line_items": "done", "fulfill": raised}},
        {"session": "cs_8", "message": stored, "effects": {"refunded": raised}},
    ]
    found = late(each | {"entry_point": BUSY} for each in lines)
    assert found == {(BUSY, each) for each in ("cs_1:announce_paid", "cs_2:fulfill", "cs_8:refunded")}


def test_what_a_hook_refused_or_raised_was_not_done() -> None:
    tries = [Call(FULFILL, 98.0, BUSY, how="refused"), Call(FULFILL, 99.0, BUSY, how="raised")]
    assert judge(evidence(calls=[*tries, *done(fulfilled(CARD))])).doubled == {}


def test_the_same_seed_makes_the_same_orders_and_the_same_plan() -> None:
    def told(seed: int) -> list[tuple[str, str, list[str]]]:
        return [(case.name, case.session_id, [said["id"] for said in case.events]) for case in cases.draw(seed, 60)]

    assert told(7) == told(7) != told(8)
    assert plan.draw(7, LONG) == plan.draw(7, LONG) != plan.draw(8, LONG)


def test_every_way_a_checkout_can_go_is_drawn_and_every_connection_is_broken_in_a_long_run() -> None:
    assert len({case.name for case in cases.draw(1, LONG.orders)}) == len([*CHECKOUTS, *cases._OTHERS, *COURSES])
    drawn = plan.draw(1, LONG)
    assert {fault.link for fault in drawn.faults} == set(plan.link_names())
    assert {kill.function for kill in drawn.kills} == set(plan.FUNCTIONS)


def test_clocks_are_never_so_wrong_that_an_order_is_rightly_held() -> None:
    drawn = [jump for seed in range(50) for jump in plan.draw(seed, LONG).jumps if jump.function in AFTER_SALE]
    assert {jump.shift for jump in drawn} >= {-plan.SLOWEST, plan.FASTEST}
    assert all(-plan.SLOWEST <= jump.shift <= plan.FASTEST for jump in drawn)
    assert timedelta(seconds=plan.FASTEST) < order_finder.NEW


ROUTED = next(case for case in CASES if case.name == "routed")
(TOLD,) = ROUTED.beside
BODIES = [body(TOLD | {"pending_webhooks": number}) for number in range(2)]


def routed(*bodies: bytes, sent: list[bytes] | None = None, incidents: list[Incident] | None = None) -> Evidence:
    """Of a run with one routed event, and these bodies of it on the topic."""
    attributes = {"event_id": TOLD["id"], "event_type": TOLD["type"]}
    return Evidence(
        cases=[ROUTED],
        orders={},
        parked=[],
        calls=[],
        killed=[],
        incidents=incidents or [],
        routed=[Message(data=each, attributes=attributes, id=str(number)) for number, each in enumerate(bodies)],
        bodies={TOLD["id"]: [digest(each) for each in (BODIES[:1] if sent is None else sent)]},
    )


def test_a_routed_event_that_is_on_its_topic_once_is_good() -> None:
    verdict = judge(routed(BODIES[0]))
    assert verdict.is_good
    assert not verdict.doubled


def test_a_routed_event_that_is_not_on_its_topic_is_lost() -> None:
    assert judge(routed()).lost == [f"{TOLD['id']} was routed, and is not on its topic"]


def test_a_routed_event_with_another_body_is_wrong() -> None:
    assert "another body" in judge(routed(BODIES[1])).wrong[0]


def test_an_event_that_must_not_be_routed_is_wrong() -> None:
    (problem,) = judge(replace(routed(BODIES[0]), cases=[CARD], orders={CARD.session_id: fulfilled(CARD)})).wrong[:1]
    assert "must not be" in problem


def test_a_routed_event_is_there_again_because_stripe_sent_it_again() -> None:
    verdict = judge(routed(*BODIES, sent=BODIES))
    assert verdict.is_good
    assert verdict.doubled == {"sent again": 1}


@pytest.mark.parametrize(
    ("link", "kind", "hits", "good"),
    [
        ("stripe_webhook->pubsub", "lost", 1, True),
        ("stripe_webhook->pubsub", "lost", 0, False),
        ("stripe_webhook->pubsub", "slow", 1, False),
        ("on_async_payment_failed->pubsub", "lost", 1, False),
    ],
)
def test_a_routed_event_is_there_again_only_if_publishing_was_disturbed(
    link: str, kind: Kind, *, hits: int, good: bool
) -> None:
    incident = Incident(link, kind, at=1.0, until=2.0, hits=hits)
    verdict = judge(routed(BODIES[0], BODIES[0], incidents=[incident]))
    assert verdict.is_good is good
    assert verdict.doubled == ({"published again": 1} if good else {})


def settled(case: Case, **changes: object) -> Order:
    """The order of a case at rest, with everything done and told. It was fulfilled before its money left."""
    order = model.expected(case)
    names = (*OWED_ON_ENTERING[Status.PAID], *OWED_ON_ENTERING[Status.FULFILLED])
    effects = {name: Effect(state=EffectState.DONE, key=f"{order.id}:{name}") for name in names}
    access = None
    if model.level(order) is Level.REVOKED:
        access = Access(level=Level.REVOKED, number=7, told=7)
        effects["access_changed"] = Effect(state=EffectState.DONE, key=f"{order.id}:access:7")
    announced = Announced(money=order.money.status, changes=2)
    effects["announce_money"] = Effect(state=EffectState.DONE, key=f"{order.id}:announce_money:2")
    full: dict[str, object] = {"effects": effects, "access": access, "announced": announced}
    return replace(order, **{**full, **changes})  # type: ignore[arg-type]


def told(order: Order) -> list[Call]:
    """What the hooks and the announcements told of its money."""
    objects = {**order.refunds, **order.disputes}.items()
    calls = [Call(f"{order.id}:{id_}:{each.status}", 100.0, "on_refund") for id_, each in objects]
    calls.append(announced(order, 2, order.money.status))
    return [*calls, access_told(order, order.access)] if order.access else calls


def announced(order: Order, change: int, status: str) -> Call:
    return Call(f"{order.id}:announce_money:{change}", 100.0, level=status)


def access_told(order: Order, access: Access) -> Call:
    return Call(f"{order.id}:access:{access.number}", 100.0, "on_refund", level=access.level.value)


def afterwards(case: Case, order: Order | None = None, calls: list[Call] | None = None) -> Evidence:
    good = settled(case)
    rest = [each for each in done(good) if ":access:" not in each.key and ":announce_money:" not in each.key]
    all_calls = [*rest, *(told(good) if calls is None else calls)]
    return replace(evidence(calls=all_calls), cases=[case], orders={case.session_id: order or good})


def course(name: str, *, of_events: bool = True) -> Case:
    """A case of that name. `of_events`: Stripe told of it by snapshot events."""
    drawn = (each for seed in range(9) for each in cases.draw(seed, 300))
    return next(each for each in drawn if each.name == name and bool(each.aftermath.snapshots) is of_events)


REFUND, BOUNCED = course("refunded"), course("refund bounces")


@pytest.mark.parametrize("name", COURSES)
@pytest.mark.parametrize("of_events", [True, False])
def test_every_course_after_a_sale_can_be_judged_good(name: str, *, of_events: bool) -> None:
    case = course(name, of_events=of_events)
    assert judge(afterwards(case)).is_good
    assert judge(afterwards(case, calls=[*told(settled(case)), *told_before(case)])).is_good


def told_before(case: Case) -> list[Call]:
    """What the hooks were told while the events came: each status but the last."""
    order = settled(case)
    last = {f"{order.id}:{id_}:{each.status}" for id_, each in {**order.refunds, **order.disputes}.items()}
    seen = [each["data"]["object"] for each in case.aftermath.snapshots]
    listed = [each for of in seen for each in of.get("refunds", {}).get("data", [of])]
    known = (each for each in listed if each["object"] in LISTED and each["id"] in {**order.refunds, **order.disputes})
    keys = dict.fromkeys(f"{order.id}:{each['id']}:{each['status']}" for each in known)
    return [Call(key, 50.0, "on_refund") for key in keys if key not in last]


def test_no_status_of_a_charge_of_old_is_a_strangers() -> None:
    (before,) = told_before(course("refund of 2022"))
    assert before.key.endswith(":succeeded"), "charge.refunded holds it in its list"


def test_a_renewals_refund_is_not_the_orders_money() -> None:
    renewed = course("renewal refunded")
    order = settled(renewed)
    assert (order.refunds, order.money.status.value) == ({}, "kept")
    assert order.renewals
    assert judge(afterwards(renewed)).is_good
    assert judge(afterwards(renewed, replace(order, renewals=None))).lost == [
        f"{renewed.session_id} (renewal refunded)"
    ]


def test_a_refund_that_is_not_in_its_order_is_lost() -> None:
    without = replace(settled(REFUND), refunds={})
    assert len(judge(afterwards(REFUND, without)).lost) == 1


def test_a_refund_that_shows_another_status_than_stripe_is_wrong() -> None:
    order = settled(BOUNCED)
    (shown,) = order.refunds.values()
    assert (shown.status, shown.highest) == ("requires_action", "succeeded")
    late = replace(order, refunds={id_: replace(each, status="succeeded") for id_, each in order.refunds.items()})
    problems = judge(afterwards(BOUNCED, late)).wrong
    assert {"refunds", "money"} <= {each.rpartition(": ")[2].split(" ")[0] for each in problems}


def test_when_a_refund_was_read_is_the_runs_own_affair() -> None:
    order = settled(REFUND)
    read = {id_: replace(each, read=StatusRead(at=NOW, status=each.status)) for id_, each in order.refunds.items()}
    assert judge(afterwards(REFUND, replace(order, refunds=read))).is_good


def test_a_claim_that_no_event_made_is_wrong() -> None:
    order = settled(REFUND)
    ((id_, refund),) = order.refunds.items()
    claimed = replace(refund, claims={**refund.claims, "pending": refund.claims["succeeded"]})
    wrong = judge(afterwards(REFUND, replace(order, refunds={id_: claimed}))).wrong
    assert wrong == [f"{REFUND.session_id} ({label(REFUND)}): refunds differs from the model's"]


def label(case: Case) -> str:
    return f"{case.name}{', ' * bool(case.manner)}{case.manner}"


def test_the_level_that_was_told_last_must_be_the_orders() -> None:
    order = settled(REFUND)
    late = Call(f"{order.id}:access:6", 200.0, "on_refund", level="granted")
    assert judge(afterwards(REFUND, calls=[*told(order), late])).is_good, "its receiver refuses the lower number"
    newer = Call(f"{order.id}:access:8", 90.0, "on_refund", level="granted")
    (problem,) = judge(afterwards(REFUND, calls=[*told(order), newer])).wrong
    assert problem == f"{order.id}: the last access level told is granted, and must be revoked"


def test_a_number_has_one_level() -> None:
    order = settled(REFUND)
    other = Call(f"{order.id}:access:7", 99.0, "on_refund", how="cut off", level="granted")
    wrong = judge(
        replace(afterwards(REFUND, calls=[*told(order), other]), killed=[Killed("on_refund", 99.5, 99.6)])
    ).wrong
    assert wrong == [f"{order.id}:access:7 was told with several levels"]


@pytest.mark.parametrize(
    ("access", "problem"),
    [
        (Access(level=Level.GRANTED, number=8, told=8), "access is granted"),
        (Access(level=Level.REVOKED, number=8, told=7), "access number 8 was not told"),
        (None, "access is granted"),
    ],
)
def test_a_level_that_is_not_the_policys_or_was_not_told_is_wrong(access: Access | None, problem: str) -> None:
    wrong = judge(afterwards(REFUND, settled(REFUND, access=access))).wrong
    assert f"{REFUND.session_id} ({label(REFUND)}): {problem}" in wrong


def test_money_that_was_not_announced_is_wrong() -> None:
    wrong = judge(afterwards(REFUND, settled(REFUND, announced=None))).wrong
    assert wrong == [f"{REFUND.session_id} ({label(REFUND)}): money refunded was not announced"]


def test_the_newest_status_of_a_refund_must_be_told() -> None:
    order = settled(BOUNCED)
    ((id_, refund),) = order.refunds.items()
    earlier = Call(f"{order.id}:{id_}:succeeded", 100.0, "on_refund")
    verdict = judge(afterwards(BOUNCED, calls=[*told(order)[1:], earlier]))
    assert verdict.lost == [f"{order.id}:{id_}:{refund.status} was never told"]
    unknown = Call(f"{order.id}:{id_}:failed", 100.0, "on_refund")
    assert judge(afterwards(BOUNCED, calls=[*told(order), unknown])).wrong == [
        f"{unknown.key} was done, and is no order's"
    ]


@pytest.mark.parametrize(("case", "good"), [(BOUNCED, True), (REFUND, False)])
def test_a_status_is_told_again_only_if_stripe_went_back_to_it(case: Case, *, good: bool) -> None:
    order = settled(case)
    ((id_, refund),) = order.refunds.items()
    assert isinstance(refund, Refund)
    again = Call(f"{order.id}:{id_}:{refund.status}", 150.0, "on_refund")
    verdict = judge(afterwards(case, calls=[*told(order), again]))
    assert verdict.is_good is good
    assert verdict.doubled == ({"status came back": 1} if good else {})


def test_no_other_status_of_a_refund_that_stripe_went_back_on_may_come_again() -> None:
    order = settled(BOUNCED)
    before = told_before(BOUNCED)
    assert [each.key.rpartition(":")[2] for each in before] == ["pending", "succeeded"]
    for each in before:
        again = [*told(order), *before, replace(each, at=150.0)]
        assert len(judge(afterwards(BOUNCED, calls=again)).unexplained) == 1


def test_what_the_money_holds_is_right_only_while_access_is_revoked() -> None:
    held = {
        name: replace(each, state=EffectState.HELD, held_by=("money",)) if name in OF_A_STATUS[1:] else each
        for name, each in settled(REFUND).effects.items()
        if name not in ("load_line_items", "announce_fulfilled")
    }
    items = {"load_line_items": settled(REFUND).effects["load_line_items"]}
    waiting = settled(REFUND, effects={**items, **held})
    assert judge(replace(afterwards(REFUND, waiting), calls=told(waiting))).is_good
    unread = replace(items["load_line_items"], state=EffectState.HELD, held_by=("money",))
    assert not judge(afterwards(REFUND, replace(waiting, effects={**held, "load_line_items": unread}))).is_good
    by_review = {name: replace(each, held_by=("review",)) for name, each in waiting.effects.items()}
    assert not judge(afterwards(REFUND, replace(waiting, effects=by_review))).is_good
    granted = replace(fulfilled(CARD), effects={**fulfilled(CARD).effects, "fulfill": held["fulfill"]})
    assert not judge(evidence(order=granted)).is_good


@pytest.mark.parametrize("name", ["load_line_items", "fulfill", "send_receipt", "announce_paid", "announce_fulfilled"])
def test_what_is_neither_done_nor_held_of_a_revoked_order_is_wrong(name: str) -> None:
    order = settled(REFUND)
    dropped = {other: each for other, each in order.effects.items() if other != name}
    wrong = judge(afterwards(REFUND, replace(order, effects=dropped))).wrong
    assert wrong == [f"{REFUND.session_id} ({label(REFUND)}): {name} is not there"]


def test_a_level_and_a_money_status_that_only_the_document_tells_are_lost() -> None:
    order = settled(REFUND)
    kept = {name: each for name, each in order.effects.items() if name not in ("access_changed", "announce_money")}
    silent = replace(order, effects=kept)
    calls = told(order)
    assert judge(afterwards(REFUND, silent, calls)).is_good
    assert judge(afterwards(REFUND, silent, calls[:-1])).lost == [f"{order.id}:access:7 was never done"]
    assert judge(afterwards(REFUND, silent, [calls[0], calls[2]])).lost == [
        f"{order.id}:announce_money:2 was never done"
    ]


def test_the_money_status_that_was_announced_last_must_be_the_orders() -> None:
    order = settled(REFUND)
    earlier = announced(order, 1, "refunding")
    assert judge(afterwards(REFUND, calls=[*told(order), replace(earlier, at=200.0)])).is_good
    (problem,) = judge(afterwards(REFUND, calls=[*told(order), announced(order, 3, "kept")])).wrong
    assert problem == f"{order.id}: the last announce_money level told is kept, and must be refunded"


def test_an_announcement_is_kept_with_its_money_status(tmp_path: Path) -> None:
    world = World(tmp_path, StripeStandIn())
    attributes = {"key": "cs_1:announce_money:1", "money_status": "refunded"}
    world.note([Message(data=b"", attributes=attributes, id="m1", published_at=NOW)])
    assert world.calls() == [Call("cs_1:announce_money:1", NOW.timestamp(), level="refunded")]


@pytest.mark.parametrize("key", ["fulfill:3", "access", "announce_money", "announce_paid:1"])
def test_only_a_level_and_a_change_have_a_number(key: str) -> None:
    call = Call(f"{CARD.session_id}:{key}", 100.0, BUSY)
    wrong = judge(evidence(calls=[*done(fulfilled(CARD)), call])).wrong
    assert f"{call.key} was done, and is no order's" in wrong


def test_a_strangers_refund_makes_no_order() -> None:
    stranger = next(case for case in CASES if case.name == "stranger")
    assert judge(replace(evidence(calls=[]), cases=[stranger], orders={})).is_good
    made = {stranger.session_id: replace(fulfilled(CARD), effects={})}
    assert judge(replace(evidence(calls=[]), cases=[stranger], orders=made)).wrong


@pytest.mark.parametrize("name", ["event_id", "object_id"])
def test_a_strangers_refund_must_not_be_parked(name: str) -> None:
    stranger = next(case for case in CASES if case.name == "stranger" and case.told)
    ids = {"event_id": stranger.told[0]["id"], "object_id": stranger.aftermath.shown[0]["id"]}
    letter = Message(data=b"", attributes={name: ids[name], "reason": "no_order_known"}, id="m1")
    wrong = judge(replace(evidence(calls=[]), cases=[stranger], orders={}, parked=[letter])).wrong
    assert wrong == [f"{stranger.session_id} (stranger): must not be parked"]
