"""What came of it: what is lost, what is wrong, and what was done twice, with or without a reason."""

import hashlib
import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chaos import model
from chaos.cases import Case
from chaos.fault_injector import Killed
from chaos.incidents import Incident
from chaos.world import Call
from fulfillment.domain.effects import LOAD_LINE_ITEMS, OWED_ON_ENTERING
from fulfillment.domain.event_types import SUBSCRIBERS
from fulfillment.domain.order import Order
from fulfillment.topic.message import Message

HOOK_SECONDS = 3.0
BLIND_SECONDS = 2.5  # an announcement is seen by whoever pulls, a little later than it was made
AFTERMATH_SECONDS = 5.0  # a channel that broke is tried again every other second
DAMAGING = frozenset(("cut", "reset", "half_open", "lost"))
PUBSUBS_OWN = "CloudPubSubDeadLetterSource"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that is known of a run."""

    cases: Sequence[Case]
    orders: Mapping[str, Order]
    parked: Sequence[Message]
    calls: Sequence[Call]
    killed: Sequence[Killed]
    incidents: Sequence[Incident]
    forged_taken: Collection[str] = ()


@dataclass
class Verdict:
    """`lost`, `wrong` and `unexplained` must be empty; `doubled` counts, by reason, what was done again."""

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
    calls = by_key(evidence.cases, evidence.calls)
    verdict.lost += list(_never_done(evidence, calls))
    verdict.wrong += [f"{event_id} was forged, and taken" for event_id in evidence.forged_taken]
    verdict.wrong += [f"{key} was done, and is no order's" for key in calls if key not in _keys(evidence.cases)]
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
    said = f"{case.session_id} ({case.name}{', ' * bool(case.manner)}{case.manner})"
    if case.expects == "order":
        if model.is_lost(case, order):
            verdict.lost.append(said)
        verdict.wrong += [f"{said}: {each}" for each in (model.differences(case, order) if order else ["no order"])]
    elif order:
        verdict.wrong.append(f"{said}: there must be no order")
    letters = [each for each in evidence.parked if each.attributes.get("session_id") == case.session_id]
    if case.expects == "parked" and not any("malformed" in each.attributes.get("reason", "") for each in letters):
        verdict.lost.append(f"{said}: not parked")
    if case.expects == "none" and any("reason" in each.attributes for each in letters):
        verdict.wrong.append(f"{said}: must not be parked")


def _without_reason(letter: Message) -> str | None:
    if letter.attributes.get("reason") or any(name.startswith(PUBSUBS_OWN) for name in letter.attributes):
        return None
    return f"a dead letter without a reason: {letter.id}"


def _never_done(evidence: Evidence, calls: Mapping[str, Sequence[Call]]) -> Iterable[str]:
    """Effects that are struck off, and that the world has not seen."""
    for order in evidence.orders.values():
        for name, effect in order.effects.items():
            if name != LOAD_LINE_ITEMS and not any(call.how == "done" for call in calls.get(effect.key, ())):
                yield f"{effect.key} is {effect.state.value}, and was never done"


def by_key(cases: Sequence[Case], calls: Iterable[Call]) -> dict[str, list[Call]]:
    """What was done, or may have been, by the key of its effect, in order. Mails are known by their Message-ID."""
    ids = {_message_id(key): key for key in _keys(cases)}
    found: dict[str, list[Call]] = {}
    for call in sorted(calls, key=lambda call: call.at):
        if call.how in {"done", "cut off"}:
            found.setdefault(ids.get(call.key, call.key), []).append(call)
    return found


def _keys(cases: Sequence[Case]) -> set[str]:
    names = [name for owed in OWED_ON_ENTERING.values() for name in owed]
    return {f"{case.session_id}:{name}" for case in cases if case.expects == "order" for name in names}


def _message_id(key: str) -> str:
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@example.com>"


def why_again(first: Call, again: Call, evidence: Evidence) -> str | None:
    """What happened to whoever did it first, from then on until it was done again; None: nothing that we know of.
    What Pub/Sub keeps does not say who published it: then any subscriber may have been the one.
    """
    if first.seconds > HOOK_SECONDS:
        return "time limit"
    doers = (first.function,) if first.function else tuple(SUBSCRIBERS.values())
    since = first.at - (0 if first.function else BLIND_SECONDS)
    if any(each.function in doers and since <= each.at <= again.at for each in evidence.killed):
        return "killed"
    for each in evidence.incidents:
        met = each.hits and each.kind in DAMAGING and each.link.partition("->")[0] in doers
        if met and each.at <= again.at and since <= each.until + AFTERMATH_SECONDS:
            return each.kind
    return None
