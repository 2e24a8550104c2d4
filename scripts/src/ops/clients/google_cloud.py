"""The only file here that knows Google's libraries: what runs is read, and signing secrets are stored.

It speaks REST, in tests and in production alike; `base` is where a stand-in of all APIs is, on loopback. Every method
may raise Refused, or Missing if what is asked for does not exist.
"""

import contextlib
import dataclasses
import functools
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import google.auth
from google.api_core.exceptions import BadRequest, Conflict, Forbidden, GoogleAPICallError, NotFound, RetryError
from google.api_core.exceptions import from_http_response as error_of
from google.api_core.gapic_v1.client_info import ClientInfo
from google.api_core.retry import Retry, if_transient_error
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from google.cloud import functions_v2, run_v2, secretmanager_v1
from google.oauth2.credentials import Credentials as UserCredentials
from google.pubsub_v1 import PublisherClient, SubscriberClient

from fulfillment.version import USER_AGENT
from ops.clients import credentials
from ops.clients.google_resources import Function, Policy, Service, Subscription
from ops.clients.signing_secrets import SigningSecrets
from ops.errors import Missing, Refused

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
SECONDS = 20  # one request
MONITORING = "https://monitoring.googleapis.com"
UNDELIVERED = "pubsub.googleapis.com/subscription/num_undelivered_messages"
NEEDED = frozenset(
    f"secretmanager.{each}" for each in ("secrets.get", "secrets.update", "versions.access", "versions.add")
)


class GoogleCloud:
    """One project and region of Google Cloud. `seconds` limits one question with all its tries."""

    def __init__(self, project: str, region: str, base: str | None = None, seconds: float = 10) -> None:
        self._project, self._base = project, base
        self._location = f"projects/{project}/locations/{region}"
        retry = Retry(if_transient_error, initial=0.2, maximum=2, timeout=seconds)
        self._options: Any = {"retry": retry, "timeout": SECONDS}

    def function(self, name: str) -> Function:
        """A Cloud Function of the second generation."""
        with _calling():
            client = self._client(functions_v2.FunctionServiceClient)
            return _function(client.get_function(name=f"{self._location}/functions/{name}", **self._options))

    def service(self, name: str) -> Service:
        """A Cloud Run service, and who may call it."""
        resource = f"{self._location}/services/{name}"
        with _calling():
            client = self._client(run_v2.ServicesClient)
            found = client.get_service(name=resource, **self._options)
            policy = _policy(client.get_iam_policy(request={"resource": resource}, **self._options))
            return Service(policy=policy, open_door=bool(found.invoker_iam_disabled))

    def subscription(self, name: str) -> Subscription:
        """A Pub/Sub subscription."""
        with _calling():
            client = self._client(SubscriberClient)
            return _subscription(
                client.get_subscription(subscription=self._path("subscriptions", name), **self._options)
            )

    def subscription_policy(self, name: str) -> Policy:
        """Who may do what with a subscription."""
        request = {"resource": self._path("subscriptions", name)}
        with _calling():
            return _policy(self._client(SubscriberClient).get_iam_policy(request=request, **self._options))

    def topic_policy(self, name: str) -> Policy:
        """Who may do what with a topic; Missing if there is no such topic."""
        resource = self._path("topics", name)
        with _calling():
            client = self._client(PublisherClient)
            client.get_topic(topic=resource, **self._options)
            return _policy(client.get_iam_policy(request={"resource": resource}, **self._options))

    def backlog(self, subscription: str) -> int:
        """How many messages lay in a subscription when that was last measured: minutes ago, and 0 if never."""
        now = datetime.now(UTC)
        asked = {
            "filter": f'metric.type = "{UNDELIVERED}" AND resource.labels.subscription_id = "{subscription}"',
            "interval.startTime": (now - timedelta(minutes=10)).isoformat(),
            "interval.endTime": now.isoformat(),
        }
        url = f"{self._base or MONITORING}/v3/projects/{self._project}/timeSeries"
        with _calling():
            session = AuthorizedSession(self._credentials)  # type: ignore[no-untyped-call]
            told = session.get(url, params=asked, headers={"User-Agent": USER_AGENT}, timeout=SECONDS)
            if told.status_code != 200:
                raise error_of(told)  # type: ignore[no-untyped-call]
            return sum(int(each["points"][0]["value"]["int64Value"]) for each in told.json().get("timeSeries", []))

    def secret_text(self, name: str) -> tuple[str, int]:
        """What `latest` is of a secret, which is what the functions see, and its number."""
        return self._version(name, "latest")

    def earlier_texts(self, name: str, before: int) -> Iterator[tuple[int, str | None]]:
        """The versions before one, the newest first; None for what is disabled or destroyed."""
        for number in range(before - 1, 0, -1):
            try:
                yield number, self._version(name, str(number))[0]
            except (Refused, Missing):
                yield number, None

    def _newest(self, name: str) -> tuple[str, int]:
        """The newest version of a secret, and its number. After a version was added, `latest` may stay the one before
        for minutes; Google promises only that the number is known at once.
        """
        text, number = self._version(name, "latest")
        with contextlib.suppress(Missing):
            while True:
                text, number = self._version(name, str(number + 1))
        return text, number

    def _version(self, name: str, version: str) -> tuple[str, int]:
        """A version of a secret, and its number."""
        resource = f"{self._path('secrets', name)}/versions/{version}"
        with _calling():
            try:
                found = self._secrets.access_secret_version(name=resource, **self._options)
            except BadRequest:
                raise Refused(f"the newest version of the secret {name} is disabled or destroyed: enable it") from None
            return str(found.payload.data.decode()), _number(found.name)

    def secret_policy(self, name: str) -> Policy:
        """Who may do what with a secret."""
        request = {"resource": self._path("secrets", name)}
        with _calling():
            return _policy(self._secrets.get_iam_policy(request=request, **self._options))

    def signing_secrets(self, name: str) -> SigningSecrets:
        """What the secret of the webhook holds, and whose its signing secrets are."""
        with _calling():
            found = self._secrets.get_secret(name=self._path("secrets", name), **self._options)
            noted = {each: mark for each, mark in found.annotations.items() if each.startswith("we_")}
        text, version = self._newest(name)
        try:
            return SigningSecrets.parse(text, noted, version)
        except ValueError as error:
            problem = f"the newest version of the secret {name} {error}"
            raise Refused(f"{problem}. Add the last good one again: docs/operations.md#stale-secret") from None

    def assert_may_store(self, name: str) -> None:
        """Refused, with what is lacking, if we may not store signing secrets."""
        request = {"resource": self._path("secrets", name), "permissions": sorted(NEEDED)}
        with _calling():
            granted = self._secrets.test_iam_permissions(request=request, **self._options).permissions
        if lacking := NEEDED - set(granted):
            raise Refused(
                f"you lack {', '.join(sorted(lacking))} on the secret {name}: ask for roles/secretmanager.admin on it"
            )

    def store(self, name: str, before: SigningSecrets, after: SigningSecrets) -> SigningSecrets:
        """Makes `after` what the secret holds: a new version first, then whose they are. No old one is disabled.

        Refused if somebody has added a version since `before` was read: their secrets would not be in force any more.
        """
        path = self._path("secrets", name)
        if after.text != before.text:
            if self._newest(name)[1] > before.version:
                raise Refused("somebody else has stored a signing secret meanwhile: run this again")
            payload = secretmanager_v1.SecretPayload(data=after.text.encode())
            with _calling():
                added = self._secrets.add_secret_version(parent=path, payload=payload, **self._options)
                after = dataclasses.replace(after, version=_number(added.name))
        if after.noted != before.noted:
            with _calling():
                self._note(path, before, after)
        return after

    def _note(self, path: str, before: SigningSecrets, after: SigningSecrets) -> None:
        """Notes whose the secrets are, and leaves what others have noted, though they do it at the same time."""
        found = self._secrets.get_secret(name=path, **self._options)
        gone = before.noted.keys() - after.noted.keys()
        kept = {each: mark for each, mark in found.annotations.items() if each not in gone}
        found.annotations = {**kept, **dict(after.noted.items() - before.noted.items())}
        request = {"secret": found, "update_mask": {"paths": ["annotations"]}}
        self._secrets.update_secret(request=request, **self._options)

    @functools.cached_property
    def _credentials(self) -> Credentials:
        """The application default credentials. A person's own need a project that answers for the requests."""
        if self._base:
            return AnonymousCredentials()  # type: ignore[no-untyped-call]
        found, _project = google.auth.default(scopes=SCOPES)
        if isinstance(found, UserCredentials) and not found.quota_project_id:
            return found.with_quota_project(self._project)  # type: ignore[no-any-return]
        return found

    @functools.cached_property
    def _secrets(self) -> Any:
        return self._client(secretmanager_v1.SecretManagerServiceClient)

    def _client(self, kind: Any) -> Any:
        """A client of one API."""
        where = {"host": self._base.removeprefix("http://"), "url_scheme": "http"} if self._base else {}
        caller = ClientInfo(grpc_version=None, user_agent=USER_AGENT)  # type: ignore[no-untyped-call]
        who = {"credentials": self._credentials, "client_info": caller}
        return kind(transport=kind.get_transport_class("rest")(**who, **where))

    def _path(self, kind: str, name: str) -> str:
        return f"projects/{self._project}/{kind}/{name}"


