"""`doctor`: compares what Stripe has registered and what Google runs with what the product needs."""

import dataclasses
import os

import click
from rich.text import Text

from ops.clients.access import StripeAccess, google_base, stripe_access, stripe_base
from ops.clients.google_api import GoogleApi
from ops.clients.stripe_endpoints import StripeEndpoints
from ops.clients.stripe_permissions import StripePermissions
from ops.clients.stripe_types import known_types
from ops.command import Report, operation
from ops.deployment.model import Deployment
from ops.doctor.checks import Finding, Verdict
from ops.doctor.examination import Examination, Stripe

COLORS = {Verdict.OK: "green", Verdict.WARNING: "cyan", Verdict.UNKNOWN: "yellow", Verdict.TROUBLE: "red"}

_RANKS = {Verdict.OK: 0, Verdict.WARNING: 1}


@operation("doctor")
@click.option("--url", help="The webhook's URL, if it was registered with --url.")
def doctor(deployment: Deployment, *, url: str | None) -> Report:
    """Check the deployment, and name the command that fixes each problem.

    Needs STRIPE_API_KEY (Webhook Endpoints: read, and for thin events Event Destinations: read), and Google's
    roles/viewer and roles/iam.securityReviewer on the project and roles/secretmanager.secretAccessor on the secrets.
    Changes nothing. A check that could not run counts as trouble, a warning does not.
    """
    examination = Examination(
        deployment,
        GoogleApi(deployment.project, google_base(os.environ)),
        Stripe(
            endpoints=lambda: StripeEndpoints(stripe_access(os.environ, deployment, may="read")),
            permissions=lambda key: StripePermissions(StripeAccess(key=key, base=stripe_base(os.environ))),
            known=known_types(),
        ),
        url,
    )
    found = examination.findings()
    return _report(list(dict.fromkeys(found)))  # two looks at one resource may fail in the same way


def _report(findings: list[Finding]) -> Report:
    """Problems come last, where a person looks first; warnings come before them."""
    well_first = sorted(findings, key=lambda each: _RANKS.get(each.verdict, len(_RANKS)))
    counts = {verdict: sum(each.verdict is verdict for each in findings) for verdict in Verdict}
    summary = ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count)
    return Report(
        ok=counts[Verdict.OK] + counts[Verdict.WARNING] == len(findings),
        lines=[*(_line(each) for each in well_first), summary],
        data={"checks": [dataclasses.asdict(each) for each in findings]},
    )


def _line(each: Finding) -> Text:
    width = max(len(verdict) for verdict in Verdict)
    line = Text(f"{each.verdict:<{width}}", style=COLORS[each.verdict])
    line.append(f"  {each.subject}: {each.check}", style="default")
    line.append(f": {each.problem}" if each.problem else "", style="default")
    return line.append(f"  →  {each.fix}" if each.fix else "", style="bold default")
