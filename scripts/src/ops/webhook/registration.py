"""The plan of `register-webhook`: the steps from what Stripe has registered to what it must have. Pure.

    at our URL, of our kind and version      signing secret in force          step
    none                                                                      create
    managed                                  yes                              keep, or update events and status
    managed                                  no: a run ended half-way         create, store, then delete it
    not managed                              unknown                          stop: a person must decide
    managed, but another version or URL      yes                              keep beside it until --retire
    managed, but of a newer version          yes                              keep, unless the version is named
    managed, but of the other kind           yes                              keep beside it until --retire
    managed, but of the other kind           no                               a run for that kind replaces it

A run is for one kind: snapshot endpoints, or thin destinations. Stripe cannot change an endpoint's version or kind, so
another one is a second endpoint, and both deliver for a while.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ops.clients.signing_secrets import SigningSecrets
from ops.clients.webhook_endpoints import DesiredEndpoint, Endpoint


@dataclass(frozen=True, kw_only=True)
class Update:
    """An endpoint that must change, and what is wrong with it."""

    endpoint: Endpoint
    wanted: DesiredEndpoint
    why: str


@dataclass(kw_only=True)
class Plan:
    """The steps in their order, and notes for a person.

    `orphans`: managed, but their signing secret is not in force; `broken`: the same, of the other kind. `others`:
    managed and in use, but not wanted; --retire deletes them. `newer`: as `others`, but of a newer version than the
    wanted one, which may be out of date. `ghosts`: noted, but unknown to Stripe. `conflicts`: each stops the run.
    """

    creates: list[DesiredEndpoint] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    orphans: list[Endpoint] = field(default_factory=list)
    broken: list[Endpoint] = field(default_factory=list)
    others: list[Endpoint] = field(default_factory=list)
    newer: list[Endpoint] = field(default_factory=list)
    ghosts: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    kept: list[Endpoint] = field(default_factory=list)

    @property
    def may_retire(self) -> bool:
        """Whether the wanted endpoints exist already: a new one has delivered nothing yet."""
        return not self.creates


def make_plan(
    wanted: Sequence[DesiredEndpoint], endpoints: Sequence[Endpoint], stored: SigningSecrets, *, named: bool = False
) -> Plan:
    """The steps from `endpoints` to `wanted`; `named`: a person gave the version."""
    plan = Plan()
    known = sorted(endpoints, key=lambda each: (each.created, each.id))
    for each in wanted:
        _plan_one(plan, each, known, stored)
    ours = [each for each in known if each.managed_for(wanted[0].deployment) or stored.knows(each.id)]
    lost = [each for each in ours if not stored.knows(each.id)]
    plan.orphans = [each for each in lost if each.thin is wanted[0].thin]
    plan.broken = [each for each in lost if each not in plan.orphans]
    beside = [each for each in ours if stored.knows(each.id) and each not in plan.kept]
    plan.newer = [each for each in beside if each.newer_than(wanted[0]) and not named]
    plan.others = [each for each in beside if each not in plan.newer]
    plan.ghosts = sorted(set(stored.noted) - {each.id for each in known})
    return plan


def _plan_one(plan: Plan, wanted: DesiredEndpoint, endpoints: Sequence[Endpoint], stored: SigningSecrets) -> None:
    """Plans one endpoint: keep and perhaps update it, create it, or stop."""
    fitting = [each for each in endpoints if _fits(each, wanted)]
    kept = next((each for each in fitting if stored.knows(each.id)), None)
    unmanaged = [each for each in fitting if not stored.knows(each.id) and not each.managed_for(wanted.deployment)]
    if kept:
        plan.kept.append(kept)
        if why := _deviation(kept, wanted):
            plan.updates.append(Update(endpoint=kept, wanted=wanted.keeping(kept), why=why))
    elif unmanaged:
        plan.conflicts.append(_conflict(unmanaged[0]))
    else:
        plan.creates.append(wanted)


def _fits(endpoint: Endpoint, wanted: DesiredEndpoint) -> bool:
    same = all(getattr(endpoint, each) == getattr(wanted, each) for each in ("thin", "api_version", "connect"))
    return same and endpoint.livemode is wanted.livemode and endpoint.points_at(wanted.url)


def _deviation(endpoint: Endpoint, wanted: DesiredEndpoint) -> str:
    problems = []
    if missing := wanted.types.missing(endpoint.events):
        problems.append(f"it lacks {', '.join(missing)}")
    if unwanted := wanted.types.unwanted(endpoint.events):
        problems.append(f"it sends {', '.join(unwanted)} too")
    if not endpoint.enabled:
        problems.append("it is disabled")
    if not endpoint.managed_for(wanted.deployment):
        problems.append("it is not marked as this deployment's")
    return "; ".join(problems)


def _conflict(endpoint: Endpoint) -> str:
    return (
        f"{endpoint.id} already sends to {endpoint.place}, and this command did not create it. Take it over with its "
        f"signing secret (in Stripe's dashboard): scripts/ops add-webhook-secret --endpoint {endpoint.id}\n"
        "Or delete it there. Then run this again."
    )