def _number(version: str) -> int:
    """The number in the full name of a secret's version."""
    return int(version.rpartition("/")[2])


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
    )


def _policy(found: Any) -> Policy:
    grants = [(each, (each.role, member)) for each in found.bindings for member in each.members]
    return Policy(
        grants=frozenset(grant for _, grant in grants),
        unconditional=frozenset(grant for binding, grant in grants if not binding.condition.expression),
    )


@contextlib.contextmanager
def _calling() -> Iterator[None]:
    """Whatever goes wrong becomes Refused or Missing. Of Google's words only permissions are told: the others may name
    a person.
    """
    try:
        yield
    except Refused:
        raise
    except NotFound:
        raise Missing("it does not exist") from None
    except Forbidden as error:
        named = sorted(set(re.findall(r"\b[a-z]+\.[A-Za-z]+\.[A-Za-z]+\b(?!\.)", error.message)))
        lacking = f": you lack {', '.join(named)}" if named else ""
        raise Refused(f"Google does not let you{lacking}") from None
    except Conflict:
        raise Refused("somebody else changes it just now: run this again") from None
    except GoogleAPICallError as error:
        raise Refused(f"Google answered {error.code}: {type(error).__name__}") from None
    except GoogleAuthError:
        raise Refused(credentials.UNKNOWN) from None
    except RetryError:
        raise Refused("Google did not answer in time") from None
    except Exception as error:  # noqa: BLE001 - the libraries meet an odd answer with any kind of error
        raise Refused(f"Google's answer cannot be read, or there is none: {type(error).__name__}") from None
