"""`register-webhook`: makes Stripe send the events of this deployment, signed with a secret that it knows.

The command reads the stored secrets and checks the right to write them before it creates an endpoint: Stripe shows a
signing secret only once. The secret goes from Stripe's answer into Secret Manager and nowhere else. If a run ends
between the two, the next one finds a managed endpoint without a secret in force, creates another, and deletes it.
"""

import os
import re

import click

from fulfillment.settings import parsers
from ops.clients.access import google_base, stripe_access
from ops.clients.event_types import event_types
from ops.clients.google_api import GoogleApi
from ops.clients.secret_manager import SecretManager
from ops.clients.stripe_endpoints import StripeEndpoints
from ops.clients.stripe_types import known_types
from ops.clients.webhook_endpoints import wanted
from ops.command import Report, operation, require_terminal
from ops.deployment.after_sale import SALES_ALONE, UPGRADE
from ops.deployment.model import Deployment
from ops.deployment.terraform_output import APPLY
from ops.deployment.thin_events import SET_KEY, lacking_key, lacking_subscription
from ops.errors import WrongSettings
from ops.webhook.registrar import Registrar


@operation("register-webhook")
@click.option("--url", help="The webhook's URL, if it is on a domain of your own. Default: the function's URL.")
@click.option("--api-version", help="The Stripe API version of the events. Default: the deployment's.")
@click.option("--thin", is_flag=True, help="Register an event destination that sends thin events.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@click.option("--retire", is_flag=True, help="Delete this deployment's endpoints of another version, URL or kind.")
@click.option("--yes", is_flag=True, help="Retire endpoints without asking.")
def register_webhook(deployment: Deployment, *, url: str | None, api_version: str | None, **asked: bool) -> Report:
    """Register the webhook at Stripe.

    It is registered for the event types of orders (sales, refunds, disputes, and abandoned carts if they are on) and
    for those in the Terraform variable events.route. The signing secret goes straight into Secret Manager. Needs
    STRIPE_API_KEY: a key of the deployment's mode that may write Webhook Endpoints, and with --thin Event Destinations.
    Changes nothing if the webhook is registered already.

    A new API version, or the change to thin events, needs a second endpoint beside the first: both deliver, and an
    order is made once. When the new one has delivered, --retire deletes the old one and its secret.
    """
    _check(url, api_version)
    if asked["thin"]:
        _check_thin(deployment, api_version)
    types = event_types(deployment, known_types(), thin=asked["thin"], api_version=api_version)
    access = stripe_access(os.environ, deployment, may="write")
    if asked["retire"] and not asked["dry_run"]:
        require_terminal("--retire", yes=asked["yes"])
    registrar = Registrar(
        stripe=StripeEndpoints(access),
        manager=SecretManager(GoogleApi(deployment.project, google_base(os.environ))),
        secret=deployment.secrets.webhook,
        dry_run=asked["dry_run"],
        named=api_version is not None,
        notes=types.notes(),
    )
    if deployment.after_sale is None:
        registrar.notes.append(f"Refunds and disputes are not registered: {SALES_ALONE}. {UPGRADE}.")
    if api_version and api_version != deployment.api_version:
        registrar.notes.append(f"Set stripe.api_version to {api_version} in Terraform too: doctor compares with it.")
    registrar.register(wanted(deployment, types, url, api_version), retire=asked["retire"], yes=asked["yes"])
    return registrar.report()


def _check(url: str | None, api_version: str | None) -> None:
    if api_version is not None and not re.fullmatch(r"20\d\d-\d\d-\d\d(\.[a-z]+)?", api_version):
        raise WrongSettings("--api-version must be a version of Stripe's API, such as 2026-10-28.endive")
    try:
        parsers.api_base(url or "https://none.example")
    except ValueError as error:
        raise WrongSettings(f"--url {error}") from None


def _check_thin(deployment: Deployment, api_version: str | None) -> None:
    if api_version:
        raise WrongSettings("--thin and --api-version exclude each other: a thin event has no version")
    if lacking := lacking_key(deployment):
        raise WrongSettings(f"--thin: {lacking}. Do this first: {SET_KEY}")
    if lacking := lacking_subscription(deployment):
        raise WrongSettings(f"--thin: {lacking}. Do this first: {APPLY}")
