"""The effects that an order owes: each has a name and a stable key `{order id}:{effect}`.

An order that enters a status owes its effects, in the same write as the status. A redelivered message finds the owed
effects in the document. Unfinished effects of an overtaken status are dropped: no buyer gets "payment failed" after the
payment succeeded.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fulfillment.domain.records import Record
from fulfillment.domain.status import Status

LOAD_LINE_ITEMS = "load_line_items"
FULFILL = "fulfill"
SEND_RECEIPT = "send_receipt"
PAYMENT_FAILED = "payment_failed"
NOTIFY_PAYMENT_FAILED = "notify_payment_failed"

OWED_ON_ENTERING: Mapping[Status, tuple[str, ...]] = {
    Status.EXPIRED: (),
    Status.AWAITING_PAYMENT: ("announce_awaiting_payment",),
    Status.PAYMENT_FAILED: (PAYMENT_FAILED, NOTIFY_PAYMENT_FAILED, "announce_payment_failed"),
    Status.PAID: (LOAD_LINE_ITEMS, FULFILL, SEND_RECEIPT, "announce_paid"),
    Status.FULFILLED: ("announce_fulfilled",),
}
ANNOUNCEMENTS = {f"announce_{status.value}": status for status in Status if status is not Status.EXPIRED}
WAITS_FOR_LINE_ITEMS = frozenset({FULFILL, SEND_RECEIPT})
_IN_ORDER = [name for status in Status for name in OWED_ON_ENTERING[status]]
KNOWN = frozenset(_IN_ORDER)
"""The effects that this version knows. An effect with another name is from a newer version, and stays unchanged."""


class EffectState(StrEnum):
    """The state of an effect. `held`: owed, but it waits until a person releases the order."""

    OWED = "owed"
    HELD = "held"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Effect(Record):
    """An effect of an order. `attempts` counts the recorded attempts (a crash loses one), `error` is the last failure
    without personal data, `done_at` is by this product's clock. `refusals` counts the refusals that may be permanent.
    After a refusal the effect is not retried before `not_before`.
    """

    state: EffectState
    key: str
    attempts: int = 0
    error: str | None = None
    done_at: datetime | None = None
    refusals: int = 0
    not_before: datetime | None = None


Effects = Mapping[str, Effect]
"""By name."""


def enter(order_id: str, status: Status, effects: Effects) -> Effects:
    """The effects of an order that has just entered `status`. Done effects stay. Unfinished effects of an overtaken
    status are dropped. `fulfilled` overtakes nothing: it completes `paid`.
    """
    kept = {name: each for name, each in effects.items() if each.state is EffectState.DONE or name not in KNOWN}
    new = {name: Effect(state=EffectState.OWED, key=f"{order_id}:{name}") for name in OWED_ON_ENTERING[status]}
    return new | (dict(effects) if status is Status.FULFILLED else kept)


def keep_configured(effects: Effects, configured: AbstractSet[str]) -> Effects:
    """The effects without those that this deployment cannot perform. Settled effects stay, and those of a newer
    version.
    """
    return {
        name: effect
        for name, effect in effects.items()
        if name in configured or name not in KNOWN or effect.state not in {EffectState.OWED, EffectState.HELD}
    }


def owed(effects: Effects) -> tuple[str, ...]:
    """The names of the owed effects in the order of their execution. Unknown effects come last."""
    names = (*_IN_ORDER, *sorted(effects.keys() - KNOWN))
    return tuple(name for name in names if name in effects and effects[name].state is EffectState.OWED)


def ready(effects: Effects, now: datetime) -> tuple[str, ...]:
    """The names of the owed effects that can be performed now. They do not back off, and they do not need line items
    that are still owed.
    """
    names = [name for name in owed(effects) if (effects[name].not_before or now) <= now]
    items_first = LOAD_LINE_ITEMS in owed(effects)
    return tuple(name for name in names if not items_first or name not in WAITS_FOR_LINE_ITEMS)
