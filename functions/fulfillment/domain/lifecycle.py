"""The lifecycle of an effect, and the lease under which it is performed. Pure functions from order to order.

    owed ──performed──────────────> done      when `fulfill` is done, the order is fulfilled
     │ ╲──refused permanently─────> failed    a message with `replay = true` makes it owed again
     │  ╲─refused, perhaps permanently        backs off, is retried with growing pauses, and is `failed` in the end
     └────under review────────────> held      a message with `release = true` makes it owed again

The lease names the delivery that performs: a random token per delivery, and the store's clock at the last write. A
delivery that leaves an effect owed does not acknowledge its message, so each owed effect has an outstanding message. An
effect that this version does not know never changes.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from fulfillment.domain.effects import KNOWN, LOAD_LINE_ITEMS, WAITS_FOR_LINE_ITEMS, Effect, EffectState, enter, owed
from fulfillment.domain.order import Lease, Order
from fulfillment.domain.status import Status

BACKOFFS = tuple(timedelta(minutes=minutes) for minutes in (15, 30, 60, 120, 240))
"""The pauses after each refusal that may be temporary. The refusal after the last pause, nearly eight hours after the
first attempt, is permanent. Pub/Sub redelivers for twice that time, so the message is parked with its reason first.
"""


def hold(order: Order) -> Order:
    """The owed effects wait for a person. The line items do not: the person needs them for the review."""
    held = [name for name in owed(order.effects) if name in KNOWN and name != LOAD_LINE_ITEMS]
    return _with(order, {name: replace(order.effects[name], state=EffectState.HELD) for name in held})


def has_new_review(before: Order | None, after: Order) -> bool:
    """Whether `after` has a reason for review that `before` did not have."""
    return not set(after.review) <= set(before.review if before else ())


def release(order: Order) -> Order:
    """Held effects are owed again."""
    return _fail_dependents(_owe_again(order, EffectState.HELD))


def retry_failed(order: Order) -> Order:
    """Failed effects are owed again, and effects that back off are retried at once."""
    waiting = {name: effect for name, effect in order.effects.items() if effect.not_before and name in KNOWN}
    awake = {name: replace(effect, refusals=0, not_before=None) for name, effect in waiting.items()}
    return _owe_again(_with(order, awake), EffectState.FAILED)


def mark_done(order: Order, name: str, at: datetime) -> Order:
    """The effect is done. When `fulfill` is done, the order enters `fulfilled` and owes that status's effects.

    An effect that was dropped meanwhile, or was already marked done (a lost reply), changes nothing.
    """
    effect = order.effects.get(name)
    if effect is None or effect.state is EffectState.DONE:
        return order
    tried = replace(effect, attempts=effect.attempts + 1, error=None, not_before=None)
    done = replace(tried, state=EffectState.DONE, done_at=at)
    after = _with(order, {name: done})
    if after.status is Status.FULFILLED and order.status is not Status.FULFILLED:
        return replace(after, effects=enter(order.id, Status.FULFILLED, after.effects), fulfilled_at=at)
    return after


def record_failure(order: Order, name: str, error: str) -> Order:
    """An attempt failed. The effect is still owed (or held, if a review was added meanwhile)."""
    effect = order.effects.get(name)
    if effect is None or effect.state is EffectState.DONE:
        return order
    return _with(order, {name: replace(effect, attempts=effect.attempts + 1, error=error)})


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


def back_off(order: Order, name: str, error: str, now: datetime) -> Order:
    """The effect was refused, perhaps permanently. It is still owed, and is retried after a pause."""
    after = record_failure(order, name, error)
    if after is order:
        return order
    effect = after.effects[name]
    pause = BACKOFFS[min(effect.refusals, len(BACKOFFS) - 1)]
    return _with(after, {name: replace(effect, refusals=effect.refusals + 1, not_before=now + pause)})


def mark_failed(order: Order, name: str, error: str) -> Order:
    """The effect was refused permanently. It has failed, and so have the effects that wait for it."""
    effect = order.effects.get(name)
    if effect is None or effect.state in {EffectState.DONE, EffectState.FAILED}:
        return order
    tried = replace(effect, attempts=effect.attempts + 1, error=error, not_before=None)
    failed = replace(tried, state=EffectState.FAILED)
    return _fail_dependents(_with(order, {name: failed}))


def _fail_dependents(order: Order) -> Order:
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


def _owe_again(order: Order, state: EffectState) -> Order:
    again = {name: effect for name, effect in order.effects.items() if effect.state is state and name in KNOWN}
    fresh = {name: replace(effect, error=None, refusals=0, not_before=None) for name, effect in again.items()}
    return _with(order, {name: replace(effect, state=EffectState.OWED) for name, effect in fresh.items()})


def _with(order: Order, effects: Mapping[str, Effect]) -> Order:
    return replace(order, effects={**order.effects, **effects}) if effects else order
