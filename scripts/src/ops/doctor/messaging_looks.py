"""Looks at topics and subscriptions."""

from collections.abc import Callable, Iterator, Mapping

from ops.clients.google_cloud import GoogleCloud
from ops.clients.google_resources import Function
from ops.deployment.model import Deployment, StripeEvents
from ops.doctor import messaging_checks as checks
from ops.doctor.checks import Finding, unknown
from ops.doctor.function_looks import Look
from ops.errors import OperationsError


class MessagingLooks:
    """`function` reads a function: its time limit must fit the subscription that calls it."""

    def __init__(self, deployment: Deployment, google: GoogleCloud, function: Callable[[str], Function]) -> None:
        self._deployment, self._google, self._function = deployment, google, function

    def topics(self) -> list[Look]:
        """Who may publish."""
        return [self._topic(name, publishers) for name, publishers in checks.topics_of(self._deployment).items()]

    def pushes(self) -> list[Look]:
        """The subscriptions that call functions."""
        of, events = self._deployment, self._deployment.stripe_events
        pushes = [push for name, each in of.subscribers.items() for push in checks.pushes_of(of, name, each)]
        pushes += [checks.push_of_handlers(events, events.handlers)] if events and events.handlers else []
        return [look for each in pushes for look in (self._push(each), self._agent(each.name))]

    def sinks(self) -> list[Look]:
        """The subscriptions that copy events into a table or a bucket."""
        events = self._deployment.stripe_events
        sinks = [each for each in (events.bigquery, events.archive) if each] if events else []
        names = [name for each in sinks for name in each.subscriptions]
        return [look for name in names if events for look in (self._sink(events, name), self._agent(name))]

    def dead_letters(self) -> list[Look]:
        """The subscriptions that hold what was given up or parked."""
        of, events = self._deployment, self._deployment.stripe_events
        looks = self._kept(of.dead_letter_subscription, of.topics.dead_letter, "dead-letter")
        if events:
            looks += self._kept(events.dead_letter_subscription, events.dead_letter, "stripe-events-dead-letter")
        return looks

    def _topic(self, name: str, publishers: Mapping[str, str]) -> Look:
        return f"topic {name}", lambda: checks.check_topic(name, publishers, self._google.topic_policy(name))

    def _push(self, wanted: checks.Push) -> Look:
        def look() -> Iterator[Finding]:
            found = self._google.subscription(wanted.name)
            timeout = None
            try:
                timeout = self._function(wanted.function).timeout
            except OperationsError as error:
                why = f"the time limit of {wanted.function} is not known: {error}"
                yield unknown(f"subscription {wanted.name}", "ack deadline", why)
            yield from checks.check_subscription(self._deployment, wanted, found, timeout)

        return f"subscription {wanted.name}", look

    def _agent(self, name: str) -> Look:
        of, policy = self._deployment, self._google.subscription_policy
        return f"subscription {name}", lambda: checks.check_subscription_policy(of, name, policy(name))

    def _sink(self, events: StripeEvents, name: str) -> Look:
        of, google = self._deployment, self._google
        return f"subscription {name}", lambda: checks.check_sink(of, events, name, google.subscription(name))

    def _kept(self, name: str, topic: str, runbook: str) -> list[Look]:
        of, google, check = self._deployment, self._google, checks.check_dead_letter_subscription
        return [
            (f"subscription {name}", lambda: check(of, name, topic, google.subscription(name))),
            (f"subscription {name}", lambda: checks.check_backlog(name, google.backlog(name), runbook)),
        ]
