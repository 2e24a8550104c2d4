"""What a run of the model is told: the sale, the deployment's settings, its limits, and how long each step takes."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.model.service import Scaling
from benchmark.model.stations import UNLIMITED
from benchmark.model.subscription import Delivery

LINE_ITEMS, FULFILL = "load_line_items", "fulfill"


@dataclass(frozen=True, kw_only=True)
class Times:
    """How long each step takes where nothing waits, in seconds: one value, or samples of which one is drawn. CPU times
    are of one vCPU. `effects`: what an order owes, in its order.
    """

    webhook_cpu: float
    publish: Sequence[float]
    transit: Sequence[float]
    subscriber_cpu: float
    session: Sequence[float]
    write: Sequence[float]
    effects: dict[str, Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Operations a second. Firestore's rate grows from `firestore` by `firestore_growth` every `firestore_seconds`.
    `stripe_reads` is of one endpoint of Stripe's API: line items are one, a session is another.
    """

    publishes: float
    pushes: float
    stripe_reads: float
    firestore: float
    firestore_growth: float
    firestore_seconds: float


NO_LIMITS = Limits(
    publishes=UNLIMITED,
    pushes=UNLIMITED,
    stripe_reads=UNLIMITED,
    firestore=UNLIMITED,
    firestore_growth=1,
    firestore_seconds=1,
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A sale of so many orders in so many seconds, which arrive at random, or `steady`. `thin`: Stripe sends thin
    events, so the session is read before the order is written.
    """

    orders: int
    seconds: float
    steady: bool = False
    thin: bool = False
    webhook: Scaling
    subscriber: Scaling
    delivery: Delivery
    times: Times
    limits: Limits
    stripe_retry: float
    seed: int = 1
