"""What an order owes because of its money: decided in every write, from the whole order. Pure.

    the access level has a number that was not told      access_changed, for the newest level alone
      granted again                                      … once `fulfill` is done: before, nothing was given
    the money status is not the one that was announced   announce_money, for the newest status alone
    a refund or dispute has another status               refunded, disputed; notify_refund if it is news that it has
                                                         succeeded
    access is revoked                                    what the sale still owes is held, but the line items
    access is granted                                    what the money held is owed again

The level itself is computed only when refunds, disputes or reads change: two versions with two policies must not answer
each other without end.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta

from fulfillment.domain import access
from fulfillment.domain.access import AccessRule, Level
from fulfillment.domain.after_sale import AfterSale, Refund
from fulfillment.domain.effects import (
    ACCESS_CHANGED,
    ANNOUNCE_MONEY,
    DISPUTED,
    FULFILL,
    HOLDABLE,
    MONEY,
    NOTIFY_REFUND,
    REFUNDED,
    Effect,
    Effects,
    EffectState,
)
from fulfillment.domain.lifecycle import fail_dependents, held
from fulfillment.domain.order import Announced, Order

NEWS = timedelta(days=3)
"""A refund that was made earlier, and that no event told of, is no news: no mail is sent."""


def settle(order: Order, configured: AbstractSet[str]) -> Order:
    """The order with what it owes by its level and its money. Settling again changes nothing."""
    return _hold_for_money(_owe_access(_announce(order, configured), configured))


def with_level(order: Order, policy: AbstractSet[AccessRule], now: datetime) -> Order:
    """The order with the access level that follows from its refunds and disputes."""
    level = access.level_of(order, order.refunds, order.disputes, policy)
    after = access.changed(order.access, level, now)
    return order if after is order.access else replace(order, access=after)


def owe_objects(before: Order | None, after: Order, configured: AbstractSet[str], now: datetime) -> Order:
    """The order with the effects of the refunds and disputes whose status has changed. One that has not begun for an
    earlier status is replaced.
    """
    known = before.refunds if before else {}
    slots: dict[str, Effect] = {}
    for name, status in _changed(known, after.refunds):
        slots |= _slot(REFUNDED, after.id, name, status, configured)
        if status == "succeeded" and after.erased_at is None and _is_news(after.refunds[name], name in known, now):
            slots |= _slot(NOTIFY_REFUND, after.id, name, NOTIFY_REFUND, configured)
    for name, status in _changed(before.disputes if before else {}, after.disputes):
        slots |= _slot(DISPUTED, after.id, name, status, configured)
    return replace(after, effects={**after.effects, **slots}) if slots else after


def _is_news(refund: Refund, is_known: bool, now: datetime) -> bool:  # noqa: FBT001 - private
    """Whether its buyer waits for it and may not know of it yet. Reconcile also finds refunds of weeks ago."""
    recent = is_known or refund.created_at is None or now - refund.created_at <= NEWS
    return recent and refund.reason != access.AT_CAPTURE


def is_revoked(order: Order) -> bool:
    """Whether the buyer may not use what was bought, so that what is still owed waits."""
    return order.access is not None and order.access.level is Level.REVOKED


def _changed(before: Mapping[str, AfterSale], after: Mapping[str, AfterSale]) -> list[tuple[str, str]]:
    known = {name: each.status for name, each in before.items()}
    return [(name, each.status) for name, each in after.items() if known.get(name) != each.status]


def _slot(kind: str, order_id: str, name: str, last: str, configured: AbstractSet[str]) -> dict[str, Effect]:
    if kind not in configured:
        return {}
    return {f"{kind}:{name}": Effect(state=EffectState.OWED, key=f"{order_id}:{name}:{last}", kind=kind)}


def _announce(order: Order, configured: AbstractSet[str]) -> Order:
    announced, status = order.announced or Announced(), order.money.status
    if announced.money is status:
        return order
    announced = replace(announced, money=status, changes=announced.changes + 1)
    order = replace(order, announced=announced)
    return _with_slot(order, ANNOUNCE_MONEY, f"{order.id}:announce_money:{announced.changes}", configured)


def _owe_access(order: Order, configured: AbstractSet[str]) -> Order:
    level = order.access
    if level is None or level.told >= level.number:
        return order
    if level.level is Level.GRANTED and not _is_given(order):
        return _without_slot(order, ACCESS_CHANGED)
    return _with_slot(order, ACCESS_CHANGED, access.access_key(order.id, level.number), configured)


def _with_slot(order: Order, kind: str, key: str, configured: AbstractSet[str]) -> Order:
    """The order that owes the effect with this key. One with the same key stays as it is: it may have failed."""
    known = order.effects.get(kind)
    if kind not in configured or (known is not None and known.key == key):
        return order
    return replace(order, effects={**order.effects, kind: Effect(state=EffectState.OWED, key=key)})


def _without_slot(order: Order, kind: str) -> Order:
    """The order that does not owe the effect: what it would tell is not so any more."""
    known = order.effects.get(kind)
    if known is None or known.state is EffectState.DONE:
        return order
    return replace(order, effects={name: each for name, each in order.effects.items() if name != kind})


def _is_given(order: Order) -> bool:
    """Whether `fulfill` is done, or was dropped with the buyer's data: perhaps after a try that died."""
    effect = order.effects.get(FULFILL)
    return order.erased_at is not None if effect is None else effect.state is EffectState.DONE


def _hold_for_money(order: Order) -> Order:
    revoked = is_revoked(order)
    waiting = {name: each for name, each in order.effects.items() if name in HOLDABLE and each.is_undone}
    changed: Effects = {
        name: held(each, {*each.reasons, MONEY} if revoked else {*each.reasons} - {MONEY})
        for name, each in waiting.items()
        if (MONEY in each.reasons) is not revoked
    }
    if not changed:
        return order
    after = replace(order, effects={**order.effects, **changed})
    return after if revoked else fail_dependents(after)
