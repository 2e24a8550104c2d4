"""The rules for the webhook endpoints at Stripe. Pure."""

from collections.abc import Sequence

from ops.clients.signing_secrets import SigningSecrets
from ops.clients.webhook_endpoints import DesiredEndpoint, Endpoint, host_of
from ops.deployment.terraform_output import APPLY
from ops.doctor.checks import Finding, Problems, Verdict, differs, judge, unknown
from ops.errors import OperationsError

REGISTER = "scripts/ops register-webhook"
RETIRE = f"{REGISTER} --retire"
BY_HAND = "delete it in Stripe's dashboard; one of another deployment gets the metadata deployment=PROJECT/NAME there"


def check_endpoints(
    wanted: Sequence[DesiredEndpoint],
    endpoints: Sequence[Endpoint],
    stored: SigningSecrets | OperationsError,
    webhook: str,
) -> list[Finding]:
    """Checks each wanted endpoint, then every other one at our host. `webhook` is the service's own URL."""
    findings: list[Finding] = []
    judged: list[Endpoint] = []
    for each in wanted:
        subject = "stripe (connected accounts)" if each.connect else "stripe"
        candidates = [other for other in endpoints if len(wanted) == 1 or other.connect is each.connect]
        found = _best(each, candidates, stored)
        if not found:
            findings += judge(subject, {"registered": "Stripe has no endpoint for this deployment"}, REGISTER)
            continue
        judged.append(found)
        findings += judge(subject, {"registered": None, **_deviations(each, found)}, REGISTER)
        findings.append(_secret(subject, found, each, stored))
    rest = [each for each in endpoints if each not in judged and _reaches(each, wanted[0], webhook)]
    return findings + (_others(rest, wanted[0], stored) if rest else judge("stripe", {"other endpoints": None}))


def _best(
    wanted: DesiredEndpoint, endpoints: Sequence[Endpoint], stored: SigningSecrets | OperationsError
) -> Endpoint | None:
    """The endpoint most like the wanted one, among those that are managed or at our URL."""
    known = {each.id for each in endpoints if isinstance(stored, SigningSecrets) and stored.knows(each.id)}
    ours = [each for each in endpoints if each.points_at(wanted.url) or each.managed_for(wanted.deployment)]
    return max(ours, key=lambda each: (*_likeness(wanted, each), each.id in known, -each.created), default=None)


def _likeness(wanted: DesiredEndpoint, each: Endpoint) -> tuple[bool, ...]:
    same = (each.points_at(wanted.url), each.api_version == wanted.api_version, each.connect is wanted.connect)
    return (*same, each.managed_for(wanted.deployment))


def _deviations(wanted: DesiredEndpoint, found: Endpoint) -> Problems:
    lacking, unwanted = sorted(wanted.events - found.events), sorted(found.events - wanted.events)
    return {
        "url": None if found.points_at(wanted.url) else f"{found.id} sends to {found.place}, must be {wanted.url}",
        "events": "; ".join(
            f"{found.id} {verb} {', '.join(names)}"
            for verb, names in (("lacks", lacking), ("sends", unwanted))
            if names
        ),
        "api version": differs(found.api_version or "the account's default", wanted.api_version),
        "status": None if found.enabled else f"{found.id} is disabled: Stripe sends nothing",
        "livemode": differs(_mode(livemode=found.livemode), _mode(livemode=wanted.livemode)),
        "connect": differs(_whose(connect=found.connect), _whose(connect=wanted.connect)),
    }


def _secret(
    subject: str, found: Endpoint, wanted: DesiredEndpoint, stored: SigningSecrets | OperationsError
) -> Finding:
    """Whether its events can be verified."""
    if isinstance(stored, OperationsError):
        return unknown(subject, "signing secret", str(stored))
    problem = None if stored.knows(found.id) else f"no stored secret is noted as {found.id}'s: its events are refused"
    ours = found.managed_for(wanted.deployment)
    fix = REGISTER if ours else f"scripts/ops add-webhook-secret --endpoint {found.id}"
    return judge(subject, {"signing secret": problem}, fix)[0]


def _reaches(each: Endpoint, wanted: DesiredEndpoint, webhook: str) -> bool:
    """Whether it is managed, or is at our host and not another deployment's."""
    if "deployment" in each.metadata:
        return each.managed_for(wanted.deployment) or each.points_at(wanted.url)
    return each.host in {host_of(wanted.url), host_of(webhook)}


def _others(
    rest: Sequence[Endpoint], wanted: DesiredEndpoint, stored: SigningSecrets | OperationsError
) -> list[Finding]:
    """A managed endpoint in use with another version is an upgrade in progress. Any other is a problem."""
    findings = []
    for each in rest:
        ours = each.managed_for(wanted.deployment)
        in_use = ours and isinstance(stored, SigningSecrets) and stored.knows(each.id)
        upgrade = in_use and each.api_version != wanted.api_version and each.points_at(wanted.url)
        ending = f"set stripe.api_version to {each.api_version}, and: {APPLY}" if each.newer_than(wanted) else RETIRE
        findings.append(
            Finding(
                subject="stripe",
                check=f"other endpoint {each.id}",
                verdict=Verdict.OK if upgrade else Verdict.TROUBLE,
                problem=f"of version {each.api_version}, it sends to {each.place} too",
                fix=ending if in_use else REGISTER if ours else BY_HAND,
            )
        )
    return findings


def _mode(*, livemode: bool) -> str:
    return "live mode" if livemode else "test mode"


def _whose(*, connect: bool) -> str:
    return "for connected accounts" if connect else "for your own account"
