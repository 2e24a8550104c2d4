"""Whether the buyer may use what was bought: a level, which follows the order's money by the shop's policy. Pure.

The hook `access_changed` is told the level, never the step. Each change of the level has a number that only rises, and
the key `{order}:access:{number}`: a receiver that refuses a lower number is right even when a late call arrives after a
newer one.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from fulfillment.domain.after_sale import APPEALS, Dispute, Refund
from fulfillment.domain.checkout import Checkout
from fulfillment.domain.order_money import OPEN, is_refunded_in_full
from fulfillment.domain.records import Record

AT_CAPTURE = "expired_uncaptured_charge"
"""Stripe's own refund of what was never captured: the buyer asked for nothing back."""


class Level(StrEnum):
    """Whether the buyer may use what was bought."""

    GRANTED = "granted"
    REVOKED = "revoked"


class AccessRule(StrEnum):
    """What revokes access: a part of the policy."""

    FULL_REFUND = "full_refund"
    ANY_REFUND = "any_refund"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_LOST = "dispute_lost"


DEFAULT_RULES = frozenset({AccessRule.FULL_REFUND, AccessRule.DISPUTE_LOST})


@dataclass(frozen=True, kw_only=True)
class Access(Record):
    """The level. `number` rises with each change of the level; 0 is the level before the first change, of which the
    hook is not told. `told` is the highest number of which the hook was told.
    """

    level: Level = Level.GRANTED
    number: int = 0
    told: int = 0


BEFORE = Access()
"""The access of an order whose money never moved back."""


def rules(text: str) -> frozenset[AccessRule]:
    """The policy in a text, such as `full_refund,dispute_lost`. Raises ValueError."""
    names = {name.strip() for name in text.split(",")}
    if not names <= set(AccessRule):
        raise ValueError(f"must be one or more of {', '.join(AccessRule)}, separated by commas")
    return frozenset(map(AccessRule, names))


def level_of(
    sale: Checkout, refunds: Mapping[str, Refund], disputes: Mapping[str, Dispute], policy: AbstractSet[AccessRule]
) -> Level:
    """The level by the policy. An inquiry never revokes, nor does Stripe's own refund alone. A prevented dispute is a
    full refund.
    """
    asked_for = any(each.status == "succeeded" and each.reason != AT_CAPTURE for each in refunds.values())
    seen = {each.status for each in disputes.values()}
    lost = not seen.isdisjoint(("lost", *APPEALS))
    prevented = "prevented" in seen
    holds = {
        AccessRule.FULL_REFUND: prevented or (asked_for and is_refunded_in_full(sale, refunds.values())),
        AccessRule.ANY_REFUND: prevented or asked_for,
        AccessRule.DISPUTE_OPENED: lost or not seen.isdisjoint(OPEN),
        AccessRule.DISPUTE_LOST: lost,
    }
    return Level.REVOKED if any(holds[rule] for rule in policy) else Level.GRANTED


def changed(access: Access | None, level: Level, now: datetime) -> Access | None:
    """The access with that level. A new level has a new number. It is at least the clock's seconds: a document that was
    restored from a backup does not count again what its receivers have seen.
    """
    known = access or BEFORE
    if known.level is level:
        return access
    return replace(known, level=level, number=max(known.number + 1, int(now.timestamp())))


def access_key(order_id: str, number: int) -> str:
    """The key of the call that tells this number's level."""
    return f"{order_id}:access:{number}"
