"""The lifecycle of an effect, and the lease under which it is performed. Pure functions from order to order.

    owed ──performed──────────────> done      the `fulfill` done makes the order fulfilled
     │ ╲──refused for good────────> failed    a message with `replay = true` makes it owed again
     │  ╲─refused, perhaps for good           backs off, is tried again more seldom, and has `failed` in the end
     └────under review────────────> held      a message with `release = true` makes it owed again

The lease says who performs: a random token per delivery, and the store's clock at the last write. A delivery that
leaves an effect owed does not acknowledge its message, so each owed effect has a message on its way. An effect that
this version does not know stays as it is, whatever happens to the order.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from fulfillment.domain.effects import KNOWN, LOAD_LINE_ITEMS, WAITS_FOR_LINE_ITEMS, Effect, EffectState, enter, owed
from fulfillment.domain.order import Lease, Order
from fulfillment.domain.status import Status

BACKOFFS = tuple(timedelta(minutes=minutes) for minutes in (15, 30, 60, 120, 240))
"""How long an effect backs off after each refusal that may not be for good. The refusal after the last of them, nearly
eight hours after the first try, is for good. Pub/Sub delivers a message for twice that time, so the reason comes first.
"""


def hold(order: Order) -> Order:
    """What the order owes waits for a person. The line items do not: they are what the person looks at."""
    held = [name for name in owed(order.effects) if name in KNOWN and name != LOAD_LINE_ITEMS]
    return _with(order, {name: replace(order.effects[name], state=EffectState.HELD) for name in held})


def has_new_review(before: Order | None, after: Order) -> bool:
    """Whether there is a reason for review that was not there before, whatever else is settled meanwhile."""
    return not set(after.review) <= set(before.review if before else ())


def release(order: Order) -> Order:
    """What was held is owed again."""
    return _fail_dependents(_owe_again(order, EffectState.HELD))


def retry_failed(order: Order) -> Order:
    """What had failed for good is owed again, and what backs off is tried at once."""
    waiting = {name: effect for name, effect in order.effects.items() if effect.not_before and name in KNOWN}
    awake = {name: replace(effect, refusals=0, not_before=None) for name, effect in waiting.items()}
    return _owe_again(_with(order, awake), EffectState.FAILED)


def mark_done(order: Order, name: str, at: datetime) -> Order:
    """The effect is done. The one that fulfills makes the order fulfilled, which owes its own effects.

    An effect that is gone (overtaken meanwhile) or done already (our own lost reply) changes nothing.
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
    """The effect was tried in vain and is still owed (or held, if a review came meanwhile)."""
    effect = order.effects.get(name)
    if effect is None or effect.state is EffectState.DONE:
        return order
    return _with(order, {name: replace(effect, attempts=effect.attempts + 1, error=error)})


def is_backing_off(order: Order, now: datetime) -> bool:
    """Whether something is owed, and all of it backs off after a refusal."""
    waiting = [order.effects[name].not_before for name in owed(order.effects)]
    return bool(waiting) and all(each is not None and each > now for each in waiting)


def was_refused(order: Order) -> bool:
    """Whether something that is owed backs off, or has backed off, after a refusal."""
    return any(order.effects[name].refusals for name in owed(order.effects))


def is_last_refusal(order: Order, name: str) -> bool:
    """Whether one more refusal of the effect is the last."""
    effect = order.effects.get(name)
    return effect is not None and effect.refusals >= len(BACKOFFS)


def back_off(order: Order, name: str, error: str, now: datetime) -> Order:
    """The effect was refused, perhaps for good: it is still owed, and not tried again for a while."""
    after = record_failure(order, name, error)
    if after is order:
        return order
    effect = after.effects[name]
    pause = BACKOFFS[min(effect.refusals, len(BACKOFFS) - 1)]
    return _with(after, {name: replace(effect, refusals=effect.refusals + 1, not_before=now + pause)})


def mark_failed(order: Order, name: str, error: str) -> Order:
    """The effect was refused for good, and with it what waits for it."""
    effect = order.effects.get(name)
    if effect is None or effect.state in {EffectState.DONE, EffectState.FAILED}:
        return order
    tried = replace(effect, attempts=effect.attempts + 1, error=error, not_before=None)
    failed = replace(tried, state=EffectState.FAILED)
    return _fail_dependents(_with(order, {name: failed}))


def _fail_dependents(order: Order) -> Order:
    """What waits for line items that cannot be read has failed, too: without them, nothing would be handed over, and
    the order called fulfilled. The message that brings them back (`replay`) brings it back.
    """
    line_items = order.effects.get(LOAD_LINE_ITEMS)
    if line_items is None or line_items.state is not EffectState.FAILED:
        return order
    waiting = [name for name in owed(order.effects) if name in WAITS_FOR_LINE_ITEMS]
    error = f"waits for {LOAD_LINE_ITEMS}, which was refused for good"
    return _with(order, {name: replace(order.effects[name], state=EffectState.FAILED, error=error) for name in waiting})


def acquire_lease(order: Order, owner: str, read_at: datetime | None, seconds: int) -> Order:
    """The order under the owner's lease if it owes anything and no lease on it is live at `read_at`. (A live one
    of one's own is one's own lost reply.)
    """
    lease = order.lease
    if not owed(order.effects):
        return order
    if lease and lease.at and read_at and read_at - lease.at < timedelta(seconds=lease.seconds):
        return order
    return renew_lease(order, owner, seconds)


def renew_lease(order: Order, owner: str, seconds: int) -> Order:
    """The order under the owner's lease, from now on by the store's clock."""
    return replace(order, lease=Lease(owner=owner, at=None, seconds=seconds))


def release_lease(order: Order) -> Order:
    """The order without a lease: the next delivery may acquire one."""
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
