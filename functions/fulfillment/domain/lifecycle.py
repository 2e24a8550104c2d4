"""The lifecycle of an effect, and the lease under which it is performed. Pure functions from order to order.

    owed ──performed──────────────> done      when `fulfill` is done, the order is fulfilled
     │ ╲──refused permanently─────> failed    a message with `replay = true` makes it owed again
     │  ╲─refused, perhaps permanently        backs off, is retried with growing pauses, and is `failed` in the end
     ├────under review────────────> held      a message with `release = true` makes it owed again
     └────access is revoked───────> held      owed again when access is granted: see `settlement`

A result names the key that was performed: meanwhile the effect may have another key, and is still owed.

The lease names the delivery that performs: a random token per delivery, and the store's clock at the last write. A
delivery that leaves an effect owed does not acknowledge its message, so each owed effect has an outstanding message. An
effect that this version does not know never changes.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta

from fulfillment.domain.effects import (
    ACCESS_CHANGED,
    HOLDABLE,
    KNOWN,
    LOAD_LINE_ITEMS,
    OF_AN_OBJECT,
    REVIEW,
    WAITS_FOR_LINE_ITEMS,
    Effect,
    EffectState,
    enter,
    kind_of,
    owed,
)
from fulfillment.domain.order import Lease, Order
from fulfillment.domain.status import Status

BACKOFFS = tuple(timedelta(minutes=minutes) for minutes in (15, 30, 60, 120, 240))
"""The pauses after each refusal that may be temporary. The refusal after the last pause, nearly eight hours after the
first attempt, is permanent. Pub/Sub redelivers for twice that time, so the message is parked with its reason first.
"""


def hold(order: Order) -> Order:
    """The undone effects of the sale wait for a person. The line items do not: the person needs them for the review."""
    waiting = {name: each for name, each in order.effects.items() if each.is_undone and name in HOLDABLE}
    return _with(order, {name: held(each, {*each.reasons, REVIEW}) for name, each in waiting.items()})


def held(effect: Effect, reasons: AbstractSet[str]) -> Effect:
    """An undone effect with these reasons to be held; without any it is owed."""
    state = EffectState.HELD if reasons else EffectState.OWED
    return replace(effect, state=state, held_by=tuple(sorted(reasons)))


def is_held_for_review(order: Order) -> bool:
    """Whether an effect waits for a person."""
    return any(REVIEW in each.reasons for each in order.effects.values())


def has_new_review(before: Order | None, after: Order) -> bool:
    """Whether `after` has a reason for review that `before` did not have."""
    return not set(after.review) <= set(before.review if before else ())


def release(order: Order) -> Order:
    """Effects that were held for review are owed again, unless the money holds them too."""
    waiting = {name: each for name, each in order.effects.items() if REVIEW in each.reasons and name in HOLDABLE}
    free = {name: _fresh(held(each, {*each.reasons} - {REVIEW})) for name, each in waiting.items()}
    return fail_dependents(_with(order, free))


def retry_failed(order: Order) -> Order:
    """Failed effects are owed again, and effects that back off are retried at once."""
    known = {name: effect for name, effect in order.effects.items() if kind_of(name, effect) in KNOWN}
    awake = {name: replace(each, refusals=0, not_before=None) for name, each in known.items() if each.not_before}
    failed = {name: each for name, each in known.items() if each.state is EffectState.FAILED}
    return _with(order, awake | {name: replace(_fresh(each), state=EffectState.OWED) for name, each in failed.items()})


def mark_done(order: Order, name: str, at: datetime, key: str | None = None) -> Order:
    """The effect is done. When `fulfill` is done, the order enters `fulfilled` and owes that status's effects. Done
    effects of an object are not kept: there may be many.

    An effect that was dropped meanwhile, or was already marked done (a lost reply), changes nothing.
    """
    order = _told(order, key) if name == ACCESS_CHANGED and key else order
    effect = _performed(order, name, key)
    if effect is None:
        return order
    if effect.kind in OF_AN_OBJECT:
        return replace(order, effects={other: each for other, each in order.effects.items() if other != name})
    tried = replace(effect, attempts=effect.attempts + 1, error=None, not_before=None)
    done = replace(tried, state=EffectState.DONE, done_at=at, held_by=())
    after = _with(order, {name: done})
    if after.status is Status.FULFILLED and order.status is not Status.FULFILLED:
        return replace(after, effects=enter(order.id, Status.FULFILLED, after.effects), fulfilled_at=at)
    return after


def _told(order: Order, key: str) -> Order:
    """The order whose access level of this key was told."""
    number = int(key.rpartition(":")[2])
    if order.access is None or order.access.told >= number:
        return order
    return replace(order, access=replace(order.access, told=number))


def _performed(order: Order, name: str, key: str | None) -> Effect | None:
    """The effect that was performed; None if it was dropped, overtaken by one with another key, or marked done."""
    effect = order.effects.get(name)
    if effect is None or effect.state is EffectState.DONE or key not in {None, effect.key}:
        return None
    return effect


def record_failure(order: Order, name: str, error: str, key: str | None = None) -> Order:
    """An attempt failed. The effect is still owed (or held, if a review was added meanwhile)."""
    effect = _performed(order, name, key)
    return order if effect is None else _with(order, {name: replace(effect, attempts=effect.attempts + 1, error=error)})


def is_backing_off(order: Order, now: datetime) -> bool:
    """Whether effects are owed, and all of them back off after a refusal."""
    waiting = [order.effects[name].not_before for name in owed(order.effects)]
    return bool(waiting) and all(each is not None and each > now for each in waiting)


def was_refused(order: Order) -> bool:
    """Whether an owed effect backs off, or has backed off, after a refusal."""
    return any(order.effects[name].refusals for name in owed(order.effects))


def is_last_refusal(order: Order, name: str) -> bool:
    """Whether the next refusal of the effect is the last."""
    effect = order.effects.get(name)
    return effect is not None and effect.refusals >= len(BACKOFFS)


def back_off(order: Order, name: str, error: str, now: datetime, key: str | None = None) -> Order:
    """The effect was refused, perhaps permanently. It is still owed, and is retried after a pause."""
    after = record_failure(order, name, error, key)
    if after is order:
        return order
    effect = after.effects[name]
    pause = BACKOFFS[min(effect.refusals, len(BACKOFFS) - 1)]
    return _with(after, {name: replace(effect, refusals=effect.refusals + 1, not_before=now + pause)})


def mark_failed(order: Order, name: str, error: str, key: str | None = None) -> Order:
    """The effect was refused permanently. It has failed, and so have the effects that wait for it."""
    effect = _performed(order, name, key)
    if effect is None or effect.state is EffectState.FAILED:
        return order
    tried = replace(effect, attempts=effect.attempts + 1, error=error, not_before=None, held_by=())
    failed = replace(tried, state=EffectState.FAILED)
    return fail_dependents(_with(order, {name: failed}))


def fail_dependents(order: Order) -> Order:
    """Fails the effects that need line items which cannot be read. Without line items nothing would be delivered, but
    the order would become fulfilled. A message with `replay` makes all of them owed again.
    """
    line_items = order.effects.get(LOAD_LINE_ITEMS)
    if line_items is None or line_items.state is not EffectState.FAILED:
        return order
    waiting = [name for name in owed(order.effects) if name in WAITS_FOR_LINE_ITEMS]
    error = f"waits for {LOAD_LINE_ITEMS}, which was refused for good"
    return _with(order, {name: replace(order.effects[name], state=EffectState.FAILED, error=error) for name in waiting})


def acquire_lease(order: Order, owner: str, read_at: datetime | None, seconds: int) -> Order:
    """The order under the owner's lease, if it owes an effect and has no live lease at `read_at`. Otherwise unchanged:
    a live lease of the same owner is from a write whose reply was lost.
    """
    lease = order.lease
    if not owed(order.effects):
        return order
    if lease and lease.at and read_at and read_at - lease.at < timedelta(seconds=lease.seconds):
        return order
    return renew_lease(order, owner, seconds)


def renew_lease(order: Order, owner: str, seconds: int) -> Order:
    """The order under the owner's lease, which starts now by the store's clock."""
    return replace(order, lease=Lease(owner=owner, at=None, seconds=seconds))


def release_lease(order: Order) -> Order:
    """The order without a lease. The next delivery may acquire one."""
    return replace(order, lease=None)


def holds_lease(order: Order, owner: str) -> bool:
    """Whether the lease is the owner's."""
    return order.lease is not None and order.lease.owner == owner


def _fresh(effect: Effect) -> Effect:
    """The effect without its past refusals."""
    return replace(effect, error=None, refusals=0, not_before=None)


def _with(order: Order, effects: Mapping[str, Effect]) -> Order:
    return replace(order, effects={**order.effects, **effects}) if effects else order
