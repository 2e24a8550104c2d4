"""`register-webhook`: makes Stripe send the events of this deployment, signed with a secret that it knows.

The command reads the stored secrets and checks the right to write them before it creates an endpoint: Stripe shows a
signing secret only once. The secret goes from Stripe's answer into Secret Manager and nowhere else. If a run ends
between the two, the next one finds a managed endpoint without a secret in force, creates another, and deletes it.
"""

import contextlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import click

from fulfillment.settings import parsers
from ops.clients.access import google_base, stripe_access
from ops.clients.google_api import GoogleApi
from ops.clients.secret_manager import SecretManager
from ops.clients.signing_secrets import SigningSecrets
from ops.clients.stripe_endpoints import StripeEndpoints
from ops.clients.webhook_endpoints import DesiredEndpoint, Endpoint, wanted
from ops.command import Report, confirm, operation, require_terminal
from ops.deployment.model import Deployment
from ops.errors import Refused, Stopped, WrongSettings
from ops.webhook.registration import Plan, Update, make_plan


@operation("register-webhook")
@click.option("--url", help="The webhook's URL, if it is on a domain of your own. Default: the function's URL.")
@click.option("--api-version", help="The Stripe API version of the events. Default: the deployment's.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@click.option("--retire", is_flag=True, help="Delete this deployment's endpoints of another version or URL.")
@click.option("--yes", is_flag=True, help="Retire endpoints without asking.")
def register_webhook(deployment: Deployment, *, url: str | None, api_version: str | None, **asked: bool) -> Report:
    """Register the webhook at Stripe.

    The signing secret goes straight into Secret Manager. Needs STRIPE_API_KEY: a key of the deployment's mode that may
    write Webhook Endpoints. Changes nothing if the webhook is registered already.

    A new API version needs a second endpoint beside the first: both deliver, and an order is made once. When the new
    one has delivered, --retire deletes the old one and its secret.
    """
    _check(url, api_version)
    access = stripe_access(os.environ, deployment, may="write")
    if asked["retire"] and not asked["dry_run"]:
        require_terminal("--retire", yes=asked["yes"])
    registrar = Registrar(
        stripe=StripeEndpoints(access),
        manager=SecretManager(GoogleApi(deployment.project, google_base(os.environ))),
        secret=deployment.secrets.webhook,
        dry_run=asked["dry_run"],
        named=api_version is not None,
    )
    if api_version and api_version != deployment.api_version:
        registrar.notes.append(f"Set stripe.api_version to {api_version} in Terraform too: doctor compares with it.")
    registrar.register(wanted(deployment, url, api_version), retire=asked["retire"], yes=asked["yes"])
    return registrar.report()


def _check(url: str | None, api_version: str | None) -> None:
    if api_version is not None and not re.fullmatch(r"20\d\d-\d\d-\d\d(\.[a-z]+)?", api_version):
        raise WrongSettings("--api-version must be a version of Stripe's API, such as 2026-10-28.endive")
    try:
        parsers.api_base(url or "https://none.example")
    except ValueError as error:
        raise WrongSettings(f"--url {error}") from None


@dataclass(kw_only=True)
class Registrar:
    """Carries out a plan, and records its steps."""

    stripe: StripeEndpoints
    manager: SecretManager
    secret: str
    dry_run: bool
    named: bool
    steps: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def register(self, wanted: Sequence[DesiredEndpoint], *, retire: bool, yes: bool) -> None:
        """Takes all steps. Their order makes a crash anywhere harmless."""
        stored = self.manager.signing_secrets(self.secret)
        self.manager.assert_may_store(self.secret)
        plan = make_plan(wanted, self.stripe.list(), stored, named=self.named)
        if plan.conflicts:
            raise Stopped("\n".join(plan.conflicts))
        for each in plan.creates:
            stored = self._create(each, stored)
        for update in plan.updates:
            self._update(update)
        for orphan in plan.orphans:
            self._delete_orphan(orphan)
        if retire and plan.may_retire:
            self._retire(plan, stored, yes=yes)
        else:
            self._note_the_rest(plan, retire=retire)
        for newer in plan.newer:
            stays = f"{newer.id} is of a newer version, {newer.api_version}, and stays"
            self.notes.append(
                f"{stays}: set stripe.api_version to it in Terraform, or name the version to keep: --api-version."
            )

    def report(self) -> Report:
        """The steps taken, and notes for a person."""
        would = "would " if self.dry_run else ""
        lines = [f"{would}{each['action']} {each['endpoint'] or 'an endpoint'}: {each['why']}" for each in self.steps]
        data = {"dry_run": self.dry_run, "steps": self.steps, "notes": self.notes}
        return Report(ok=True, lines=[*(lines or ["nothing to do: it is registered"]), *self.notes], data=data)

    def _step(self, action: str, endpoint: str | None, why: str) -> bool:
        """Records a step; returns whether to take it."""
        self.steps.append({"action": action, "endpoint": endpoint, "why": why})
        return not self.dry_run

    def _create(self, each: DesiredEndpoint, stored: SigningSecrets) -> SigningSecrets:
        """Creates an endpoint and stores its secret, or neither."""
        if self.dry_run:
            self._step("create", None, str(each))
            return stored
        made = self.stripe.create(each)
        after = stored.adding(made.secret, made.endpoint.id)
        try:
            after = self.manager.store(self.secret, stored, after)
        except Refused as error:
            with contextlib.suppress(Refused):  # if this fails, the next run deletes it
                self.stripe.delete(made.endpoint.id)
            problem = f"The signing secret of the new endpoint could not be stored: {error}."
            raise Stopped(f"{problem} The endpoint is not kept. Fix that, and run this again.") from None
        self._step("create", made.endpoint.id, f"{each}; its signing secret is stored")
        return after

    def _update(self, update: Update) -> None:
        if self._step("update", update.endpoint.id, update.why):
            self.stripe.update(update.endpoint.id, update.wanted)

    def _delete_orphan(self, orphan: Endpoint) -> None:
        """Deletes an endpoint whose secret was lost: all its events are refused."""
        if self._step("delete", orphan.id, "its signing secret is not stored: an earlier run ended half-way"):
            self.stripe.delete(orphan.id)
        since = datetime.fromtimestamp(orphan.created, UTC).isoformat()
        self.notes.append(f"Resend the events that {orphan.id} missed: scripts/ops events resend --since {since} --yes")

    def _retire(self, plan: Plan, stored: SigningSecrets, *, yes: bool) -> None:
        """Deletes each endpoint before its secret: events that it sends in between are still accepted."""
        for other in plan.others:
            which = f"of version {other.api_version}, to {other.place}"
            question = f"Delete {other.id}, {which}? Stripe will not retry its undelivered events."
            if (self.dry_run or confirm(question, yes=yes)) and self._step("retire", other.id, which):
                self.stripe.delete(other.id)
                stored = self._forget(other.id, stored)
        for ghost in plan.ghosts:
            question = f"This Stripe account does not know {ghost}. Forget its signing secret?"
            if (self.dry_run or confirm(question, yes=yes)) and self._step("forget", ghost, "unknown to Stripe"):
                stored = self._forget(ghost, stored)

    def _forget(self, endpoint: str, stored: SigningSecrets) -> SigningSecrets:
        return self.manager.store(self.secret, stored, stored.without(endpoint))

    def _note_the_rest(self, plan: Plan, *, retire: bool) -> None:
        when = "when the new endpoint has delivered" if plan.creates else "when it is not needed any more"
        for other in plan.others:
            self.notes.append(f"{other.id}, of version {other.api_version}, stays and delivers too: --retire {when}.")
        for ghost in plan.ghosts:
            self.notes.append(f"{ghost} is noted, but this Stripe account does not know it: --retire forgets it.")
        if retire:
            self.notes.append("A run that creates an endpoint retires none: the new one has delivered nothing yet.")
