"""`add-webhook-secret`: a signing secret that Stripe told a person, as when it is rolled in the dashboard."""

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
from ops.command import Report, confirm, operation, somebody_answers
from ops.deployment.model import Deployment
from ops.errors import WrongSettings


@operation("add-webhook-secret")
@click.option("--endpoint", help="The endpoint that signs with it: we_…; without it, the only one that is known.")
@click.option("--drop-others", is_flag=True, help="Drop every other secret, but those of other known endpoints.")
@click.option("--yes", is_flag=True, help="Do not ask before secrets are dropped.")
def add_webhook_secret(deployment: Deployment, *, endpoint: str | None, drop_others: bool, yes: bool) -> Report:
    """Add a signing secret to those in force.

    It is asked for, or read from stdin. To roll one: roll it in Stripe's dashboard, let the old one live on for some
    hours, and add the new one. Later, add it once more with --drop-others. Also takes over an endpoint that was made in
    the dashboard.
    """
    if endpoint is not None and not re.fullmatch(r"we_[A-Za-z0-9_]+", endpoint):
        raise WrongSettings("--endpoint must be an endpoint's id, as the dashboard shows it: we_…")
    if drop_others:
        somebody_answers("--drop-others", yes=yes)
    manager = SecretManager(GoogleApi(deployment.project, google_base(os.environ)))
    name = deployment.secrets.webhook
    before = manager.signing_secrets(name)
    manager.assert_may_store(name)
    whose = _whose(before, endpoint)
    secret = _ask()
    after = before.adding(secret, whose)
    if drop_others:
        after = _drop(after, secret, yes=yes)
    manager.store(name, before, after)
    return _report(before, after, whose)


def _ask() -> str:
    """A signing secret, from whoever is there; WrongSettings, without it, if it is none."""
    try:
        text = click.prompt("Signing secret", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read()
        secrets = parse_webhook_secrets(text)
    except UnicodeDecodeError:
        raise WrongSettings("what came from stdin is no text in UTF-8: paste the secret where it is asked") from None
    except ValueError as error:
        needed = "one signing secret is needed, as Stripe's dashboard shows it"
        raise WrongSettings(f"{needed}; what was given {error}") from None
    secret, *more = secrets
    if more:
        raise WrongSettings(f"one signing secret is needed, and these are {len(secrets)}: add one after the other")
    if secret.startswith(PLACEHOLDER):
        raise WrongSettings("this is the placeholder that Terraform makes: no endpoint signs with it")
    return secret


def _whose(before: SigningSecrets, endpoint: str | None) -> str | None:
    """The endpoint that signs with it: a roll gives a known one a new secret."""
    whose = endpoint or (next(iter(before.noted)) if len(before.noted) == 1 else None)
    if whose is None and before.noted:
        raise WrongSettings(f"say whose it is with --endpoint; known are {', '.join(sorted(before.noted))}")
    return whose


def _drop(after: SigningSecrets, secret: str, *, yes: bool) -> SigningSecrets:
    kept = after.only(secret)
    gone = len(after.secrets) - len(kept.secrets)
    question = f"Drop {gone} of {len(after.secrets)} signing secrets? What is signed with them is refused from then on."
    return kept if gone and confirm(question, yes=yes) else after


def _report(before: SigningSecrets, after: SigningSecrets, whose: str | None) -> Report:
    added, dropped = set(after.secrets) - set(before.secrets), set(before.secrets) - set(after.secrets)
    told = [f"{len(after.secrets)} signing secrets are in force: {len(added)} added, {len(dropped)} dropped."]
    if whose:
        told.append(f"The added one is noted as that of {whose}.")
    data: dict[str, Any] = {"secrets": len(after.secrets), "added": len(added), "dropped": len(dropped)}
    return Report(ok=True, lines=told, data={**data, "endpoint": whose})
