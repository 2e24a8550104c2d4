"""The rules for the content of secrets, and for their readers. Pure. No finding shows a secret."""

import re
from collections.abc import Callable, Iterable

from fulfillment.settings.hosts import SmtpServer
from fulfillment.settings.parsers import parse_api_key
from ops.clients.access import mode_of
from ops.clients.google_resources import Policy
from ops.clients.signing_secrets import SigningSecrets
from ops.deployment.model import Deployment
from ops.doctor.checks import Finding, judge, unknown, warning
from ops.errors import Forbidden, Refused

ACCESSOR = "roles/secretmanager.secretAccessor"
PLACEHOLDERS = re.compile(r"\s*(whsec_unregistered\w*|missing: .*)\s*")
"""The values that Terraform stores, or stored in former versions, without a real one."""
RAISE = "export TF_VAR_{0}=…, raise {1} by one, and: terraform -chdir=terraform apply"
NEW_KEY = RAISE.format("stripe_api_key", "stripe.api_key_version")


def check_signing_secrets(deployment: Deployment, text: str) -> list[Finding]:
    """The signing secrets of the webhook."""
    problems = {"holds": _problem(lambda: SigningSecrets.parse(text, {})), "registered": None}
    if not problems["holds"] and not SigningSecrets.parse(text, {}).secrets:
        problems["registered"] = "it holds only the placeholder: every event is refused"
    name, to = deployment.secrets.webhook, f"--project {deployment.project}"
    good = f"gcloud secrets versions access NUMBER --secret {name} {to}"
    fixes = {
        "holds": f"add the last good version again: {good} | gcloud secrets versions add {name} {to} --data-file=-"
    }
    return judge(f"secret {name}", problems, "scripts/ops register-webhook", fixes)


def check_api_key(deployment: Deployment, text: str) -> list[Finding]:
    """The key that reads line items."""
    problems = {"holds": _problem(lambda: parse_api_key(text)), "mode": None}
    if not problems["holds"] and mode_of(text.strip()) not in {deployment.mode, None}:
        problems["mode"] = f"the key is of {mode_of(text.strip())} mode, and the deployment of {deployment.mode} mode"
    return judge(f"secret {deployment.secrets.stripe_api_key}", problems, NEW_KEY)


def check_permission(deployment: Deployment, permission: str, refusal: Refused | None, without: str) -> Finding:
    """The key may read what the functions need. `refusal` is Stripe's, of a harmless read; `without`: what goes missing
    then.
    """
    subject = f"secret {deployment.secrets.stripe_api_key}"
    if refusal and not isinstance(refusal, Forbidden):
        return unknown(subject, permission, str(refusal))
    fix = f"give it the permission in Stripe's dashboard; or for another key: {NEW_KEY}"
    problem = f"{refusal}. Without it {without}; everything else goes on" if refusal else None
    return judge(subject, {permission: problem}, fix)[0]


def unchecked_permissions(deployment: Deployment) -> Finding:
    """An organization's key reads nothing without an account."""
    subject = f"secret {deployment.secrets.stripe_api_key}"
    return warning(subject, "permissions", "not checked: an organization's key reads nothing without an account")


def check_smtp_url(deployment: Deployment, text: str) -> list[Finding]:
    """The mail server's URL."""
    problems = {"holds": _problem(lambda: SmtpServer.parse(text))}
    fix = RAISE.format("smtp_url", "mail.smtp_url_version")
    return judge(f"secret {deployment.secrets.smtp_url}", problems, fix)


def check_newest(
    deployment: Deployment, name: str, text: str, earlier: Iterable[tuple[int, str | None]]
) -> list[Finding]:
    """No placeholder is newer than a real value. `earlier`: (number, text), newest first; None: not readable."""
    if not PLACEHOLDERS.fullmatch(text):
        return judge(f"secret {name}", {"newest": None})
    before = dict(earlier)
    of = f"{name} --project {deployment.project}"
    real = [number for number, each in before.items() if each is not None and not PLACEHOLDERS.fullmatch(each)]
    if real:
        problem: str | None = f"a placeholder is newer than the real value in version {real[0]}"
        fix = f"gcloud secrets versions access {real[0]} --secret {of} | gcloud secrets versions add {of} --data-file=-"
    else:
        disabled = [number for number, each in before.items() if each is None]
        numbers = ", ".join(map(str, disabled))
        problem = f"a placeholder is newer than a disabled or destroyed version: {numbers}" if disabled else None
        fix = f"gcloud secrets versions list {of}, enable the one with the real value, and run this again"
    return judge(f"secret {name}", {"newest": problem}, fix)


def check_readers(name: str, accounts: Iterable[tuple[str, str]], found: Policy) -> list[Finding]:
    """Each function, by (function, account), may read the secret."""
    problems = {
        f"reader {function}": None
        if found.lets(ACCESSOR, f"serviceAccount:{account}")
        else f"{account} lacks {ACCESSOR}"
        for function, account in accounts
    }
    return judge(f"secret {name}", problems)


def _problem(parse: Callable[[], object]) -> str | None:
    """The product's error for a secret, which never quotes it."""
    try:
        parse()
    except ValueError as error:
        return f"its newest version {error}"
    return None
