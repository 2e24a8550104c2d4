"""Makes a plan from the seed: the faults, their times and durations. The same seed makes the same plan."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chaos.incidents import Kind
from chaos.profiles import Profile
from fulfillment.domain.event_types import AFTER_SALE, SUBSCRIBERS

WEBHOOK = "stripe_webhook"
PERFORMERS = (*SUBSCRIBERS.values(), *AFTER_SALE)
FUNCTIONS = (WEBHOOK, *PERFORMERS)
NEIGHBORS: Mapping[str, Sequence[str]] = {
    WEBHOOK: ("pubsub",),
    **dict.fromkeys(PERFORMERS, ("firestore", "pubsub", "stripe", "mail")),
}
BUSIEST = "on_checkout_session_completed"
_SECONDS: Mapping[Kind, tuple[float, float]] = {
    "cut": (0.5, 4),
    "reset": (0, 0),
    "slow": (1, 6),
    "half_open": (0.1, 1.5),
    "lost": (0.3, 2.5),
}
_DAY = 86_400
SLOWEST, FASTEST = 400, _DAY
"""How wrong the clock of a function may be that reads refunds and disputes. Slower: see `after_sale.PAST_SECONDS`.
Faster than 26 hours: it rightly holds an order that such an event makes (`found_late`), because the sale seems old.
"""


@dataclass(frozen=True)
class Fault:
    """A link's fault from `at`, in seconds from the start, for `seconds`. `delay`: of each piece, if it is slow."""

    at: float
    link: str
    kind: Kind
    seconds: float
    delay: float


@dataclass(frozen=True)
class Kill:
    """Kills a function's processes, and restarts them `pause` seconds later."""

    at: float
    function: str
    pause: float


@dataclass(frozen=True)
class Jump:
    """A function's clock is wrong by `shift` seconds from `at` until its next jump."""

    at: float
    function: str
    shift: float


@dataclass(frozen=True)
class Plan:
    """All planned faults, kills and clock jumps."""

    faults: Sequence[Fault]
    kills: Sequence[Kill]
    jumps: Sequence[Jump]


def link_names() -> list[str]:
    """All connections, as `caller->called`."""
    called = [f"{function}->{neighbor}" for function, neighbors in NEIGHBORS.items() for neighbor in neighbors]
    return ["stripe->stripe_webhook", *(f"push->{name}" for name in PERFORMERS), *called]


def draw(seed: int, profile: Profile) -> Plan:
    """The plan of a seed."""
    chance = random.Random(f"{seed}:plan")  # noqa: S311 - must be repeatable
    end = profile.seconds
    faults = [_fault(chance, end) for _ in range(profile.faults)]
    kills = [
        Kill(chance.uniform(1, end), _function(chance), chance.choice([0, 0, 0.5, 3])) for _ in range(profile.kills)
    ]
    jumps = [jump for _ in range(profile.jumps) for jump in _jump(chance, end)]
    return Plan(faults, sorted(kills, key=lambda kill: kill.at), jumps)


def _fault(chance: random.Random, end: float) -> Fault:
    busy = [name for name in link_names() if BUSIEST in name]
    link = chance.choice(busy if chance.random() < 0.4 else link_names())
    kinds: list[Kind] = ["cut", "reset", "slow", "lost", "lost", "half_open"]
    # No half-open pushes: Pub/Sub abandons a silent push at the ack deadline, but its emulator waits longer, and makes
    # only two pushes at a time.
    kind = chance.choice(kinds[:-1] if link.startswith("push->") else kinds)
    return Fault(chance.uniform(0, end), link, kind, chance.uniform(*_SECONDS[kind]), chance.uniform(0.05, 0.7))


def _function(chance: random.Random) -> str:
    return BUSIEST if chance.random() < 0.4 else chance.choice(FUNCTIONS)


def _jump(chance: random.Random, end: float) -> list[Jump]:
    """Corrects the webhook's clock soon: it rightly refuses every signature while it is off by more than 300 s. What
    follows a sale is read by the clock: a read must be newer than the events, so those clocks are slow by minutes at
    most, and fast by a day.
    """
    function, at = chance.choice(FUNCTIONS), chance.uniform(0, end)
    if function == WEBHOOK:
        shift = chance.choice([-1, 1]) * chance.choice([120, 250, 400, _DAY])
        return [Jump(at, function, shift), Jump(min(at + 5, end), function, 0)]
    shift = chance.choice([-1, 1]) * chance.choice([3, 65, 3600, 30 * _DAY])
    return [Jump(at, function, min(max(shift, -SLOWEST), FASTEST) if function in AFTER_SALE else shift)]
