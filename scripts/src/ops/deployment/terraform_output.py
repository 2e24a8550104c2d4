"""What was deployed: Terraform's output `deployment`, read strictly."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fulfillment.domain.event_types import SUBSCRIBERS
from fulfillment.domain.shape import ShapeError, read
from fulfillment.reconcile.settings import ReconcileSettings
from ops.errors import WrongSettings

COMMAND = ("terraform", "-chdir=terraform", "output", "-json", "deployment")
ROOT = Path(__file__).parents[4]
SECONDS = 120  # the state may be far away


@dataclass(frozen=True, kw_only=True)
class Topics:
    """Pub/Sub topics, by id."""

    events: str
    dead_letter: str
    order_events: str | None = None


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """The function that Stripe calls."""

    function: str
    url: str
    account: str
    ingress: str = "ALLOW_ALL"


@dataclass(frozen=True, kw_only=True)
class Subscriber:
    """A function that Pub/Sub calls, and the subscription that does it as `push_account`."""

    function: str
    url: str
    event_type: str
    subscription: str
    push_account: str
    account: str


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How far, how patiently and how fast reconcile looks: see `ReconcileSettings`."""

    max_age_days: int = ReconcileSettings.max_age_days
    late_minutes: int = ReconcileSettings.late_minutes
    reads_per_second: int = ReconcileSettings.reads_per_second


@dataclass(frozen=True, kw_only=True)
class Reconcile:
    """The function that the schedule calls as `caller`."""

    function: str
    url: str
    account: str
    caller: str
    limits: Limits


@dataclass(frozen=True, kw_only=True)
class OrderStatus:
    """The function that buyers call."""

    function: str
    url: str
    account: str
    ingress: str = "ALLOW_ALL"


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Secrets in Secret Manager, by id; None where the deployment does without."""

    webhook: str
    stripe_api_key: str | None = None
    smtp_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Names, no secrets. `subscribers` has every routed event type's, by entry point."""

    project: str
    project_number: str
    region: str
    livemode: bool
    name: str
    api_version: str
    connect: bool
    order_filter: str | None = None
    database: str
    collection: str
    topics: Topics
    dead_letter_subscription: str
    webhook: Webhook
    subscribers: Mapping[str, Subscriber]
    secrets: Secrets
    order_status: OrderStatus | None = None
    reconcile: Reconcile | None = None

    @property
    def id(self) -> str:
        """What tells this deployment from every other one of the same mode."""
        return f"{self.project}/{self.name}"

    @property
    def mode(self) -> str:
        """Stripe's word for it."""
        return "live" if self.livemode else "test"

    @property
    def pubsub_agent(self) -> str:
        """Pub/Sub's own account, which moves dead letters."""
        return f"service-{self.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"


def load(file: Path | None) -> Deployment:
    """The deployment in a file, or else the one in Terraform's state. WrongSettings says what to run."""
    return parse(_read(file), str(file or "terraform's output"))


def parse(text: str, source: str) -> Deployment:
    """The deployment in a JSON text; WrongSettings names the `source` and the path of what is wrong."""
    try:
        deployment: Deployment = read(Deployment, json.loads(text))
    except ShapeError as error:
        problem = f"{error}. Was it made by this version? Run: terraform -chdir=terraform apply"
        raise WrongSettings(f"The deployment in {source} cannot be read: {problem}") from None
    except (ValueError, RecursionError):
        raise WrongSettings(f"The deployment in {source} is not JSON. {_made_by()}") from None
    wanted = {entry_point: event_type.value for event_type, entry_point in SUBSCRIBERS.items()}
    found = {entry_point: each.event_type for entry_point, each in deployment.subscribers.items()}
    if wanted != found:
        problem = f"its subscribers must be {wanted}, and are {found}"
        raise WrongSettings(f"The deployment in {source} cannot be read: {problem}")
    return deployment


def _read(file: Path | None) -> str:
    if file:
        try:
            return file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise WrongSettings(f"{file} cannot be read ({type(error).__name__}). {_made_by()}") from None
    if not shutil.which(COMMAND[0]):
        raise WrongSettings(f"terraform is not installed here, and no --deployment FILE is given. {_made_by()}")
    return _ask_terraform()


def _ask_terraform() -> str:
    keywords: Any = {"cwd": ROOT, "capture_output": True, "text": True, "stdin": subprocess.DEVNULL}
    try:
        told = subprocess.run(COMMAND, timeout=SECONDS, check=False, **keywords)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WrongSettings(f"terraform does not tell the deployment ({type(error).__name__}). {_made_by()}") from None
    if told.returncode:
        hint = "Nothing is deployed yet? terraform -chdir=terraform init && terraform -chdir=terraform apply"
        raise WrongSettings(f"terraform does not tell the deployment. See why: {' '.join(COMMAND)}\n{hint}")
    return str(told.stdout)


def _made_by() -> str:
    make = f"{' '.join(COMMAND)} > deployment.json"
    return f"Where terraform's state is, run: {make}, and give --deployment deployment.json"
