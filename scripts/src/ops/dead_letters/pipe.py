"""The two pipes with dead letters: that of orders, and with --events that of Stripe's other events. Pure.

| of     | dead letters of                                                | a replay                            |
|--------|----------------------------------------------------------------|-------------------------------------|
| orders | the subscribers                                                | also makes failed effects owed again |
| events | on_stripe_event, and the sinks, which copy orders' events too  | asks for nothing else               |
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fulfillment.domain.event_types import EXPIRED, EventType, order_types
from fulfillment.domain.routes import Routes
from ops.dead_letters.dead_letter import DeadLetter
from ops.deployment.model import Deployment
from ops.errors import WrongSettings
from ops.messages import types_in

NO_EVENTS = "this deployment has no routed events and no sink: set events.route in terraform.tfvars, and apply"
REPLAY = {"replay": "true"}
"""Asks an order's subscriber to retry failed effects."""
_PREFIX = "checkout.session."
_SHORT = {each.removeprefix(_PREFIX): each for each in (*(each.value for each in EventType), EXPIRED)}


@dataclass(frozen=True, kw_only=True)
class Pipe:
    """The `topic` on which dead letters are published again, and the `subscription` that holds them. `types`: those
    that its subscribers get, or None if they get all. `request`: the attributes that a replay adds.
    """

    topic: str
    subscription: str
    types: frozenset[str] | None = None
    request: Mapping[str, str] = field(default_factory=dict)

    def replayable(self, letter: DeadLetter) -> bool:
        """Whether a subscriber would get it."""
        return letter.event_type is not None if self.types is None else letter.event_type in self.types

    def replay_attributes(self, letter: DeadLetter) -> dict[str, str]:
        """The original attributes, and the request."""
        return letter.original_attributes() | dict(self.request)

    def types_in(self, names: Sequence[str]) -> Routes | None:
        """The event types that the options --type select; None without one. WrongSettings if one cannot be here."""
        if not names:
            return None
        if self.types is None:
            return types_in(names)
        types = types_in([_SHORT.get(each, each) for each in names])
        if not any(each in types for each in self.types):
            of_orders = f"an order's event, such as {', '.join(_SHORT)}, refund.failed or charge.dispute.*"
            raise WrongSettings(f"--type must be the type of {of_orders}; for the type of another event add --events")
        return types


def pipe_of(deployment: Deployment, *, events: bool) -> Pipe:
    """The pipe of orders, or with `events` that of Stripe's other events. WrongSettings if there is none."""
    if not events:
        orders, letters = deployment.topics.events, deployment.dead_letter_subscription
        types = order_types(abandoned_carts=deployment.abandoned_carts)
        return Pipe(topic=orders, subscription=letters, types=types, request=REPLAY)
    if not deployment.stripe_events:
        raise WrongSettings(NO_EVENTS)
    return Pipe(topic=deployment.stripe_events.topic, subscription=deployment.stripe_events.dead_letter_subscription)
