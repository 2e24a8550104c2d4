"""The effects that an order owes: each has a name and a key that is stable while it is owed.

    of a status           key {order}:{effect}                     fulfill, send_receipt, announce_paid, …
    of the access level   key {order}:access:{number}              access_changed
    of an object          key {order}:{object id}:{its status}     refunded:{re_…}, disputed:{dp_…}
                          key {order}:{object id}:notify_refund    notify_refund:{re_…}
    of the money status   key {order}:announce_money:{changes}     announce_money

An order that enters a status owes its effects, in the same write as the status. A redelivered message finds the owed
effects in the document. Unfinished effects of an overtaken status are dropped: no buyer gets "payment failed" after the
payment succeeded. The effects of a level or an object have one slot each, for the newest: see `settlement`.
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
ACCESS_CHANGED = "access_changed"
REFUNDED = "refunded"
DISPUTED = "disputed"
NOTIFY_REFUND = "notify_refund"
ANNOUNCE_MONEY = "announce_money"

OWED_ON_ENTERING: Mapping[Status, tuple[str, ...]] = {
    Status.EXPIRED: (),
    Status.AWAITING_PAYMENT: ("announce_awaiting_payment",),
    Status.PAYMENT_FAILED: (PAYMENT_FAILED, NOTIFY_PAYMENT_FAILED, "announce_payment_failed"),
    Status.PAID: (LOAD_LINE_ITEMS, FULFILL, SEND_RECEIPT, "announce_paid"),
    Status.FULFILLED: ("announce_fulfilled",),
}
ANNOUNCEMENTS = {f"announce_{status.value}": status for status in Status if status is not Status.EXPIRED}
WAITS_FOR_LINE_ITEMS = frozenset({FULFILL, SEND_RECEIPT})
OF_A_STATUS = tuple(name for status in Status for name in OWED_ON_ENTERING[status])
OF_AN_OBJECT = (REFUNDED, DISPUTED, NOTIFY_REFUND)
AFTER_SALE_KINDS = frozenset({ACCESS_CHANGED, *OF_AN_OBJECT, ANNOUNCE_MONEY})
_IN_ORDER = (ACCESS_CHANGED, *OF_A_STATUS, *OF_AN_OBJECT, ANNOUNCE_MONEY)
KNOWN = frozenset(_IN_ORDER)
"""The kinds of effects that this version knows. Another kind is from a newer version, and stays unchanged."""
HOOKS = frozenset({FULFILL, PAYMENT_FAILED, ACCESS_CHANGED, REFUNDED, DISPUTED})
"""The kinds that call the user's code."""
HOLDABLE = frozenset(OF_A_STATUS) - {LOAD_LINE_ITEMS}
"""The kinds that can wait for a person, or for the money."""
REVIEW, MONEY = "review", "money"
"""Why an effect is held: until a person releases it, or while access is revoked."""


class EffectState(StrEnum):
    """The state of an effect. `held`: owed, but it waits for a person or the money."""

    OWED = "owed"
    HELD = "held"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Effect(Record):
    """An effect of an order. `attempts` counts the recorded attempts (a crash loses one), `error` is the last failure
    without personal data, `done_at` is by this product's clock. `refusals` counts the refusals that may be permanent.
    After a refusal the effect is not retried before `not_before`. `kind`: what the effect is if its name says more, as
    `refunded` of `refunded:re_1`. `held_by`: why it is held; an older version held for `review` alone, and stored none.
    """

    state: EffectState
    key: str
    attempts: int = 0
    error: str | None = None
    done_at: datetime | None = None
    refusals: int = 0
    not_before: datetime | None = None
    kind: str | None = None
    held_by: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is held; none if it is not."""
        return (self.held_by or (REVIEW,)) if self.state is EffectState.HELD else ()

    @property
    def is_undone(self) -> bool:
        """Whether it is owed, now or later."""
        return self.state in {EffectState.OWED, EffectState.HELD}


Effects = Mapping[str, Effect]
"""By name."""


def enter(order_id: str, status: Status, effects: Effects) -> Effects:
    """The effects of an order that has just entered `status`. Done effects stay. Unfinished effects of an overtaken
    status are dropped. `fulfilled` overtakes nothing: it completes `paid`.
    """
    kept = {name: each for name, each in effects.items() if each.state is EffectState.DONE or name not in OF_A_STATUS}
    new = {name: Effect(state=EffectState.OWED, key=f"{order_id}:{name}") for name in OWED_ON_ENTERING[status]}
    return new | (dict(effects) if status is Status.FULFILLED else kept)


def kind_of(name: str, effect: Effect) -> str:
    """What an effect is: settings, executors, metrics and alerts go by it."""
    return effect.kind or name


def object_of(key: str) -> str:
    """The id of the object in the key of its effect."""
    return key.split(":")[1]


def keep_configured(effects: Effects, configured: AbstractSet[str], kept: AbstractSet[str] = frozenset()) -> Effects:
    """The effects without those whose kind this deployment cannot perform. Settled effects stay, those of a newer
    version, and those whose names are `kept`.
    """
    return {
        name: effect
        for name, effect in effects.items()
        if name in kept or (kind := kind_of(name, effect)) in configured or kind not in KNOWN or not effect.is_undone
    }


def owed(effects: Effects) -> tuple[str, ...]:
    """The names of the owed effects in the order of their execution. Unknown effects come last."""
    names = [name for name, effect in effects.items() if effect.state is EffectState.OWED]
    return tuple(sorted(names, key=lambda name: (_place(kind_of(name, effects[name])), name)))


def _place(kind: str) -> int:
    return _IN_ORDER.index(kind) if kind in KNOWN else len(_IN_ORDER)


def ready(effects: Effects, now: datetime) -> tuple[str, ...]:
    """The names of the owed effects that can be performed now. They do not back off, and they do not need line items
    that are still owed.
    """
    all_owed = owed(effects)
    items_first = LOAD_LINE_ITEMS in all_owed
    names = [name for name in all_owed if (effects[name].not_before or now) <= now]
    return tuple(name for name in names if not items_first or name not in WAITS_FOR_LINE_ITEMS)
