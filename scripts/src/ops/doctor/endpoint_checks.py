"""The rules for the endpoints at Stripe, snapshot and thin. Pure."""

from collections.abc import Sequence

from ops.clients.signing_secrets import SigningSecrets
from ops.clients.webhook_endpoints import DesiredEndpoint, Endpoint, host_of
from ops.deployment.terraform_output import APPLY
from ops.doctor.checks import Finding, Problems, Verdict, differs, judge, unknown
from ops.errors import OperationsError

REGISTER = "scripts/ops register-webhook"
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
        subject, fix = _subject(each), register(thin=each.thin)
        found = _best(each, _candidates(each, wanted, endpoints), stored)
        if not found:
            findings += judge(subject, {"registered": "Stripe has no endpoint for this deployment"}, fix)
            continue
        judged.append(found)
        findings += judge(subject, {"registered": None, **_deviations(each, found)}, fix)
        findings.append(_secret(subject, found, each, stored))
    rest = [each for each in endpoints if each not in judged and _reaches(each, wanted[0], webhook)]
    return findings + (_others(rest, wanted, stored) if rest else judge("stripe", {"other endpoints": None}))


def register(*, thin: bool) -> str:
    """The command that registers an endpoint of a kind."""
    return f"{REGISTER} --thin" if thin else REGISTER


def _subject(wanted: DesiredEndpoint) -> str:
    parts = ["thin events"] * wanted.thin + ["connected accounts"] * wanted.connect
    return f"stripe ({', '.join(parts)})" if parts else "stripe"


def _candidates(
    wanted: DesiredEndpoint, all_wanted: Sequence[DesiredEndpoint], endpoints: Sequence[Endpoint]
) -> list[Endpoint]:
    """The endpoints of the same kind, and of the same accounts if there must be one for each."""
    alone = sum(each.thin is wanted.thin for each in all_wanted) == 1
    return [each for each in endpoints if each.thin is wanted.thin and (alone or each.connect is wanted.connect)]


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
    lacking, unwanted = wanted.types.missing(found.events), wanted.types.unwanted(found.events)
    version = {} if wanted.thin else {"api version": found.api_version or "the account's default"}
    return {
        "url": None if found.points_at(wanted.url) else f"{found.id} sends to {found.place}, must be {wanted.url}",
        "events": "; ".join(
            f"{found.id} {verb} {', '.join(names)}"
            for verb, names in (("lacks", lacking), ("sends", unwanted))
            if names
        ),
        **{check: differs(value, wanted.api_version) for check, value in version.items()},
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
    fix = register(thin=found.thin) if ours else f"scripts/ops add-webhook-secret --endpoint {found.id}"
    return judge(subject, {"signing secret": problem}, fix)[0]


def _reaches(each: Endpoint, wanted: DesiredEndpoint, webhook: str) -> bool:
    """Whether it is managed, or is at our host and not another deployment's."""
    if "deployment" in each.metadata:
        return each.managed_for(wanted.deployment) or each.points_at(wanted.url)
    return each.host in {host_of(wanted.url), host_of(webhook)}


def _others(
    rest: Sequence[Endpoint], all_wanted: Sequence[DesiredEndpoint], stored: SigningSecrets | OperationsError
) -> list[Finding]:
    """A managed endpoint in use with another version is an upgrade in progress. Any other is a problem."""
    findings = []
    for each in rest:
        wanted = next((one for one in all_wanted if one.thin is each.thin), all_wanted[0])
        ours = each.managed_for(wanted.deployment)
        in_use = ours and isinstance(stored, SigningSecrets) and stored.knows(each.id)
        upgrade = in_use and each.api_version != wanted.api_version and each.points_at(wanted.url)
        again = register(thin=each.thin)
        newer = each.newer_than(wanted)
        ending = f"set stripe.api_version to {each.api_version}, and: {APPLY}" if newer else f"{again} --retire"
        findings.append(
            Finding(
                subject="stripe",
                check=f"other endpoint {each.id}",
                verdict=Verdict.OK if upgrade else Verdict.TROUBLE,
                problem=f"{each.form}, it sends to {each.place} too",
                fix=ending if in_use else again if ours else BY_HAND,
            )
        )
    return findings


def _mode(*, livemode: bool) -> str:
    return "live mode" if livemode else "test mode"


def _whose(*, connect: bool | None) -> str:
    if connect is None:
        return "for your own and other accounts"
    return "for connected accounts" if connect else "for your own account"
