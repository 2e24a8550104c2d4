"""The rules for a function's environment and mounted secrets. Pure.

The product's own settings classes check an environment, as they do when a function starts.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from fulfillment.errors import ConfigurationError
from fulfillment.settings.base import Settings
from ops.clients.google_resources import Function
from ops.deployment.model import Deployment
from ops.doctor.checks import Problems, differs


def check_mounts(needed: Mapping[str, str | None], found: Function) -> Problems:
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
    "DEPLOYMENT": "deployment",
    "ROUTED_EVENTS": "routes",
    "STRIPE_EVENTS_TOPIC": "stripe_events_topic",
    "GOOGLE_CLOUD_PROJECT": "project",
    "STRIPE_LIVEMODE": "livemode",
    "EVENTS_TOPIC": "events_topic",
    "DEAD_LETTER_TOPIC": "dead_letter_topic",
    "FIRESTORE_DATABASE": "database",
    "ORDERS_COLLECTION": "collection",
    "ORDER_EVENTS_TOPIC": "order_events_topic",
    "ABANDONED_CARTS": "abandoned_carts",
    "ACCESS_POLICY": "access_policy",
    "REFUND_MAILS": "refund_mails",
}


def check_settings(
    kind: type[Settings], deployment: Deployment, found: Function, values: Mapping[str, object]
) -> Problems:
    """Whether the function could start, and would use the deployment's own resources."""
    wanted = {"GOOGLE_CLOUD_PROJECT": deployment.project, "STRIPE_LIVEMODE": deployment.livemode, **values}
    try:
        settings = _load(kind, found.env)
    except ConfigurationError as error:
        return {"settings": f"it cannot start: {error}"}
    return {
        "settings": None,
        **_emulators(found),
        **{name: differs(getattr(settings, _FIELDS[name]), value) for name, value in wanted.items()},
    }


def check_environment(deployment: Deployment, found: Function, values: Mapping[str, str]) -> Problems:
    """The same for a function that has few settings: its environment is the deployment's own."""
    wanted = {
        "GOOGLE_CLOUD_PROJECT": deployment.project,
        "STRIPE_LIVEMODE": str(deployment.livemode).lower(),
        **({"ORDER_FILTER": deployment.order_filter} if deployment.order_filter else {}),
        **values,
    }
    return {
        **_emulators(found),
        **{name: differs(found.env.get(name, "").strip(), value) for name, value in wanted.items()},
    }


def _emulators(found: Function) -> Problems:
    names = sorted(name for name in found.env if name.endswith("_EMULATOR_HOST"))
    return {"emulators": f"{', '.join(names)} must not be set" if names else None}


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
