"""The plan of `register-webhook`: what Stripe has registered, what shall be, and the steps between. Pure.

    at our address and of our version        signing secret in force          then
    none                                                                      create
    one of ours                              yes                              keep, or update events and status
    one of ours                              no: a run ended half-way         create, store, then delete it
    somebody else's                          unknown                          stop: a person must decide
    of ours, but another version or address  yes                              keep beside it until --retire
    of ours, but of a newer version          yes                              keep, unless the version is named

Stripe cannot change an endpoint's version, so another version is a second endpoint, and both deliver for a while.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ops.clients.signing_secrets import SigningSecrets
from ops.clients.webhook_endpoints import DesiredEndpoint, Endpoint


@dataclass(frozen=True, kw_only=True)
class Update:
    """An endpoint to be made as wanted again, and what is wrong with it."""

    endpoint: Endpoint
    wanted: DesiredEndpoint
    why: str


@dataclass(kw_only=True)
class Plan:
    """The steps, in the order in which they are taken, and what a person should know.

    `orphans` are ours, but their signing secret is not in force. `others` are ours, and in use, but not wanted: retired
    if that is asked for. `newer` are such, too, but of a newer version than the wanted one, which may be out of date.
    `ghosts` are noted, but unknown to Stripe. `conflicts` stop everything.
    """

    creates: list[DesiredEndpoint] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    orphans: list[Endpoint] = field(default_factory=list)
    others: list[Endpoint] = field(default_factory=list)
    newer: list[Endpoint] = field(default_factory=list)
    ghosts: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    kept: list[Endpoint] = field(default_factory=list)

    @property
    def may_retire(self) -> bool:
        """Whether what is wanted already delivers: what is made in this run has proved nothing yet."""
        return not self.creates


def make_plan(
    wanted: Sequence[DesiredEndpoint], endpoints: Sequence[Endpoint], stored: SigningSecrets, *, named: bool = False
) -> Plan:
    """The steps from what is to what is wanted; `named` if a person has just named the version."""
    plan = Plan()
    known = sorted(endpoints, key=lambda each: (each.created, each.id))
    for each in wanted:
        _plan_one(plan, each, known, stored)
    ours = [each for each in known if each.managed_for(wanted[0].deployment) or stored.knows(each.id)]
    plan.orphans = [each for each in ours if not stored.knows(each.id)]
    beside = [each for each in ours if stored.knows(each.id) and each not in plan.kept]
    plan.newer = [each for each in beside if each.newer_than(wanted[0]) and not named]
    plan.others = [each for each in beside if each not in plan.newer]
    plan.ghosts = sorted(set(stored.noted) - {each.id for each in known})
    return plan


def _plan_one(plan: Plan, wanted: DesiredEndpoint, endpoints: Sequence[Endpoint], stored: SigningSecrets) -> None:
    """One endpoint's part: keep and perhaps update, create, or stop."""
    fitting = [each for each in endpoints if _fits(each, wanted)]
    kept = next((each for each in fitting if stored.knows(each.id)), None)
    strangers = [each for each in fitting if not stored.knows(each.id) and not each.managed_for(wanted.deployment)]
    if kept:
        plan.kept.append(kept)
        if why := _deviation(kept, wanted):
            plan.updates.append(Update(endpoint=kept, wanted=wanted, why=why))
    elif strangers:
        plan.conflicts.append(_conflict(strangers[0]))
    else:
        plan.creates.append(wanted)


def _fits(endpoint: Endpoint, wanted: DesiredEndpoint) -> bool:
    same = (endpoint.api_version, endpoint.connect) == (wanted.api_version, wanted.connect)
    return same and endpoint.livemode is wanted.livemode and endpoint.points_at(wanted.url)


def _deviation(endpoint: Endpoint, wanted: DesiredEndpoint) -> str:
    problems = []
    if missing := wanted.events - endpoint.events:
        problems.append(f"it lacks {', '.join(sorted(missing))}")
    if unwanted := endpoint.events - wanted.events:
        problems.append(f"it sends {', '.join(sorted(unwanted))} too")
    if not endpoint.enabled:
        problems.append("it is disabled")
    if not endpoint.managed_for(wanted.deployment):
        problems.append("it is not marked as this deployment's")
    return "; ".join(problems)


def _conflict(endpoint: Endpoint) -> str:
    return (
        f"{endpoint.id} sends to {endpoint.place} already, and was not made by this command. Take it over with its "
        f"signing secret (in Stripe's dashboard): scripts/ops add-webhook-secret --endpoint {endpoint.id}\n"
        "Or delete it there. Then run this again."
    )
