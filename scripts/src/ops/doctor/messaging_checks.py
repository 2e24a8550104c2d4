"""The rules for Pub/Sub's subscriptions and topics. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from ops.clients.google_resources import Policy, Subscription
from ops.deployment.model import Deployment, Handlers, StripeEvents, Subscriber
from ops.doctor.checks import Finding, Problems, differs, judge
from ops.doctor.filters import filter_of, filter_of_sink

PUBLISHER, SUBSCRIBER = "roles/pubsub.publisher", "roles/pubsub.subscriber"
ATTEMPTS = 20  # with fewer, an outage of a hook makes dead letters
MINIMUM_BACKOFF = 10  # seconds
KEPT = 31 * 86400  # seconds: as long as Pub/Sub keeps anything
LONGEST_DEADLINE = 600  # seconds


@dataclass(frozen=True, kw_only=True)
class Push:
    """A subscription that calls a function, as it must be. Topics are ids."""

    name: str
    topic: str
    filter: str
    function: str
    url: str
    push_account: str
    dead_letter: str


def pushes_of(deployment: Deployment, entry_point: str, to: Subscriber) -> list[Push]:
    """A subscriber's subscriptions: for snapshot events, and for thin ones."""
    names = {to.subscription: False, to.thin_subscription: True}
    return [
        Push(
            name=name,
            topic=deployment.topics.events,
            filter=filter_of(entry_point, to, thin=thin),
            function=to.function,
            url=to.url,
            push_account=to.push_account,
            dead_letter=deployment.topics.dead_letter,
        )
        for name, thin in names.items()
        if name
    ]


def push_of_handlers(events: StripeEvents, to: Handlers) -> Push:
    """The subscription that calls functions/handlers: for every routed event."""
    return Push(
        name=to.subscription,
        topic=events.topic,
        filter="",
        function=to.function,
        url=to.url,
        push_account=to.push_account,
        dead_letter=events.dead_letter,
    )


def check_subscription(deployment: Deployment, wanted: Push, found: Subscription, timeout: int | None) -> list[Finding]:
    """A subscription that calls a function. `timeout`: the function's, in seconds; None if unknown."""
    problems: Problems = {
        "topic": differs(found.topic, _topic(deployment, wanted.topic)),
        "filter": differs(found.filter, wanted.filter),
        "push endpoint": differs(found.push_endpoint.rstrip("/"), wanted.url.rstrip("/")),
        "push account": differs(found.push_account, wanted.push_account),
        "audience": differs((found.push_audience or found.push_endpoint).rstrip("/"), found.push_endpoint.rstrip("/")),
        "envelope": None if found.wrapped else "messages are pushed without an envelope: no function can read them",
        "dead letter topic": differs(found.dead_letter_topic, _topic(deployment, wanted.dead_letter)),
        "attempts": _at_least(found.attempts, ATTEMPTS, "attempts"),
        "minimum backoff": _at_least(found.minimum_backoff, MINIMUM_BACKOFF, "s"),
        "retention": _at_least(found.retention, found.attempts * found.maximum_backoff, "s: the attempts last as long"),
        **_for_ever(found),
    }
    if timeout is not None:
        needed = min(timeout + 30, LONGEST_DEADLINE)
        problems = {**problems, "ack deadline": differs(f"{found.ack_deadline} s", f"{needed} s")}
    return judge(f"subscription {wanted.name}", problems)


def check_sink(deployment: Deployment, events: StripeEvents, name: str, found: Subscription) -> list[Finding]:
    """A subscription that copies the events of a topic into a table or a bucket."""
    topics = [_topic(deployment, each) for each in (deployment.topics.events, events.topic)]
    problems = {
        "topic": None if found.topic in topics else differs(found.topic, " or ".join(topics)),
        "filter": differs(found.filter, filter_of_sink(deployment, found.topic.rpartition("/")[2])),
        "sink": None if found.sink else "it copies into neither a table nor a bucket",
        "state": f"Pub/Sub cannot write into its {found.sink}: {found.sink_state}" if found.sink_fails else None,
        "dead letter topic": differs(found.dead_letter_topic, _topic(deployment, events.dead_letter)),
        **_for_ever(found),
    }
    return judge(f"subscription {name}", problems)


def check_dead_letter_subscription(deployment: Deployment, name: str, topic: str, found: Subscription) -> list[Finding]:
    """A subscription that holds the dead letters of a topic for a person."""
    problems = {
        "topic": differs(found.topic, _topic(deployment, topic)),
        "filter": differs(found.filter, ""),
        "pull": f"its letters are pushed to {found.push_endpoint}" if found.push_endpoint else None,
        "retention": _at_least(found.retention, KEPT, "s"),
        **_for_ever(found),
    }
    return judge(f"subscription {name}", problems)


def check_backlog(name: str, count: int, runbook: str) -> list[Finding]:
    """There must be no dead letters. `runbook`: the section about them."""
    problem = f"{count} dead letters: a person must look at them" if count else None
    return judge(f"subscription {name}", {"backlog": problem}, f"see docs/operations.md#{runbook}")


def check_subscription_policy(deployment: Deployment, name: str, found: Policy) -> list[Finding]:
    """Pub/Sub may move a message to the dead letters."""
    return judge(f"subscription {name}", {"pubsub agent": _lacks(found, SUBSCRIBER, deployment.pubsub_agent)})


def check_topic(name: str, publishers: Mapping[str, str], found: Policy) -> list[Finding]:
    """Each publisher of a topic, by (name, account), may publish to it."""
    return judge(
        f"topic {name}", {f"publisher {who}": _lacks(found, PUBLISHER, account) for who, account in publishers.items()}
    )


def topics_of(deployment: Deployment) -> dict[str, Mapping[str, str]]:
    """The topics, and the publishers of each: name -> account."""
    events = (deployment.webhook, deployment.order_status, deployment.reconcile)
    subscribers, performers = _accounts(deployment.subscribers), _accounts(deployment.performers)
    agent = {"pubsub agent": deployment.pubsub_agent}
    topics: dict[str, Mapping[str, str]] = {
        deployment.topics.events: {each.function: each.account for each in events if each},
        deployment.topics.dead_letter: {**agent, **subscribers},
    }
    if deployment.topics.order_events:
        topics[deployment.topics.order_events] = performers
    if routed := deployment.stripe_events:
        webhook = {deployment.webhook.function: deployment.webhook.account}
        handlers = {routed.handlers.function: routed.handlers.account} if routed.handlers else {}
        topics[routed.topic] = webhook if routed.route else {}
        topics[routed.dead_letter] = {**agent, **handlers}
    return topics


def _accounts(subscribers: Mapping[str, Subscriber]) -> dict[str, str]:
    return {each.function: each.account for each in subscribers.values()}


def _topic(deployment: Deployment, name: str) -> str:
    return f"projects/{deployment.project}/topics/{name}"


def _for_ever(found: Subscription) -> Problems:
    return {
        "never expires": "Pub/Sub deletes it after some days without activity" if found.expires else None,
        "attached": "it is detached from its topic: it gets nothing" if found.detached else None,
    }


def _lacks(found: Policy, role: str, account: str) -> str | None:
    return None if found.lets(role, f"serviceAccount:{account}") else f"{account} lacks {role}"


def _at_least(found: float, needed: float, unit: str) -> str | None:
    return None if found >= needed else f"it is {found:g}, and must be at least {needed:g} {unit}"
