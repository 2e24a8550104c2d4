"""`register-webhook`: makes Stripe send what this deployment handles, with a signing secret that it knows.

The secret is read, and the right to write it asked for, before anything is made at Stripe: Stripe tells a signing
secret once. It goes from Stripe's answer into Secret Manager and nowhere else. Where a run ends between the two, the
next one finds an endpoint of ours whose secret is not in force, makes another one, and deletes the first.
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
from ops.command import Report, confirm, operation, somebody_answers
from ops.deployment.model import Deployment
from ops.errors import Refused, Stopped, WrongSettings
from ops.webhook.registration import Plan, Update, make_plan


@operation("register-webhook")
@click.option("--url", help="The webhook's address, if it is not the function's own: a domain of yours.")
@click.option("--api-version", help="The version of Stripe's API that events are written in, if not the deployment's.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@click.option("--retire", is_flag=True, help="Delete this deployment's endpoints of another version or address.")
@click.option("--yes", is_flag=True, help="Do not ask before an endpoint is retired.")
def register_webhook(deployment: Deployment, *, url: str | None, api_version: str | None, **asked: bool) -> Report:
    """Register the webhook at Stripe.

    Its signing secret goes straight into Secret Manager. Needs STRIPE_API_KEY: a key of the deployment's mode that may
    write Webhook Endpoints. Does nothing where nothing is to be done.

    A new version of the API is a second endpoint beside the first: both deliver, and an order is made once. When the
    new one has delivered, --retire deletes the old one and forgets its secret.
    """
    _check(url, api_version)
    access = stripe_access(os.environ, deployment, may="write")
    if asked["retire"] and not asked["dry_run"]:
        somebody_answers("--retire", yes=asked["yes"])
    registrar = Registrar(
        stripe=StripeEndpoints(access),
        manager=SecretManager(GoogleApi(deployment.project, google_base(os.environ))),
        secret=deployment.secrets.webhook,
        dry_run=asked["dry_run"],
        named=api_version is not None,
    )
    if api_version and api_version != deployment.api_version:
        registrar.notes.append(f"Set stripe.api_version to {api_version} in Terraform too: doctor compares with that.")
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
    """Carries out a plan, and remembers what it did."""

    stripe: StripeEndpoints
    manager: SecretManager
    secret: str
    dry_run: bool
    named: bool
    steps: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def register(self, wanted: Sequence[DesiredEndpoint], *, retire: bool, yes: bool) -> None:
        """Everything, in the order that a crash anywhere forgives."""
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
            self._say_what_is_left(plan, retire=retire)
        for newer in plan.newer:
            told = f"{newer.id} is of a newer version, {newer.api_version}, and stays"
            self.notes.append(
                f"{told}: set stripe.api_version to it in Terraform, or name the one to keep: --api-version."
            )

    def report(self) -> Report:
        """What was done, and what a person should know."""
        would = "would " if self.dry_run else ""
        lines = [f"{would}{each['action']} {each['endpoint'] or 'an endpoint'}: {each['why']}" for each in self.steps]
        data = {"dry_run": self.dry_run, "steps": self.steps, "notes": self.notes}
        return Report(ok=True, lines=[*(lines or ["nothing to do: it is registered"]), *self.notes], data=data)

    def _step(self, action: str, endpoint: str | None, why: str) -> bool:
        """Notes a step; whether it is to be taken."""
        self.steps.append({"action": action, "endpoint": endpoint, "why": why})
        return not self.dry_run

    def _create(self, each: DesiredEndpoint, stored: SigningSecrets) -> SigningSecrets:
        """Makes an endpoint and stores its secret, or neither."""
        if self.dry_run:
            self._step("create", None, str(each))
            return stored
        made = self.stripe.create(each)
        after = stored.adding(made.secret, made.endpoint.id)
        try:
            after = self.manager.store(self.secret, stored, after)
        except Refused as error:
            with contextlib.suppress(Refused):  # else the next run deletes it
                self.stripe.delete(made.endpoint.id)
            problem = f"The signing secret of the new endpoint could not be stored: {error}."
            raise Stopped(f"{problem} The endpoint is not kept. Fix that, and run this again.") from None
        self._step("create", made.endpoint.id, f"{each}; its signing secret is stored")
        return after

    def _update(self, update: Update) -> None:
        if self._step("update", update.endpoint.id, update.why):
            self.stripe.update(update.endpoint.id, update.wanted)

    def _delete_orphan(self, orphan: Endpoint) -> None:
        """One whose every event is refused, as its secret is known to nobody."""
        if self._step("delete", orphan.id, "its signing secret is not stored: an earlier run ended half-way"):
            self.stripe.delete(orphan.id)
        since = datetime.fromtimestamp(orphan.created, UTC).isoformat()
        self.notes.append(f"Resend what {orphan.id} did not deliver: scripts/ops events resend --since {since} --yes")

    def _retire(self, plan: Plan, stored: SigningSecrets, *, yes: bool) -> None:
        """Deletes an endpoint first and forgets its secret then: what it sends meanwhile is still known."""
        for other in plan.others:
            told = f"of version {other.api_version}, to {other.place}"
            question = f"Delete {other.id}, {told}? What it has not delivered yet is not tried again."
            if (self.dry_run or confirm(question, yes=yes)) and self._step("retire", other.id, told):
                self.stripe.delete(other.id)
                stored = self._forget(other.id, stored)
        for ghost in plan.ghosts:
            question = f"Stripe does not know {ghost} (any more). Forget its signing secret?"
            if (self.dry_run or confirm(question, yes=yes)) and self._step("forget", ghost, "unknown to Stripe"):
                stored = self._forget(ghost, stored)

    def _forget(self, endpoint: str, stored: SigningSecrets) -> SigningSecrets:
        return self.manager.store(self.secret, stored, stored.without(endpoint))

    def _say_what_is_left(self, plan: Plan, *, retire: bool) -> None:
        when = "when the new endpoint has delivered" if plan.creates else "when it is not needed any more"
        for other in plan.others:
            self.notes.append(f"{other.id}, of version {other.api_version}, stays and delivers too: --retire {when}.")
        for ghost in plan.ghosts:
            self.notes.append(f"{ghost} is noted, but this Stripe account does not know it: --retire forgets it.")
        if retire:
            self.notes.append("Nothing is retired in the run that makes an endpoint: it has delivered nothing yet.")
