"""Reads what runs on Google Cloud: functions, services, topics and subscriptions, and their IAM policies.

Every method may raise Refused, or Missing if the resource does not exist.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from google.api_core.exceptions import from_http_response as error_of
from google.cloud import functions_v2, run_v2
from google.pubsub_v1 import PublisherClient, SubscriberClient

from ops.clients.google_api import SECONDS, GoogleApi, calling, policy_of
from ops.clients.google_resources import Function, Policy, Service, Subscription

MONITORING = "https://monitoring.googleapis.com"
UNDELIVERED = "pubsub.googleapis.com/subscription/num_undelivered_messages"


class GoogleCloud:
    """One project and region of Google Cloud."""

    def __init__(self, api: GoogleApi, region: str) -> None:
        self._api = api
        self._location = f"projects/{api.project}/locations/{region}"

    def function(self, name: str) -> Function:
        """A Cloud Function of the second generation."""
        with calling():
            client = self._api.client(functions_v2.FunctionServiceClient)
            return _function(client.get_function(name=f"{self._location}/functions/{name}", **self._api.options))

    def service(self, name: str) -> Service:
        """A Cloud Run service, and who may call it."""
        resource = f"{self._location}/services/{name}"
        with calling():
            client = self._api.client(run_v2.ServicesClient)
            found = client.get_service(name=resource, **self._api.options)
            policy = policy_of(client.get_iam_policy(request={"resource": resource}, **self._api.options))
            return Service(policy=policy, invoker_check_disabled=bool(found.invoker_iam_disabled))

    def subscription(self, name: str) -> Subscription:
        """A Pub/Sub subscription."""
        with calling():
            client = self._api.client(SubscriberClient)
            return _subscription(
                client.get_subscription(subscription=self._api.path("subscriptions", name), **self._api.options)
            )

    def subscription_policy(self, name: str) -> Policy:
        """The IAM policy of a subscription."""
        request = {"resource": self._api.path("subscriptions", name)}
        with calling():
            return policy_of(self._api.client(SubscriberClient).get_iam_policy(request=request, **self._api.options))

    def topic_policy(self, name: str) -> Policy:
        """The IAM policy of a topic; Missing if there is no such topic."""
        resource = self._api.path("topics", name)
        with calling():
            client = self._api.client(PublisherClient)
            client.get_topic(topic=resource, **self._api.options)
            return policy_of(client.get_iam_policy(request={"resource": resource}, **self._api.options))

    def backlog(self, subscription: str) -> int:
        """The number of undelivered messages at the last measurement, minutes ago; 0 without a measurement."""
        now = datetime.now(UTC)
        query = {
            "filter": f'metric.type = "{UNDELIVERED}" AND resource.labels.subscription_id = "{subscription}"',
            "interval.startTime": (now - timedelta(minutes=10)).isoformat(),
            "interval.endTime": now.isoformat(),
        }
        url = f"{self._api.base or MONITORING}/v3/projects/{self._api.project}/timeSeries"
        with calling():
            answer = self._api.session.get(url, params=query, timeout=SECONDS)
            if answer.status_code != 200:
                raise error_of(answer)  # type: ignore[no-untyped-call]
            return sum(int(each["points"][0]["value"]["int64Value"]) for each in answer.json().get("timeSeries", []))


def _function(found: functions_v2.Function) -> Function:
    service = found.service_config
    return Function(
        state=found.state.name,
        entry_point=found.build_config.entry_point,
        account=service.service_account_email,
        ingress=service.ingress_settings.name,
        timeout=service.timeout_seconds,
        url=found.url,
        uri=service.uri,
        follows_latest=service.all_traffic_on_latest_revision,
        env=dict(service.environment_variables),
        mounts={
            f"{volume.mount_path.rstrip('/')}/{version.path.lstrip('/')}": (
                volume.secret.rpartition("/")[2],
                version.version,
            )
            for volume in service.secret_volumes
            for version in volume.versions
        },
    )


def _subscription(found: Any) -> Subscription:
    push, dead, backoff = found.push_config, found.dead_letter_policy, found.retry_policy
    sink = found.bigquery_config if "bigquery_config" in found else found.cloud_storage_config
    return Subscription(
        topic=found.topic,
        detached=found.detached,
        filter=found.filter,
        ack_deadline=found.ack_deadline_seconds,
        retention=int(found.message_retention_duration.total_seconds()),
        expires="expiration_policy" not in found or "ttl" in found.expiration_policy,
        push_endpoint=push.push_endpoint,
        push_account=push.oidc_token.service_account_email,
        push_audience=push.oidc_token.audience,
        wrapped="no_wrapper" not in push,
        dead_letter_topic=dead.dead_letter_topic,
        attempts=dead.max_delivery_attempts,
        minimum_backoff=backoff.minimum_backoff.total_seconds() if "minimum_backoff" in backoff else 0,
        maximum_backoff=backoff.maximum_backoff.total_seconds() if "maximum_backoff" in backoff else 0,
        sink=found.bigquery_config.table or found.cloud_storage_config.bucket,
        sink_state=sink.state.name,
    )
