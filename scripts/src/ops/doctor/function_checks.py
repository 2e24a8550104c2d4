"""The rules for a function and its Cloud Run service. Pure.

The product's own settings classes check an environment, as they do when a function starts.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from fulfillment.errors import ConfigurationError
from fulfillment.order_status.settings import OrderStatusSettings
from fulfillment.reconcile.settings import ReconcileSettings
from fulfillment.settings.base import Settings
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.webhook.settings import WebhookSettings
from ops.clients.google_resources import Function, Service
from ops.deployment.model import Deployment, OrderStatus, Reconcile, Subscriber
from ops.deployment.terraform_output import APPLY
from ops.doctor.checks import Finding, Problems, differs, judge

INVOKER = "roles/run.invoker"


def check_webhook(deployment: Deployment, found: Function) -> list[Finding]:
    """The function that Stripe calls."""
    needed = {"STRIPE_WEBHOOK_SECRETS_FILE": deployment.secrets.webhook}
    problems = {
        **_function(found),
        "entry point": differs(found.entry_point, "stripe_webhook"),
        "account": differs(found.account, deployment.webhook.account),
        "ingress": differs(found.ingress, deployment.webhook.ingress),
        "address": differs(found.url, deployment.webhook.url),
        **_secrets(needed, found),
        **_settings(WebhookSettings, deployment, found, {"EVENTS_TOPIC": deployment.topics.events}),
    }
    return judge(
        f"function {deployment.webhook.function}", problems, fixes=_look(deployment, deployment.webhook.function)
    )


def check_subscriber(deployment: Deployment, entry_point: str, wanted: Subscriber, found: Function) -> list[Finding]:
    """A function that Pub/Sub calls."""
    needed = {"STRIPE_API_KEY_FILE": deployment.secrets.stripe_api_key, "SMTP_URL_FILE": deployment.secrets.smtp_url}
    values = {
        "DEAD_LETTER_TOPIC": deployment.topics.dead_letter,
        "FIRESTORE_DATABASE": deployment.database,
        "ORDERS_COLLECTION": deployment.collection,
        "ORDER_EVENTS_TOPIC": deployment.topics.order_events,
    }
    problems = {
        **_function(found),
        "entry point": differs(found.entry_point, entry_point),
        "account": differs(found.account, wanted.account),
        "ingress": differs(found.ingress, "ALLOW_INTERNAL_ONLY"),
        "address": differs(found.uri, wanted.url),
        **_secrets(needed, found),
        **_settings(SubscriberSettings, deployment, found, values),
    }
    return judge(f"function {wanted.function}", problems, fixes=_look(deployment, wanted.function))


def check_order_status(deployment: Deployment, wanted: OrderStatus, found: Function) -> list[Finding]:
    """The function that buyers call."""
    own = {
        "entry point": differs(found.entry_point, "order_status"),
        "ingress": differs(found.ingress, wanted.ingress),
        "address": differs(found.url, wanted.url),
    }
    return _check_finder(deployment, wanted, OrderStatusSettings, found, own)


def check_reconcile(deployment: Deployment, wanted: Reconcile, found: Function) -> list[Finding]:
    """The function that the schedule calls."""
    own = {
        "entry point": differs(found.entry_point, "reconcile"),
        "ingress": differs(found.ingress, "ALLOW_INTERNAL_ONLY"),
        "address": differs(found.uri, wanted.url),
    }
    return _check_finder(deployment, wanted, ReconcileSettings, found, own)


def _check_finder(
    deployment: Deployment,
    wanted: OrderStatus | Reconcile,
    settings: type[Settings],
    found: Function,
    own: Mapping[str, str | None],
) -> list[Finding]:
    """Checks what `order_status` and `reconcile` share: both read Stripe and the orders, and publish."""
    values = {
        "EVENTS_TOPIC": deployment.topics.events,
        "FIRESTORE_DATABASE": deployment.database,
        "ORDERS_COLLECTION": deployment.collection,
    }
    problems = {
        **_function(found),
        **own,
        "account": differs(found.account, wanted.account),
        **_secrets({"STRIPE_API_KEY_FILE": deployment.secrets.stripe_api_key}, found),
        **_settings(settings, deployment, found, values),
    }
    return judge(f"function {wanted.function}", problems, fixes=_look(deployment, wanted.function))


def check_public_service(function: str, whom: str, found: Service) -> list[Finding]:
    """Stripe and buyers have no Google account, so these functions are public. The signature protects the webhook, the
    session's id the order status page.
    """
    open_to_all = found.invoker_check_disabled or found.policy.lets(INVOKER, "allUsers")
    problem = None if open_to_all else f"Google refuses {whom}: allUsers is not its invoker"
    return judge(f"service {function}", {"invoker": problem})


def check_private_service(function: str, whom: str, account: str, found: Service) -> list[Finding]:
    """Only Pub/Sub may call a subscriber, and only the schedule reconcile; each has its own account."""
    permitted = found.policy.lets(INVOKER, f"serviceAccount:{account}")
    public = [*found.policy.public, *(["the check of the invoker is off"] if found.invoker_check_disabled else [])]
    problems = {
        "invoker": None if permitted else f"Google refuses {whom}: {account} is not its invoker",
        "not public": f"it is public: {', '.join(public)}" if public else None,
    }
    fixes = {"not public": f"remove that access: gcloud run services get-iam-policy {function}"}
    return judge(f"service {function}", problems, fixes=fixes)


def _function(found: Function) -> Problems:
    return {
        "state": differs(found.state, "ACTIVE"),
        "traffic": None if found.follows_latest else "requests go to an old revision, not to the newest",
    }


def _look(deployment: Deployment, name: str) -> Mapping[str, str]:
    where = f"--project {deployment.project} --region {deployment.region}"
    return {"state": f"see why: gcloud functions describe {name} {where}; then: {APPLY}"}


def _secrets(needed: Mapping[str, str | None], found: Function) -> Problems:
    """Each secret is mounted with version `latest` at its setting's path. No other secret is set."""
    return {f"secret of {name}": _secret(name, secret, found) for name, secret in needed.items()}


