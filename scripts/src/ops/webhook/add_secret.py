"""`add-webhook-secret`: stores a signing secret from Stripe's dashboard, as after a roll."""

import os
import re
import sys
from typing import Any

import click

from fulfillment.settings.parsers import parse_webhook_secrets
from ops.clients.access import google_base
from ops.clients.google_api import GoogleApi
from ops.clients.secret_manager import SecretManager
from ops.clients.signing_secrets import PLACEHOLDER, SigningSecrets
from ops.clients.webhook_endpoints import ENDPOINT_ID
from ops.command import Report, confirm, operation, require_terminal
from ops.deployment.model import Deployment
from ops.errors import WrongSettings


@operation("add-webhook-secret")
@click.option("--endpoint", help="The endpoint that signs with it: we_… or ed_…. Default: the only known one.")
@click.option("--drop-others", is_flag=True, help="Drop every other secret except those of known endpoints.")
@click.option("--yes", is_flag=True, help="Drop secrets without asking.")
def add_webhook_secret(deployment: Deployment, *, endpoint: str | None, drop_others: bool, yes: bool) -> Report:
    """Add a signing secret to those in force.

    The command prompts for the secret, or reads it from stdin. To roll a secret: roll it in Stripe's dashboard, keep
    the old one valid for some hours, and add the new one. Later, add it once more with --drop-others. The command also
    takes over an endpoint that was created in the dashboard.
    """
    if endpoint is not None and not re.fullmatch(ENDPOINT_ID, endpoint):
        raise WrongSettings("--endpoint must be an endpoint's id, as the dashboard shows it: we_… or ed_…")
    if drop_others:
        require_terminal("--drop-others", yes=yes)
    manager = SecretManager(GoogleApi(deployment.project, google_base(os.environ)))
    name = deployment.secrets.webhook
    before = manager.signing_secrets(name)
    manager.assert_may_store(name)
    owner = _endpoint(before, endpoint)
    secret = _ask()
    after = before.adding(secret, owner)
    if drop_others:
        after = _drop(after, secret, yes=yes)
    manager.store(name, before, after)
    return _report(before, after, owner)


def _ask() -> str:
    """A signing secret from the prompt or stdin. WrongSettings, without its text, if it is invalid."""
    try:
        text = click.prompt("Signing secret", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read()
        secrets = parse_webhook_secrets(text)
    except UnicodeDecodeError:
        raise WrongSettings("the text on stdin is not UTF-8: paste the secret at the prompt instead") from None
    except ValueError as error:
        needed = "one signing secret is needed, as Stripe's dashboard shows it"
        raise WrongSettings(f"{needed}; the given text {error}") from None
    secret, *more = secrets
    if more:
        raise WrongSettings(f"one signing secret is needed, and {len(secrets)} were given: add them one by one")
    if secret.startswith(PLACEHOLDER):
        raise WrongSettings("this is Terraform's placeholder: no endpoint signs with it")
    return secret


def _endpoint(before: SigningSecrets, endpoint: str | None) -> str | None:
    """The endpoint that signs with the secret: a roll gives a known one a new secret."""
    owner = endpoint or (next(iter(before.noted)) if len(before.noted) == 1 else None)
    if owner is None and before.noted:
        raise WrongSettings(f"name its endpoint with --endpoint; known are {', '.join(sorted(before.noted))}")
    return owner


def _drop(after: SigningSecrets, secret: str, *, yes: bool) -> SigningSecrets:
    kept = after.only(secret)
    gone = len(after.secrets) - len(kept.secrets)
    question = f"Drop {gone} of {len(after.secrets)} signing secrets? Events signed with them will be refused."
    return kept if gone and confirm(question, yes=yes) else after


def _report(before: SigningSecrets, after: SigningSecrets, owner: str | None) -> Report:
    added, dropped = set(after.secrets) - set(before.secrets), set(before.secrets) - set(after.secrets)
    lines = [f"{len(after.secrets)} signing secrets are in force: {len(added)} added, {len(dropped)} dropped."]
    if owner:
        lines.append(f"The added secret is noted as that of {owner}.")
    data: dict[str, Any] = {"secrets": len(after.secrets), "added": len(added), "dropped": len(dropped)}
    return Report(ok=True, lines=lines, data={**data, "endpoint": owner})
