"""Judges a run: lost orders, wrong orders, and effects done twice, with or without a reason."""

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chaos import keys, model, told
from chaos.case import Case
from chaos.fault_injector import Killed
from chaos.incidents import Incident
from chaos.logs import effect_of
from chaos.plan import PERFORMERS
from chaos.sender import digest
from chaos.world import Call
from fulfillment.domain.order import Order
from fulfillment.topic.message import Message

HOOK_SECONDS = 3.0
AFTERMATH_SECONDS = 5.0  # a broken channel reconnects every two seconds
DAMAGING = frozenset(("cut", "reset", "half_open", "lost"))
PUBSUBS_OWN = "CloudPubSubDeadLetterSource"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All facts about a run. `routed`: the messages on the topic of routed events; `bodies`: as the sender has them;
    `late`: the effects whose answer came too late, each as the function that performed it and `{order}:{kind}`.
    """

    cases: Sequence[Case]
    orders: Mapping[str, Order]
    parked: Sequence[Message]
    calls: Sequence[Call]
    killed: Sequence[Killed]
    incidents: Sequence[Incident]
    forged_taken: Collection[str] = ()
    routed: Sequence[Message] = ()
    bodies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    late: Collection[tuple[str, str]] = ()


@dataclass
class Verdict:
    """`lost`, `wrong` and `unexplained` must be empty; `doubled` counts repeated effects by reason."""

    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    doubled: Counter[str] = field(default_factory=Counter)

    @property
    def is_good(self) -> bool:
        """Whether the promise was kept."""
        return not (self.lost or self.wrong or self.unexplained)


def judge(evidence: Evidence) -> Verdict:
    """The verdict on a run that has settled, its dead letters replayed."""
    verdict = Verdict()
    for case in evidence.cases:
        _judge_case(case, evidence, verdict)
    verdict.wrong += [problem for letter in evidence.parked if (problem := _without_reason(letter))]
    _judge_routed(evidence, verdict)
    calls = keys.by_key(evidence.cases, evidence.calls)
    verdict.lost += list(_never_done(evidence, calls))
    verdict.wrong += [f"{event_id} was forged, and taken" for event_id in evidence.forged_taken]
    verdict.wrong += [f"{key} was done, and is no order's" for key in keys.unknown(evidence.cases, calls)]
    for case in evidence.cases:
        if order := evidence.orders.get(case.session_id):
            verdict.lost += list(told.statuses_never_told(case, order, calls))
            verdict.wrong += list(told.wrong_levels(order, calls))
    for key, performed in calls.items():
        for first, again in itertools.pairwise(performed):
            reason = why_again(first, again, evidence)
            if reason:
                verdict.doubled[reason] += 1
            else:
                verdict.unexplained.append(f"{key} at {first.at:.1f} and at {again.at:.1f}")
    return verdict


def _judge_case(case: Case, evidence: Evidence, verdict: Verdict) -> None:
    order = evidence.orders.get(case.session_id)
    label = f"{case.session_id} ({case.name}{', ' * bool(case.manner)}{case.manner})"
    if case.expects == "order":
        if model.is_lost(case, order):
            verdict.lost.append(label)
        verdict.wrong += [f"{label}: {each}" for each in (model.differences(case, order) if order else ["no order"])]
    elif order:
        verdict.wrong.append(f"{label}: there must be no order")
    letters = [each for each in evidence.parked if _is_of(case, each)]
    if case.expects == "parked" and not any("malformed" in each.attributes.get("reason", "") for each in letters):
        verdict.lost.append(f"{label}: not parked")
    if case.expects == "none" and any("reason" in each.attributes for each in letters):
        verdict.wrong.append(f"{label}: must not be parked")


def _is_of(case: Case, letter: Message) -> bool:
    """Whether a letter is about a case. Only an event of a session names the session."""
    names = {case.session_id, *(each["id"] for each in (*case.told, *case.aftermath.shown))}
    return not names.isdisjoint(letter.attributes.get(name) for name in ("session_id", "event_id", "object_id"))


def _judge_routed(evidence: Evidence, verdict: Verdict) -> None:
    """Each routed event is on its topic, unchanged. It is there again only if Stripe sent it again, or if the webhook
    got no answer of Pub/Sub.
    """
    must = {event["id"]: event for case in evidence.cases for event in case.routed}
    found: dict[str, list[Message]] = {}
    for message in evidence.routed:
        found.setdefault(message.attributes.get("event_id", ""), []).append(message)
    verdict.lost += [f"{event_id} was routed, and is not on its topic" for event_id in must.keys() - found.keys()]
    for event_id, messages in found.items():
        sent = evidence.bodies.get(event_id, ())
        if event_id not in must or {each.attributes.get("event_type") for each in messages} != {must[event_id]["type"]}:
            verdict.wrong.append(f"{event_id} is on the topic of routed events, and must not be, or as another type")
        if not {digest(each.data) for each in messages} <= set(sent):
            verdict.wrong.append(f"{event_id} was routed with another body than Stripe sent")
        if (again := min(len(messages), len(sent)) - 1) > 0:
            verdict.doubled["sent again"] += again
        if (more := len(messages) - len(sent)) > 0:
            if _publishing_was_disturbed(evidence):
                verdict.doubled["published again"] += more
            else:
                verdict.unexplained.append(f"{event_id} was routed {len(messages)} times, and sent {len(sent)} times")


def _publishing_was_disturbed(evidence: Evidence) -> bool:
    """Whether an answer of Pub/Sub to the webhook was lost: it publishes again until its time ends."""
    return any(
        each.hits and each.kind in DAMAGING and each.link == "stripe_webhook->pubsub" for each in evidence.incidents
    )


def _without_reason(letter: Message) -> str | None:
    if letter.attributes.get("reason") or any(name.startswith(PUBSUBS_OWN) for name in letter.attributes):
        return None
    return f"a dead letter without a reason: {letter.id}"


def _never_done(evidence: Evidence, calls: Mapping[str, Sequence[Call]]) -> Iterable[str]:
    """Effects of an order that never happened in the world."""
    for order in evidence.orders.values():
        for key in keys.performed(order):
            if not any(call.how == "done" for call in calls.get(key, ())):
                yield f"{key} was never done"


def why_again(first: Call, again: Call, evidence: Evidence) -> str | None:
    """The reason for a repeated call: a fault that hit the first call's function between the two calls, or else an
    answer that came too late; None if there is none. The publisher of an announcement is unknown: it may be any
    subscriber.
    """
    if first.seconds > HOOK_SECONDS:
        return "time limit"
    if told.came_back(first.key, evidence.orders):
        return "status came back"
    doers = (first.function,) if first.function else PERFORMERS
    if any(each.function in doers and first.at <= each.dead_at and each.at <= again.at for each in evidence.killed):
        return "killed"
    for each in evidence.incidents:
        met = each.hits and each.kind in DAMAGING and each.link.partition("->")[0] in doers
        if met and each.at <= again.at and first.at <= each.until + AFTERMATH_SECONDS:
            return each.kind
    effect = effect_of(first.key)
    return "late answer" if any((doer, effect) in evidence.late for doer in doers) else None
