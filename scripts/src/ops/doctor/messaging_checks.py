"""The rules for Pub/Sub's subscriptions and topics. Pure."""

from ops.clients.google_resources import Policy, Subscription
from ops.deployment.model import Deployment, Subscriber
from ops.doctor.checks import Finding, Problems, differs, judge

PUBLISHER, SUBSCRIBER = "roles/pubsub.publisher", "roles/pubsub.subscriber"
ATTEMPTS = 20  # with fewer, an outage of a hook makes dead letters
MINIMUM_BACKOFF = 10  # seconds
KEPT = 31 * 86400  # seconds: as long as Pub/Sub keeps anything
LONGEST_DEADLINE = 600  # seconds


def check_subscription(
    deployment: Deployment, wanted: Subscriber, found: Subscription, timeout: int | None
) -> list[Finding]:
    """A subscriber's subscription. `timeout`: its function's, in seconds; None if unknown."""
    topics = f"projects/{deployment.project}/topics"
    problems: Problems = {
        "topic": differs(found.topic, f"{topics}/{deployment.topics.events}"),
        "filter": differs(found.filter, f'attributes.event_type = "{wanted.event_type}"'),
        "push endpoint": differs(found.push_endpoint.rstrip("/"), wanted.url.rstrip("/")),
        "push account": differs(found.push_account, wanted.push_account),
        "audience": differs((found.push_audience or found.push_endpoint).rstrip("/"), found.push_endpoint.rstrip("/")),
        "envelope": None if found.wrapped else "messages are pushed without an envelope: no function can read them",
        "dead letter topic": differs(found.dead_letter_topic, f"{topics}/{deployment.topics.dead_letter}"),
        "attempts": _at_least(found.attempts, ATTEMPTS, "attempts"),
        "minimum backoff": _at_least(found.minimum_backoff, MINIMUM_BACKOFF, "s"),
        "retention": _at_least(found.retention, found.attempts * found.maximum_backoff, "s: the attempts last as long"),
        **_for_ever(found),
    }
    if timeout is not None:
        needed = min(timeout + 30, LONGEST_DEADLINE)
        problems = {**problems, "ack deadline": differs(f"{found.ack_deadline} s", f"{needed} s")}
    return judge(f"subscription {wanted.subscription}", problems)


def check_dead_letter_subscription(deployment: Deployment, found: Subscription) -> list[Finding]:
    """The subscription that holds the dead letters for a person."""
    problems = {
        "topic": differs(found.topic, f"projects/{deployment.project}/topics/{deployment.topics.dead_letter}"),
        "filter": differs(found.filter, ""),
        "pull": f"its letters are pushed to {found.push_endpoint}" if found.push_endpoint else None,
        "retention": _at_least(found.retention, KEPT, "s"),
        **_for_ever(found),
    }
    return judge(f"subscription {deployment.dead_letter_subscription}", problems)


def check_backlog(deployment: Deployment, count: int) -> list[Finding]:
    """There must be no dead letters."""
    problem = f"{count} dead letters: a person must look at them" if count else None
    subject = f"subscription {deployment.dead_letter_subscription}"
    return judge(subject, {"backlog": problem}, "see docs/operations.md#dead-letter")


def check_subscription_policy(deployment: Deployment, wanted: Subscriber, found: Policy) -> list[Finding]:
    """Pub/Sub may move a message to the dead letters."""
    lacks = _lacks(found, SUBSCRIBER, deployment.pubsub_agent)
    return judge(f"subscription {wanted.subscription}", {"pubsub agent": lacks})


def check_topics(deployment: Deployment, name: str, found: Policy) -> list[Finding]:
    """Each publisher of a topic may publish to it."""
    events = (deployment.webhook, deployment.order_status, deployment.reconcile)
    subscribers = {each.function: each.account for each in deployment.subscribers.values()}
    publishers = {
        deployment.topics.events: {each.function: each.account for each in events if each},
        deployment.topics.dead_letter: {"pubsub agent": deployment.pubsub_agent, **subscribers},
        deployment.topics.order_events: subscribers,
    }[name]
    return judge(
        f"topic {name}", {f"publisher {who}": _lacks(found, PUBLISHER, account) for who, account in publishers.items()}
    )


def _for_ever(found: Subscription) -> Problems:
    return {
        "never expires": "Pub/Sub deletes it after some days without activity" if found.expires else None,
        "attached": "it is detached from its topic: it gets nothing" if found.detached else None,
    }


def _lacks(found: Policy, role: str, account: str) -> str | None:
    return None if found.lets(role, f"serviceAccount:{account}") else f"{account} lacks {role}"


def _at_least(found: float, needed: float, unit: str) -> str | None:
    return None if found >= needed else f"it is {found:g}, and must be at least {needed:g} {unit}"
