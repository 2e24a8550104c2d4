"""What is read of Google's services, against Google's own emulator where there is one."""

import uuid
from typing import Any

import pytest
from google.api_core.exceptions import Forbidden
from google.auth.credentials import AnonymousCredentials
from google.pubsub_v1 import PublisherClient, SubscriberClient

from local.runtime.emulators import Emulators
from ops.clients.google_api import GoogleApi, calling
from ops.clients.google_cloud import GoogleCloud
from ops.clients.secret_manager import SecretManager
from ops.errors import Missing, Refused
from support.deployments import deployed, subscription
from support.google_stand_in import GoogleStandIn
from support.serving import served


def test_a_subscription_reads_the_same_from_the_emulator_and_from_the_stand_in(emulated: Emulators) -> None:
    of = deployed(project=f"p{uuid.uuid4().hex[:12]}")
    (_, each), *_ = of.subscribers.items()
    made = subscription(of, each)
    anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]
    where: Any = {"credentials": anonymous, "host": emulated.pubsub, "url_scheme": "http"}
    publisher = PublisherClient(transport=PublisherClient.get_transport_class("rest")(**where))
    subscriber = SubscriberClient(transport=SubscriberClient.get_transport_class("rest")(**where))
    for topic in (made.topic, made.dead_letter_policy.dead_letter_topic):
        publisher.create_topic(name=topic)
    subscriber.create_subscription(request=made)
    real = GoogleCloud(GoogleApi(of.project, f"http://{emulated.pubsub}"), of.region).subscription(each.subscription)
    stand_in = GoogleStandIn(of.project)
    stand_in.add(made)
    with served(stand_in.app()) as base:
        assert GoogleCloud(GoogleApi(of.project, base.rstrip("/")), of.region).subscription(each.subscription) == real
    assert (real.expires, real.wrapped, real.attempts, real.minimum_backoff) == (False, True, 100, 10)


def test_what_does_not_exist_at_the_emulator_is_missing(emulated: Emulators) -> None:
    google = GoogleCloud(GoogleApi("shared", f"http://{emulated.pubsub}"), "europe-west1")
    with pytest.raises(Missing):
        google.subscription("there-is-none")
    with pytest.raises(Missing):
        google.topic_policy("there-is-none")


def test_a_google_that_does_not_answer_is_given_up_in_time() -> None:
    google = GoogleCloud(GoogleApi("shared", "http://127.0.0.1:9", seconds=0.5), "europe-west1")
    with pytest.raises(Refused, match="did not answer in time"):
        google.function("checkout-webhook")


def test_a_google_that_fails_for_a_moment_is_asked_again() -> None:
    stand_in = GoogleStandIn("shared")
    stand_in.add(subscription(deployed(project="shared"), next(iter(deployed().subscribers.values()))))
    stand_in.faults["subscriptions"] = 503
    stand_in.before = lambda _call: stand_in.faults.clear() if len(stand_in.calls) == 3 else None
    with served(stand_in.app()) as base:
        GoogleCloud(GoogleApi("shared", base.rstrip("/")), "europe-west1").subscription("checkout-completed")
    assert len(stand_in.calls) == 3


def test_without_credentials_it_says_how_to_get_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
    with pytest.raises(Refused, match="gcloud auth application-default login"):
        SecretManager(GoogleApi("shared")).latest("checkout-webhook-secrets")


def test_a_refusal_names_the_permission_and_not_the_account() -> None:
    who = "reader@acme-shop.iam.gserviceaccount.com"
    with pytest.raises(Refused) as caught, calling():
        raise Forbidden(f"{who} does not have storage.objects.list access to the bucket.")  # type: ignore[no-untyped-call]
    assert str(caught.value) == "Google does not let you: you lack storage.objects.list"