def _secret(name: str, secret: str | None, found: Function) -> str | None:
    path = found.env.get(name, "").strip()
    if secret is None:
        return f"{name} is set, but the deployment has no secret for it" if path else None
    if not path:
        return f"{name} is not set: the secret {secret} is not read"
    mounted = found.mounts.get(path)
    if mounted is None:
        return f"nothing is mounted at {path}"
    return differs(f"{mounted[0]}, version {mounted[1]}", f"{secret}, version latest")


_FIELDS = {
    "GOOGLE_CLOUD_PROJECT": "project",
    "STRIPE_LIVEMODE": "livemode",
    "EVENTS_TOPIC": "events_topic",
    "DEAD_LETTER_TOPIC": "dead_letter_topic",
    "FIRESTORE_DATABASE": "database",
    "ORDERS_COLLECTION": "collection",
    "ORDER_EVENTS_TOPIC": "order_events_topic",
}


def _settings(kind: type[Settings], deployment: Deployment, found: Function, values: Mapping[str, object]) -> Problems:
    """Whether the function could start, and would use the deployment's own resources."""
    wanted = {"GOOGLE_CLOUD_PROJECT": deployment.project, "STRIPE_LIVEMODE": deployment.livemode, **values}
    try:
        settings = _load(kind, found.env)
    except ConfigurationError as error:
        return {"settings": f"it cannot start: {error}"}
    emulators = sorted(name for name in found.env if name.endswith("_EMULATOR_HOST"))
    return {
        "settings": None,
        "emulators": f"{', '.join(emulators)} must not be set" if emulators else None,
        **{name: differs(getattr(settings, _FIELDS[name]), value) for name, value in wanted.items()},
    }


def _load(kind: type[Settings], env: Mapping[str, str]) -> Settings:
    """The settings, with a valid sample for each secret's file: the real files exist only in the function."""
    mode = "live" if env.get("STRIPE_LIVEMODE", "").strip() == "true" else "test"
    fit = {
        "STRIPE_WEBHOOK_SECRETS_FILE": f"whsec_{'0' * 16}",
        "STRIPE_API_KEY_FILE": f"rk_{mode}_00000000",
        "SMTP_URL_FILE": "smtps://user:password@mail.example:465",
    }
    given = [name for name in fit if env.get(name, "").strip()]
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder, name) for name in given}
        for name, file in files.items():
            file.write_text(fit[name], "utf-8")
        return kind.load({**env, **{name: str(file) for name, file in files.items()}})
