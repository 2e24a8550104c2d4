"""All checks of `doctor`, one after the other: Stripe, the functions, Pub/Sub and the secrets."""

import functools
from collections.abc import Callable, Iterable, Iterator

from ops.clients.google_api import GoogleApi
from ops.clients.google_cloud import GoogleCloud
from ops.clients.secret_manager import SecretManager
from ops.clients.signing_secrets import SigningSecrets
from ops.clients.stripe_endpoints import StripeEndpoints
from ops.clients.webhook_endpoints import DesiredEndpoint
from ops.deployment.model import Deployment, Subscriber
from ops.doctor import endpoint_checks, function_checks, messaging_checks, secret_checks
from ops.doctor.checks import Finding, attempt, unknown
from ops.errors import OperationsError

Look = tuple[str, Callable[[], Iterable[Finding]]]


class Examination:
    """All looks, one after the other. A failed look does not stop the others."""

    def __init__(self, deployment: Deployment, google: GoogleApi, stripe: Callable[[], StripeEndpoints]) -> None:
        self._deployment, self._stripe = deployment, stripe
        self._google, self._secret_manager = GoogleCloud(google, deployment.region), SecretManager(google)
        self._function = functools.cache(self._google.function)

    def findings(self, wanted: tuple[DesiredEndpoint, ...]) -> Iterator[Finding]:
        """Every finding, in the order of the flow."""
        looks: list[Look] = [("stripe", lambda: self._endpoints(wanted)), *self._webhook(), *self._topics()]
        for entry_point, subscriber in self._deployment.subscribers.items():
            looks += self._subscriber(entry_point, subscriber)
        looks += [*self._order_status(), *self._reconcile(), *self._dead_letter(), *self._secrets()]
        for subject, look in looks:
            yield from attempt(subject, look)

    def _endpoints(self, wanted: tuple[DesiredEndpoint, ...]) -> list[Finding]:
        endpoints = self._stripe().list()
        stored: SigningSecrets | OperationsError
        try:
            stored = self._secret_manager.signing_secrets(self._deployment.secrets.webhook)
        except OperationsError as error:
            stored = error
        return endpoint_checks.check_endpoints(wanted, endpoints, stored, self._webhook_uri())

    def _webhook_uri(self) -> str:
        """The URL of the webhook's Cloud Run service; the function's URL if that cannot be read."""
        webhook = self._deployment.webhook
        try:
            return self._function(webhook.function).uri
        except OperationsError:
            return webhook.url

    def _webhook(self) -> list[Look]:
        of, name = self._deployment, self._deployment.webhook.function
        return [
            (f"function {name}", lambda: function_checks.check_webhook(of, self._function(name))),
            (
                f"service {name}",
                lambda: function_checks.check_public_service(name, "Stripe", self._google.service(name)),
            ),
        ]

    def _order_status(self) -> list[Look]:
        of, each = self._deployment, self._deployment.order_status
        if each is None:
            return []
        name = each.function
        return [
            (f"function {name}", lambda: function_checks.check_order_status(of, each, self._function(name))),
            (
                f"service {name}",
                lambda: function_checks.check_public_service(name, "buyers", self._google.service(name)),
            ),
        ]

    def _reconcile(self) -> list[Look]:
        of, google, each = self._deployment, self._google, self._deployment.reconcile
        if each is None:
            return []
        name = each.function
        return [
            (f"function {name}", lambda: function_checks.check_reconcile(of, each, self._function(name))),
            (
                f"service {name}",
                lambda: function_checks.check_private_service(name, "the schedule", each.caller, google.service(name)),
            ),
        ]

    def _topics(self) -> list[Look]:
        topics = self._deployment.topics
        names = [name for name in (topics.events, topics.dead_letter, topics.order_events) if name]
        return [(f"topic {name}", functools.partial(self._topic, name)) for name in names]

    def _topic(self, name: str) -> list[Finding]:
        return messaging_checks.check_topics(self._deployment, name, self._google.topic_policy(name))

    def _subscriber(self, entry_point: str, each: Subscriber) -> list[Look]:
        of, google, function, subscription = self._deployment, self._google, each.function, each.subscription
        return [
            (
                f"function {function}",
                lambda: function_checks.check_subscriber(of, entry_point, each, self._function(function)),
            ),
            (
                f"service {function}",
                lambda: function_checks.check_private_service(
                    function, "Pub/Sub", each.push_account, google.service(function)
                ),
            ),
            (f"subscription {subscription}", lambda: self._subscription(each)),
            (
                f"subscription {subscription}",
                lambda: messaging_checks.check_subscription_policy(of, each, google.subscription_policy(subscription)),
            ),
        ]

    def _subscription(self, each: Subscriber) -> Iterator[Finding]:
        found = self._google.subscription(each.subscription)
        timeout = None
        try:
            timeout = self._function(each.function).timeout
        except OperationsError as error:
            yield unknown(
                f"subscription {each.subscription}",
                "ack deadline",
                f"the time limit of {each.function} is not known: {error}",
            )
        yield from messaging_checks.check_subscription(self._deployment, each, found, timeout)

    def _dead_letter(self) -> list[Look]:
        of, name = self._deployment, self._deployment.dead_letter_subscription
        return [
            (
                f"subscription {name}",
                lambda: messaging_checks.check_dead_letter_subscription(of, self._google.subscription(name)),
            ),
            (f"subscription {name}", lambda: messaging_checks.check_backlog(of, self._google.backlog(name))),
        ]

    def _secrets(self) -> Iterator[Look]:
        secrets = self._deployment.secrets
        webhook = [(self._deployment.webhook.function, self._deployment.webhook.account)]
        subscribers = [(each.function, each.account) for each in self._deployment.subscribers.values()]
        others = (self._deployment.order_status, self._deployment.reconcile)
        readers_of_stripe = [*subscribers, *((each.function, each.account) for each in others if each)]
        for name, check, readers in (
            (secrets.webhook, secret_checks.check_signing_secrets, webhook),
            (secrets.stripe_api_key, secret_checks.check_api_key, readers_of_stripe),
            (secrets.smtp_url, secret_checks.check_smtp_url, subscribers),
        ):
            if name:
                yield f"secret {name}", functools.partial(self._secret, name, check)
                yield f"secret {name}", functools.partial(self._readers, name, readers)

    def _secret(self, name: str, check: Callable[[Deployment, str], list[Finding]]) -> list[Finding]:
        text, number = self._secret_manager.latest(name)
        earlier = self._secret_manager.earlier(name, number)
        return [
            *check(self._deployment, text),
            *secret_checks.check_newest(self._deployment, name, text, earlier),
        ]

    def _readers(self, name: str, accounts: list[tuple[str, str]]) -> list[Finding]:
        return secret_checks.check_readers(name, accounts, self._secret_manager.policy(name))
