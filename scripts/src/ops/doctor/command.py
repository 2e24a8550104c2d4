"""`doctor`: compares what Stripe has registered and what Google runs with what the product needs."""

import dataclasses
import functools
import os
from collections.abc import Callable, Iterable, Iterator

import click
from rich.text import Text

from ops.clients.access import google_base, stripe_access
from ops.clients.endpoints import Wanted, wanted
from ops.clients.google_cloud import GoogleCloud
from ops.clients.signing_secrets import SigningSecrets
from ops.clients.stripe_endpoints import StripeEndpoints
from ops.command import Report, operation
from ops.deployment.terraform_output import Deployment, Subscriber
from ops.doctor import endpoint_checks, function_checks, messaging_checks, secret_checks
from ops.doctor.checks import Finding, Verdict, attempt, unknown
from ops.errors import OperationsError

Look = tuple[str, Callable[[], Iterable[Finding]]]
COLORS = {Verdict.OK: "green", Verdict.TROUBLE: "red", Verdict.UNKNOWN: "yellow"}


@operation("doctor")
@click.option("--url", help="The webhook's address, if it was registered with --url.")
def doctor(deployment: Deployment, *, url: str | None) -> Report:
    """Check what is deployed, and say what mends it.

    Needs STRIPE_API_KEY (Webhook Endpoints: read), and Google's roles/viewer and roles/iam.securityReviewer on the
    project and roles/secretmanager.secretAccessor on the secrets. Changes nothing. What could not be checked counts as
    trouble.
    """
    google = GoogleCloud(deployment.project, deployment.region, google_base(os.environ))
    examination = Examination(
        deployment, google, lambda: StripeEndpoints(stripe_access(os.environ, deployment, may="read"))
    )
    found = examination.findings(wanted(deployment, url))
    return _report(list(dict.fromkeys(found)))  # two looks at one thing may fail alike


class Examination:
    """All looks, one after the other; none keeps another from being taken."""

    def __init__(self, deployment: Deployment, google: GoogleCloud, stripe: Callable[[], StripeEndpoints]) -> None:
        self._deployment, self._google, self._stripe = deployment, google, stripe
        self._function = functools.cache(google.function)

    def findings(self, wanted: tuple[Wanted, ...]) -> Iterator[Finding]:
        """Every finding, in the order of the flow."""
        looks: list[Look] = [("stripe", lambda: self._endpoints(wanted)), *self._webhook(), *self._topics()]
        for entry_point, subscriber in self._deployment.subscribers.items():
            looks += self._subscriber(entry_point, subscriber)
        looks += [*self._order_status(), *self._reconcile(), *self._dead_letter(), *self._secrets()]
        for subject, look in looks:
            yield from attempt(subject, look)

    def _endpoints(self, wanted: tuple[Wanted, ...]) -> list[Finding]:
        endpoints = self._stripe().list()
        stored: SigningSecrets | OperationsError
        try:
            stored = self._google.signing_secrets(self._deployment.secrets.webhook)
        except OperationsError as error:
            stored = error
        return endpoint_checks.check_endpoints(wanted, endpoints, stored, self._webhook_uri())

    def _webhook_uri(self) -> str:
        """The webhook's other address, its service's own; the known one if that cannot be asked."""
        webhook = self._deployment.webhook
        try:
            return self._function(webhook.function).uri
        except OperationsError:
            return webhook.url

    def _webhook(self) -> list[Look]:
        of, name = self._deployment, self._deployment.webhook.function
        return [
            (f"function {name}", lambda: function_checks.check_webhook(of, self._function(name))),
            (f"service {name}", lambda: function_checks.check_public_door(name, "Stripe", self._google.service(name))),
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
                lambda: function_checks.check_public_door(name, "buyers", self._google.service(name)),
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
                lambda: function_checks.check_private_door(name, "the schedule", each.caller, google.service(name)),
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
                lambda: function_checks.check_private_door(
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
        text, number = self._google.secret_text(name)
        earlier = self._google.earlier_texts(name, number)
        return [
            *check(self._deployment, text),
            *secret_checks.check_newest(self._deployment, name, text, earlier),
        ]

    def _readers(self, name: str, accounts: list[tuple[str, str]]) -> list[Finding]:
        return secret_checks.check_readers(name, accounts, self._google.secret_policy(name))


def _report(findings: list[Finding]) -> Report:
    """To a person, what is wrong comes last: there the eye is."""
    well_first = sorted(findings, key=lambda each: each.verdict is not Verdict.OK)
    counts = {verdict: sum(each.verdict is verdict for each in findings) for verdict in Verdict}
    summary = ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count)
    return Report(
        ok=counts[Verdict.OK] == len(findings),
        lines=[*(_line(each) for each in well_first), summary],
        data={"checks": [dataclasses.asdict(each) for each in findings]},
    )


def _line(each: Finding) -> Text:
    width = max(len(verdict) for verdict in Verdict)
    line = Text(f"{each.verdict:<{width}}", style=COLORS[each.verdict])
    line.append(f"  {each.subject}: {each.check}", style="default")
    line.append(f": {each.problem}" if each.problem else "", style="default")
    return line.append(f"  →  {each.mend}" if each.mend else "", style="bold default")
