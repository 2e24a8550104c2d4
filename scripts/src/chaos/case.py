"""One Checkout of a run: what Stripe sends of it, and what must become of it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from chaos.after_sale import Aftermath, Fate
from fulfillment.domain.routes import Routes
from local.fakes.stripe_events import FAILED, Json, event, thin_event

Expectation = Literal["order", "none", "parked"]
EXPIRED = "checkout.session.expired"
ROUTES = Routes.parse(f"invoice.*,customer.subscription.*,{FAILED},{EXPIRED}")
"""What the webhook routes: types without an order, and two that are the orders' too."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One Checkout: its events and line items. `signed`: whether Stripe signs the events. `beside`: what Stripe sends
    beside the events that must be in the order: thin events, and events that are no order's. `aftermath`: what becomes
    of its money.
    """

    name: str
    session_id: str
    events: Sequence[Json]
    items: Sequence[Json] = ()
    beside: Sequence[Json] = ()
    expects: Expectation = "order"
    signed: bool = True
    manner: str = ""
    aftermath: Aftermath = field(default_factory=Aftermath)

    @property
    def told(self) -> Sequence[Json]:
        """What Stripe sends. The other events must be found by reconcile, or by a thin event."""
        told = [each for each in self.events if not is_found(each["id"])]
        return [*told, *self.beside, *self.aftermath.told]

    @property
    def routed(self) -> Sequence[Json]:
        """What the webhook must put on the topic of Stripe's events."""
        right = (each for each in self.told if self.signed and not each["livemode"])
        return [each for each in right if each["type"] in ROUTES]

    @property
    def never_told(self) -> int:
        """How many events only reconcile can find."""
        untold = 0 if self.beside else sum(is_found(each["id"]) for each in self.events)
        return untold + (0 if self.aftermath.told else len(self.aftermath.shown))


def is_found(event_id: str) -> bool:
    """Whether reconcile made the event."""
    return event_id.startswith("reconcile:")


@dataclass
class Till:
    """Makes the sessions and events of one run, with ids from the seed."""

    seed: int
    chance: random.Random = field(init=False)
    made: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.seed}:cases")  # noqa: S311 - must be repeatable

    def session_id(self) -> str:
        """The id of the next order."""
        self.made += 1
        return f"cs_test_chaos_{self.seed}_{self.made:05d}_{self.chance.getrandbits(64):016x}"

    def event(self, event_type: str, of: Json, **changes: Any) -> Json:
        """An event with a random id: ids must not determine the order of events."""
        return event(event_type, of, id=self._event_id(), **changes)

    def thin(self, event_type: str, of: Json, **changes: Any) -> Json:
        """A thin event with a random id."""
        return thin_event(event_type, of, id=self._event_id(), **changes)

    def fate(self) -> Fate:
        """What makes the aftermath of the order that was made last."""
        return Fate(self.chance, self._event_id, self.made)

    def _event_id(self) -> str:
        return f"evt_1Chaos{self.chance.getrandbits(64):016x}"
