"""What follows a sale of a run: every course of refunds and disputes, warnings and reviews, told in several manners.

snapshot, thin   one kind of events        both      the two twins of each event
lost             no event at all: only reconcile, or the sale's own finding, brings it
"""

import itertools
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from local.fakes.memory_stripe import MemoryStripe
from local.fakes.stripe_after_sale import AfterSaleWorld
from local.fakes.stripe_events import Json
from local.fakes.stripe_payments import Told
from local.fakes.stripe_stand_in_cli import API_VERSION

Manner = Literal["snapshot", "thin", "both", "lost"]
MANNERS: Sequence[Manner] = ("snapshot", "snapshot", "thin", "both", "both", "lost")
PAST_SECONDS = 900
"""How long ago everything happened at Stripe: longer than any clock of a function is slow, so that reads are newer."""
ORDER_KINDS = ("refund", "dispute", "radar.early_fraud_warning", "review")
LISTED = frozenset(("refund", "dispute"))
"""What reconcile lists, so that its events may be lost."""


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """What happened to one payment. `objects`: as Stripe shows them, by their path; `intents`: PaymentIntents by id;
    `snapshots`, `thin`: the events that Stripe sends. `renewal`: whether the payment is a later invoice's.
    """

    objects: Mapping[str, Json] = field(default_factory=dict)
    intents: Mapping[str, Json] = field(default_factory=dict)
    snapshots: Sequence[Json] = ()
    thin: Sequence[Json] = ()
    renewal: bool = False

    @property
    def told(self) -> Sequence[Json]:
        """The events that Stripe sends."""
        return [*self.snapshots, *self.thin]

    @property
    def shown(self) -> Sequence[Json]:
        """The refunds, disputes, warnings and reviews as Stripe shows them."""
        return [each for each in self.objects.values() if each["object"] in ORDER_KINDS]


Happen = Callable[[AfterSaleWorld, str], Any]


def _refunds(*statuses: str, amount: int | None = None) -> Happen:
    return lambda world, intent: world.refunded(intent, *statuses, amount=amount)


def _disputes(*statuses: str, **changes: Any) -> Happen:
    return lambda world, intent: world.disputed(intent, *statuses, **changes)


def _in_turn(*happen: Happen) -> Happen:
    return lambda world, intent: [each(world, intent) for each in happen]


def _reviewed(world: AfterSaleWorld, intent: str) -> None:
    (opened,) = world.review(intent)
    world.close_review(opened.about)


def _warned(world: AfterSaleWorld, intent: str) -> None:
    world.warn(intent)
    _reviewed(world, intent)
    world.disputed(intent, "needs_response", "lost")


COURSES: Mapping[str, Happen] = {
    "refunded": _refunds("succeeded"),
    "refund waits": _refunds("pending", "succeeded"),
    "refund fails late": _refunds("succeeded", "failed"),
    "refund waits and fails late": _refunds("pending", "succeeded", "failed"),
    "refund needs the buyer": _refunds("requires_action", "pending", "succeeded"),
    "refund bounces": _refunds("requires_action", "pending", "succeeded", "requires_action"),
    "refund unanswered": _refunds("requires_action", "failed"),
    "refund canceled": _refunds("pending", "canceled"),
    "refund of tomorrow": _refunds("a status of tomorrow", "succeeded"),
    "refunded in part": _refunds("succeeded", amount=1000),
    "refunded in two parts": _in_turn(_refunds("succeeded", amount=1500), _refunds("succeeded", amount=2000)),
    "one of two refunds fails": _in_turn(
        _refunds("succeeded", "failed", amount=3500), _refunds("succeeded", amount=3500)
    ),
    "dispute lost": _disputes("needs_response", "under_review", "lost"),
    "dispute won": _disputes("needs_response", "under_review", "won"),
    "dispute lost, then won": _disputes("needs_response", "lost", "won"),
    "dispute open": _disputes("needs_response", amount=9900),
    "appeal is lost": _disputes("needs_response", "lost", "appeal_under_review", "lost"),
    "appeal is won": _disputes("needs_response", "lost", "appeal_needs_response", "appeal_under_review", "won"),
    "inquiry closed": _disputes("warning_needs_response", "warning_under_review", "warning_closed"),
    "inquiry becomes a dispute": _disputes("warning_needs_response", "needs_response", "lost"),
    "prevented": _disputes("prevented"),
    "prevented, opened again": _disputes("prevented", "needs_response"),
    "two disputes": _in_turn(_disputes("needs_response", "won"), _disputes("needs_response", "lost")),
    "refunded while disputed": _in_turn(_disputes("needs_response", "lost"), _refunds("succeeded", amount=500)),
    "warned, reviewed, disputed": _warned,
    "refund of 2022": _refunds("succeeded", "failed"),
    "refund of 2023": _refunds("succeeded"),
}
"""What happens to a payment of 35.00 USD."""
VERSIONS: Mapping[str, str] = {"refund of 2022": "2022-08-01", "refund of 2023": "2023-10-16"}
"""The API version of an old endpoint: `charge.refunded` tells of refunds, with their list or without it."""


@dataclass(frozen=True)
class Fate:
    """Makes the aftermath of a payment, with ids and times from the seed."""

    chance: random.Random
    event_id: Callable[[], str]
    number: int

    def of(self, sold: Json, course: str) -> Aftermath:
        """The aftermath of a session's payment."""
        world = self._world(VERSIONS.get(course, API_VERSION))
        world.pay(sold)
        COURSES[course](world, sold["payment_intent"])
        return self._told(world)

    def of_renewal(self, sold: Json, course: str) -> Aftermath:
        """The aftermath of a later invoice of the session's subscription."""
        world = self._world()
        world.invoice(sold["invoice"], sold["subscription"], f"pi_first_{self.number}", 3500)
        world.invoice(f"{sold['invoice']}_later", sold["subscription"], f"pi_later_{self.number}", 3500)
        COURSES[course](world, f"pi_later_{self.number}")
        return replace(self._told(world), renewal=True)

    def _world(self, api_version: str = API_VERSION) -> AfterSaleWorld:
        """Every moment is later than the one before, or everything happens in one second."""
        began, ticks = int(time.time()) - PAST_SECONDS, itertools.count()
        clock: Callable[[], float] = (lambda: began) if self.chance.random() < 0.3 else (lambda: began + next(ticks))
        return AfterSaleWorld(stripe=MemoryStripe(), clock=clock, api_version=api_version)

    def _told(self, world: AfterSaleWorld) -> Aftermath:
        stripe, told = world.stripe, [self._renamed(each) for each in world.told]
        shown = {each["object"] for each in stripe.others.values()} & {*ORDER_KINDS}
        manner = self.chance.choice(MANNERS if shown <= LISTED else MANNERS[:-1])
        return Aftermath(
            objects=stripe.others,
            intents=stripe.intents,
            snapshots=[each.snapshot for each in told if manner in {"snapshot", "both"}],
            thin=[each.thin for each in told if each.thin and manner in {"thin", "both"}],
        )

    def _renamed(self, told: Told) -> Told:
        """The events under random ids: ids must not determine the order of events."""
        snapshot, thin = told.snapshot | {"id": self.event_id()}, told.thin
        if thin:
            thin = thin | {"id": self.event_id(), "snapshot_event": snapshot["id"]}
        return replace(told, snapshot=snapshot, thin=thin)
