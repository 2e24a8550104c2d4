"""Carries out the plan of `register-webhook`. The order of the steps makes a crash anywhere harmless."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ops.clients.event_types import EventTypes
from ops.clients.secret_manager import SecretManager
from ops.clients.signing_secrets import SigningSecrets
from ops.clients.stripe_endpoints import StripeEndpoints
from ops.clients.webhook_endpoints import DesiredEndpoint, Endpoint
from ops.command import Report, confirm
from ops.errors import Refused, Stopped
from ops.webhook.registration import Plan, Update, make_plan


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
        plan = make_plan(wanted, self._endpoints(stored, thin=wanted[0].thin), stored, named=self.named)
        if plan.conflicts:
            raise Stopped("\n".join(plan.conflicts))
        for each in plan.creates:
            stored = self._create(each, stored)
        for update in plan.updates:
            self._update(update)
        for orphan in plan.orphans:
            self._delete_orphan(orphan)
        if retire and plan.may_retire:
            self._retire(plan, wanted[0].types, stored, yes=yes)
        else:
            self._note_the_rest(plan, retire=retire)
        for broken in plan.broken:
            again = f"scripts/ops register-webhook{' --thin' if broken.thin else ''}"
            lost = f"{broken.id}, {broken.form}, has no signing secret in force, so all its events are refused"
            self.notes.append(f"{lost}: {again}")
        for newer in plan.newer:
            stays = f"{newer.id} is of a newer version, {newer.api_version}, and stays"
            self.notes.append(
                f"{stays}: set stripe.api_version to it in Terraform, or name the version to keep: --api-version."
            )

    def _endpoints(self, stored: SigningSecrets, *, thin: bool) -> tuple[Endpoint, ...]:
        """Every endpoint at Stripe. A key that may not see destinations is good enough where there are none of ours."""
        found = self.stripe.list()
        if found.unseen and (thin or found.hides(stored.noted)):
            raise found.unseen
        if found.unseen:
            self.notes.append(f"Thin destinations were not looked at: {found.unseen}.")
        return found.endpoints

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
                self.stripe.delete(made.endpoint)
            problem = f"The signing secret of the new endpoint could not be stored: {error}."
            raise Stopped(f"{problem} The endpoint is not kept. Fix that, and run this again.") from None
        self._step("create", made.endpoint.id, f"{each}; its signing secret is stored")
        return after

    def _update(self, update: Update) -> None:
        if self._step("update", update.endpoint.id, update.why):
            self.stripe.update(update.endpoint, update.wanted)

    def _delete_orphan(self, orphan: Endpoint) -> None:
        """Deletes an endpoint whose secret was lost: all its events are refused."""
        if self._step("delete", orphan.id, "its signing secret is not stored: an earlier run ended half-way"):
            self.stripe.delete(orphan)
        since = datetime.fromtimestamp(orphan.created, UTC).isoformat()
        find = ("Find", "reconcile") if orphan.thin else ("Resend", "events resend")
        self.notes.append(f"{find[0]} the events that {orphan.id} missed: scripts/ops {find[1]} --since {since} --yes")

    def _retire(self, plan: Plan, kept: EventTypes, stored: SigningSecrets, *, yes: bool) -> None:
        """Deletes each endpoint before its secret: events that it sends in between are still accepted. `kept`: the
        types of the endpoints that stay.
        """
        for other in plan.others:
            which = f"{other.form}, to {other.place}"
            if alone := kept.lost_with(other.events):
                which += f"; it alone carries {', '.join(alone)}"
            question = f"Delete {other.id}, {which}? Stripe will not retry its undelivered events."
            if (self.dry_run or confirm(question, yes=yes)) and self._step("retire", other.id, which):
                self.stripe.delete(other)
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
            self.notes.append(f"{other.id}, {other.form}, stays and delivers too: --retire {when}.")
        for ghost in plan.ghosts:
            self.notes.append(f"{ghost} is noted, but this Stripe account does not know it: --retire forgets it.")
        if retire:
            self.notes.append("A run that creates an endpoint retires none: the new one has delivered nothing yet.")
