"""A deployment that gets thin events and routes others, and everything that Google then runs for it: all of it well."""

from typing import Any

from google.cloud.functions_v2 import BuildConfig, Function, SecretVolume, ServiceConfig
from google.cloud.run_v2 import Service
from google.iam.v1.policy_pb2 import Policy  # type: ignore[import-untyped]
from google.pubsub_v1 import (
    BigQueryConfig,
    CloudStorageConfig,
    DeadLetterPolicy,
    ExpirationPolicy,
    Subscription,
    Topic,
)

from ops.deployment.model import Deployment, Handlers, Sink, StripeEvents, Subscriber
from ops.doctor.filters import filter_of_sink
from support.deployments import HOST, THIN_FILTERS, deployed, grant, subscription, told
from support.google_stand_in import GoogleStandIn

NAME = "checkout-stripe-events"
LETTERS = f"{NAME}-dead-letter"
ROUTE = ["invoice.paid", "customer.subscription.*"]


def stripe_events(*route: str) -> dict[str, Any]:
    """Terraform's output for routed events, with handlers and both sinks."""
    topics = ("checkout-events", NAME)
    return {
        "route": list(route or ROUTE),
        "topic": NAME,
        "dead_letter": LETTERS,
        "dead_letter_subscription": LETTERS,
        "handlers": {
            "function": NAME,
            "url": f"https://{NAME}-x-ew.a.run.app",
            "subscription": NAME,
            "push_account": f"checkout-push-events@acme-shop.{HOST}",
            "account": f"checkout-stripe-events@acme-shop.{HOST}",
        },
        "bigquery": {"name": "checkout_events", "subscriptions": [f"{topic}-bigquery" for topic in topics]},
        "archive": {"name": "acme-shop-checkout-events", "subscriptions": [f"{topic}-archive" for topic in topics]},
    }


def with_events(*route: str) -> dict[str, Any]:
    """Terraform's output, as changes of one without routed events."""
    subscribers = {
        entry_point: each | {"thin_subscription": f"{each['subscription']}-thin"}
        for entry_point, each in told()["subscribers"].items()
    }
    return {"subscribers": subscribers, "stripe_events": stripe_events(*route)}


def routing(*route: str) -> Deployment:
    """A deployment that routes these types; none without any."""
    return deployed(**(with_events(*route) if route else {}))


def run_events(google: GoogleStandIn, of: Deployment) -> None:
    """Adds what Google runs for them."""
    for entry_point, each in of.subscribers.items():
        if each.thin_subscription:
            google.add(_thin(of, entry_point, each), _agent(of))
    events = of.stripe_events
    if events is None:
        return
    webhook = google.resources[f"{_location(of)}/functions/{of.webhook.function}"].service_config.environment_variables
    webhook.update({"ROUTED_EVENTS": ",".join(events.route), "STRIPE_EVENTS_TOPIC": events.topic})
    google.add(Topic(name=_topic(of, events.topic)), _publishers(of.webhook.account))
    publishers = [of.pubsub_agent, *([events.handlers.account] if events.handlers else [])]
    google.add(Topic(name=_topic(of, events.dead_letter)), _publishers(*publishers))
    google.add(
        Subscription(
            name=_subscription(of, events.dead_letter_subscription),
            topic=_topic(of, events.dead_letter),
            message_retention_duration={"seconds": 2678400},
            expiration_policy=ExpirationPolicy(),
        )
    )
    if events.handlers:
        _run_handlers(google, of, events, events.handlers)
    for sink in (events.bigquery, events.archive):
        if sink:
            _run_sink(google, of, events, sink)


def _thin(of: Deployment, entry_point: str, each: Subscriber) -> Subscription:
    found = subscription(of, each)
    found.name = _subscription(of, str(each.thin_subscription))
    found.filter = THIN_FILTERS.get(entry_point, f'attributes.event_type = "v1.{each.types[0]}"')
    return found


def _run_handlers(google: GoogleStandIn, of: Deployment, events: StripeEvents, each: Handlers) -> None:
    env = {
        "GOOGLE_CLOUD_PROJECT": of.project,
        "STRIPE_LIVEMODE": str(of.livemode).lower(),
        "ROUTED_EVENTS": ",".join(events.route),
        "DEAD_LETTER_TOPIC": events.dead_letter,
        "FIRESTORE_DATABASE": of.database,
        "ORDERS_COLLECTION": of.collection,
        "STRIPE_API_KEY_FILE": "/secrets/stripe_api_key/secret",
    }
    key = SecretVolume.SecretVersion(version="latest", path="secret")
    volume = SecretVolume(mount_path="/secrets/stripe_api_key", secret=of.secrets.stripe_api_key, versions=[key])
    google.add(
        Function(
            name=f"{_location(of)}/functions/{each.function}",
            state=Function.State.ACTIVE,
            url=f"https://europe-west1-acme-shop.cloudfunctions.net/{each.function}",
            build_config=BuildConfig(entry_point="on_stripe_event"),
            service_config=ServiceConfig(
                service_account_email=each.account,
                ingress_settings=ServiceConfig.IngressSettings.ALLOW_INTERNAL_ONLY,
                timeout_seconds=150,
                all_traffic_on_latest_revision=True,
                uri=each.url,
                environment_variables=env,
                secret_volumes=[volume],
            ),
        )
    )
    service = Service(name=f"{_location(of)}/services/{each.function}")
    google.add(service, grant(("roles/run.invoker", f"serviceAccount:{each.push_account}")))
    called = subscription(of, next(iter(of.subscribers.values())))
    called.name, called.topic, called.filter = _subscription(of, each.subscription), _topic(of, events.topic), ""
    called.push_config.push_endpoint = called.push_config.oidc_token.audience = each.url
    called.push_config.oidc_token.service_account_email = each.push_account
    called.dead_letter_policy.dead_letter_topic = _topic(of, events.dead_letter)
    google.add(called, _agent(of))
    readers = google.policies[f"projects/{of.project}/secrets/{of.secrets.stripe_api_key}"].bindings[0].members
    readers.append(f"serviceAccount:{each.account}")


def _run_sink(google: GoogleStandIn, of: Deployment, events: StripeEvents, sink: Sink) -> None:
    for name, topic in zip(sink.subscriptions, (of.topics.events, events.topic), strict=True):
        into: dict[str, Any] = (
            {"bigquery_config": BigQueryConfig(table=f"{of.project}.{sink.name}.events", state="ACTIVE")}
            if name.endswith("bigquery")
            else {"cloud_storage_config": CloudStorageConfig(bucket=sink.name, state="ACTIVE")}
        )
        google.add(
            Subscription(
                name=_subscription(of, name),
                topic=_topic(of, topic),
                filter=filter_of_sink(of, topic),
                dead_letter_policy=DeadLetterPolicy(dead_letter_topic=_topic(of, events.dead_letter)),
                expiration_policy=ExpirationPolicy(),
                **into,
            ),
            _agent(of),
        )


def _agent(of: Deployment) -> Policy:
    return grant(("roles/pubsub.subscriber", f"serviceAccount:{of.pubsub_agent}"))


def _publishers(*accounts: str) -> Policy:
    return grant(*(("roles/pubsub.publisher", f"serviceAccount:{each}") for each in accounts))


def _location(of: Deployment) -> str:
    return f"projects/{of.project}/locations/{of.region}"


def _topic(of: Deployment, name: str) -> str:
    return f"projects/{of.project}/topics/{name}"


def _subscription(of: Deployment, name: str) -> str:
    return f"projects/{of.project}/subscriptions/{name}"
