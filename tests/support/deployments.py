"""A deployment as Terraform tells it, and everything that Google then runs: all of it well."""

import json
from typing import Any

from google.cloud.functions_v2 import BuildConfig, Function, SecretVolume, ServiceConfig
from google.cloud.run_v2 import Service
from google.iam.v1.policy_pb2 import Binding, Policy  # type: ignore[import-untyped]
from google.pubsub_v1 import (
    DeadLetterPolicy,
    ExpirationPolicy,
    PushConfig,
    RetryPolicy,
    Subscription,
    Topic,
)

from ops.deployment.model import Deployment, OrderStatus, Reconcile, Subscriber
from ops.deployment.terraform_output import parse
from support.google_stand_in import GoogleStandIn

REFUNDS = ["refund.created", "refund.updated", "refund.failed"]
DISPUTES = [
    *(f"charge.dispute.{each}" for each in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")),
    *("radar.early_fraud_warning.created", "radar.early_fraud_warning.updated", "review.opened", "review.closed"),
]
EXPIRED = ["checkout.session.expired"]
TYPES = {
    "on_checkout_session_completed": ["checkout.session.completed"],
    "on_async_payment_succeeded": ["checkout.session.async_payment_succeeded"],
    "on_async_payment_failed": ["checkout.session.async_payment_failed"],
    "on_refund": REFUNDS,
    "on_dispute": DISPUTES,
}
SLUGS = {
    "on_refund": "refund",
    "on_dispute": "dispute",
    "on_checkout_session_expired": "expired",
    "on_checkout_session_completed": "completed",
    "on_async_payment_succeeded": "succeeded",
    "on_async_payment_failed": "failed",
}
PLACEHOLDER = "whsec_unregistered0123456789abcdef0123456789abcdef"
HOST = "iam.gserviceaccount.com"


def told(**changes: Any) -> dict[str, Any]:
    """Terraform's output `deployment`, in test mode, and what is changed about it."""
    subscribers = {entry_point: told_subscriber(entry_point, types) for entry_point, types in TYPES.items()}
    return {
        "project": "acme-shop",
        "project_number": "123456789",
        "region": "europe-west1",
        "livemode": False,
        "name": "checkout",
        "api_version": "2026-10-28.endive",
        "connect": False,
        "database": "checkout-orders",
        "collection": "orders",
        "topics": {
            "events": "checkout-events",
            "dead_letter": "checkout-events-dead-letter",
            "order_events": "checkout-order-events",
        },
        "dead_letter_subscription": "checkout-events-dead-letter",
        "webhook": {
            "function": "checkout-webhook",
            "url": "https://europe-west1-acme-shop.cloudfunctions.net/checkout-webhook",
            "account": f"checkout-webhook@acme-shop.{HOST}",
        },
        "subscribers": subscribers,
        "order_status": {
            "function": "checkout-order-status",
            "url": "https://europe-west1-acme-shop.cloudfunctions.net/checkout-order-status",
            "account": f"checkout-order-status@acme-shop.{HOST}",
        },
        "reconcile": {
            "function": "checkout-reconcile",
            "url": "https://checkout-reconcile-x-ew.a.run.app",
            "job": "checkout-reconcile",
            "account": f"checkout-reconcile@acme-shop.{HOST}",
            "caller": f"checkout-schedule@acme-shop.{HOST}",
            "limits": {"max_age_days": 30, "late_minutes": 30, "reads_per_second": 10},
        },
        "secrets": {
            "webhook": "checkout-webhook-secrets",
            "stripe_api_key": "checkout-stripe-api-key",
            "smtp_url": "checkout-smtp-url",
        },
        "after_sale": {
            "access_policy": ["full_refund", "dispute_lost"],
            "refund_mails": False,
            "abandoned_carts": False,
        },
        "a_key_of_a_later_version": {"is": "ignored"},
    } | changes


def told_subscriber(entry_point: str, types: list[str]) -> dict[str, Any]:
    """Terraform's output for one subscriber."""
    slug = SLUGS[entry_point]
    return {
        "function": f"checkout-{slug}",
        "url": f"https://checkout-{slug}-x-ew.a.run.app",
        "event_type": types[0] if len(types) == 1 else None,
        "event_types": types,
        "subscription": f"checkout-{slug}",
        "push_account": f"checkout-push-{slug}@acme-shop.{HOST}",
        "account": f"checkout-{slug}@acme-shop.{HOST}",
    }


def of_version_1_1() -> dict[str, Any]:
    """What Terraform's output has in its place in version 1.1: a type for each subscriber, and sales alone."""
    subscribers = {name: told_subscriber(name, types) for name, types in TYPES.items() if len(types) == 1}
    for each in subscribers.values():
        del each["event_types"]
    return {"subscribers": subscribers, "after_sale": None}


def with_carts() -> dict[str, Any]:
    """What it has in its place with abandoned carts."""
    expired = {"on_checkout_session_expired": told_subscriber("on_checkout_session_expired", EXPIRED)}
    after_sale = {"access_policy": ["any_refund"], "refund_mails": True, "abandoned_carts": True}
    return {"subscribers": told()["subscribers"] | expired, "after_sale": after_sale}


def deployed(**changes: Any) -> Deployment:
    """The same, read."""
    return parse(json.dumps(told(**changes)), "a test")


def google_runs(deployment: Deployment) -> GoogleStandIn:
    """All of it, as Terraform makes it; the webhook is not registered yet."""
    google = GoogleStandIn(deployment.project)
    location = f"projects/{deployment.project}/locations/{deployment.region}"
    _run_webhook(google, deployment, location)
    for entry_point, each in deployment.subscribers.items():
        _run_subscriber(google, deployment, location, entry_point, each)
    if deployment.order_status:
        _run_order_status(google, deployment, location, deployment.order_status)
    if deployment.reconcile:
        _run_reconcile(google, deployment, location, deployment.reconcile)
    _keep_dead_letters(google, deployment)
    _keep_secrets(google, deployment)
    return google


def grant(*grants: tuple[str, str]) -> Policy:
    """A policy of (role, member) pairs."""
    return Policy(bindings=[Binding(role=role, members=[member]) for role, member in grants])


def _run_webhook(google: GoogleStandIn, of: Deployment, location: str) -> None:
    env = {
        "GOOGLE_CLOUD_PROJECT": of.project,
        "STRIPE_LIVEMODE": str(of.livemode).lower(),
        "STRIPE_WEBHOOK_SECRETS_FILE": "/secrets/webhook/secrets",
        "EVENTS_TOPIC": of.topics.events,
        "ABANDONED_CARTS": str(of.abandoned_carts).lower(),
    }
    google.add(
        _function(f"{location}/functions/{of.webhook.function}", "stripe_webhook", "ALLOW_ALL", 30)(
            account=of.webhook.account,
            url=of.webhook.url,
            uri="https://checkout-webhook-x-ew.a.run.app",
            env=env,
            volumes=[_volume("webhook", of.secrets.webhook, "secrets")],
        )
    )
    google.add(Service(name=f"{location}/services/{of.webhook.function}"), grant(("roles/run.invoker", "allUsers")))
    google.add(
        Topic(name=f"projects/{of.project}/topics/{of.topics.events}"), _publishers(of.webhook.account, *_readers(of))
    )


def _run_subscriber(google: GoogleStandIn, of: Deployment, location: str, entry_point: str, each: Subscriber) -> None:
    env = {
        "GOOGLE_CLOUD_PROJECT": of.project,
        "STRIPE_LIVEMODE": str(of.livemode).lower(),
        "DEAD_LETTER_TOPIC": of.topics.dead_letter,
        "FIRESTORE_DATABASE": of.database,
        "ORDERS_COLLECTION": of.collection,
        "STRIPE_API_KEY_FILE": "/secrets/stripe_api_key/secret",
        "ORDER_EVENTS_TOPIC": str(of.topics.order_events),
        "SMTP_URL_FILE": "/secrets/smtp_url/secret",
        "EMAIL_FROM": "orders@acme.example",
        "OF_THE_HOOK": "its own business",
    }
    if of.after_sale:
        env |= {
            "ACCESS_POLICY": ",".join(of.after_sale.access_policy),
            "REFUND_MAILS": str(of.after_sale.refund_mails).lower(),
        }
    volumes = [
        _volume("stripe_api_key", str(of.secrets.stripe_api_key), "secret"),
        _volume("smtp_url", str(of.secrets.smtp_url), "secret"),
    ]
    if entry_point == "on_checkout_session_expired":
        few = ("GOOGLE_CLOUD_PROJECT", "STRIPE_LIVEMODE", "DEAD_LETTER_TOPIC", "STRIPE_API_KEY_FILE", "OF_THE_HOOK")
        env, volumes = {name: env[name] for name in few}, volumes[:1]
    google.add(
        _function(f"{location}/functions/{each.function}", entry_point, "ALLOW_INTERNAL_ONLY", 150)(
            account=each.account,
            url=f"https://europe-west1-acme-shop.cloudfunctions.net/{each.function}",
            uri=each.url,
            env=env,
            volumes=volumes,
        )
    )
    invoker = grant(("roles/run.invoker", f"serviceAccount:{each.push_account}"))
    google.add(Service(name=f"{location}/services/{each.function}"), invoker)
    agent = grant(("roles/pubsub.subscriber", f"serviceAccount:{of.pubsub_agent}"))
    google.add(subscription(of, each, FILTERS.get(entry_point)), agent)


def _finder_env(of: Deployment) -> dict[str, str]:
    """What those have in common that read Stripe and publish what they find."""
    return {
        "GOOGLE_CLOUD_PROJECT": of.project,
        "STRIPE_LIVEMODE": str(of.livemode).lower(),
        "EVENTS_TOPIC": of.topics.events,
        "FIRESTORE_DATABASE": of.database,
        "ORDERS_COLLECTION": of.collection,
        "STRIPE_API_KEY_FILE": "/secrets/stripe_api_key/secret",
    }


def _run_order_status(google: GoogleStandIn, of: Deployment, location: str, each: OrderStatus) -> None:
    env = {
        **_finder_env(of),
        "ORDER_STATUS_READS_PER_MINUTE": "30",
        "STRIPE_CONNECT": str(of.connect).lower(),
    }
    google.add(
        _function(f"{location}/functions/{each.function}", "order_status", "ALLOW_ALL", 30)(
            account=each.account,
            url=each.url,
            uri="https://checkout-order-status-x-ew.a.run.app",
            env=env,
            volumes=[_volume("stripe_api_key", str(of.secrets.stripe_api_key), "secret")],
        )
    )
    google.add(Service(name=f"{location}/services/{each.function}"), grant(("roles/run.invoker", "allUsers")))


def _run_reconcile(google: GoogleStandIn, of: Deployment, location: str, each: Reconcile) -> None:
    env = {**_finder_env(of), "RECONCILE_LATE_MINUTES": "30"}
    google.add(
        _function(f"{location}/functions/{each.function}", "reconcile", "ALLOW_INTERNAL_ONLY", 900)(
            account=each.account,
            url="https://europe-west1-acme-shop.cloudfunctions.net/checkout-reconcile",
            uri=each.url,
            env=env,
            volumes=[_volume("stripe_api_key", str(of.secrets.stripe_api_key), "secret")],
        )
    )
    invoker = grant(("roles/run.invoker", f"serviceAccount:{each.caller}"))
    google.add(Service(name=f"{location}/services/{each.function}"), invoker)


FILTERS = {
    "on_refund": 'hasPrefix(attributes.event_type, "refund.") OR hasPrefix(attributes.event_type, "charge.refund")',
    "on_dispute": 'hasPrefix(attributes.event_type, "charge.dispute.") OR '
    'hasPrefix(attributes.event_type, "radar.early_fraud_warning.") OR hasPrefix(attributes.event_type, "review.")',
}
THIN_FILTERS = {
    "on_refund": 'hasPrefix(attributes.event_type, "v1.refund.")',
    "on_dispute": FILTERS["on_dispute"].replace(', "', ', "v1.'),
}


def subscription(of: Deployment, each: Subscriber, filtered: str | None = None) -> Subscription:
    """A subscriber's subscription as Terraform makes it."""
    token = PushConfig.OidcToken(service_account_email=each.push_account, audience=each.url)
    topics = f"projects/{of.project}/topics"
    return Subscription(
        name=f"projects/{of.project}/subscriptions/{each.subscription}",
        topic=f"{topics}/{of.topics.events}",
        filter=filtered or f'attributes.event_type = "{each.types[0]}"',
        ack_deadline_seconds=180,
        message_retention_duration={"seconds": 604800},
        push_config=PushConfig(push_endpoint=each.url, oidc_token=token),
        retry_policy=RetryPolicy(minimum_backoff={"seconds": 10}, maximum_backoff={"seconds": 600}),
        dead_letter_policy=DeadLetterPolicy(
            dead_letter_topic=f"{topics}/{of.topics.dead_letter}", max_delivery_attempts=100
        ),
        expiration_policy=ExpirationPolicy(),
    )


def _keep_dead_letters(google: GoogleStandIn, of: Deployment) -> None:
    accounts = [each.account for each in of.subscribers.values()]
    performers = [each.account for each in of.performers.values()]
    topics = f"projects/{of.project}/topics"
    google.add(Topic(name=f"{topics}/{of.topics.dead_letter}"), _publishers(of.pubsub_agent, *accounts))
    google.add(Topic(name=f"{topics}/{of.topics.order_events}"), _publishers(*performers))
    google.add(
        Subscription(
            name=f"projects/{of.project}/subscriptions/{of.dead_letter_subscription}",
            topic=f"{topics}/{of.topics.dead_letter}",
            ack_deadline_seconds=600,
            message_retention_duration={"seconds": 2678400},
            expiration_policy=ExpirationPolicy(),
        )
    )


def _keep_secrets(google: GoogleStandIn, of: Deployment) -> None:
    accounts = [each.account for each in of.subscribers.values()]
    performers = [each.account for each in of.performers.values()]
    for secret, value, readers in (
        (of.secrets.webhook, PLACEHOLDER, [of.webhook.account]),
        (str(of.secrets.stripe_api_key), "rk_test_0123456789abcdef", [*accounts, *_readers(of)]),
        (str(of.secrets.smtp_url), "smtps://shop:hunter22@mail.example:465", performers),
    ):
        google.add_secret(secret, value, _grants("roles/secretmanager.secretAccessor", *readers))


def _readers(of: Deployment) -> list[str]:
    """The accounts of those that read Stripe and publish what they find."""
    return [each.account for each in (of.order_status, of.reconcile) if each]


def _publishers(*accounts: str) -> Policy:
    return _grants("roles/pubsub.publisher", *accounts)


def _grants(role: str, *accounts: str) -> Policy:
    return Policy(bindings=[Binding(role=role, members=[f"serviceAccount:{each}" for each in accounts])])


def _function(name: str, entry_point: str, ingress: str, timeout: int) -> Any:
    def made(*, account: str, url: str, uri: str, env: dict[str, str], volumes: list[SecretVolume]) -> Function:
        return Function(
            name=name,
            state=Function.State.ACTIVE,
            url=url,
            build_config=BuildConfig(entry_point=entry_point),
            service_config=ServiceConfig(
                service_account_email=account,
                ingress_settings=getattr(ServiceConfig.IngressSettings, ingress),
                timeout_seconds=timeout,
                all_traffic_on_latest_revision=True,
                uri=uri,
                environment_variables=env,
                secret_volumes=volumes,
            ),
        )

    return made


def _volume(name: str, secret: str, path: str) -> SecretVolume:
    version = SecretVolume.SecretVersion(version="latest", path=path)
    return SecretVolume(mount_path=f"/secrets/{name}", project_id="acme-shop", secret=secret, versions=[version])
