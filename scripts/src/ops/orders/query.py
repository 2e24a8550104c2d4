"""Which orders a list or an export selects, and the options that say so."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from fulfillment.domain.effects import EffectState
from fulfillment.domain.order import Order
from fulfillment.domain.order_money import MoneyStatus
from fulfillment.domain.status import Status
from fulfillment.orders.firestore import Condition
from ops.orders.after_sale import is_due

ANY = "*"
STATUSES = click.Choice([each.value for each in Status])
EFFECTS = click.Choice([each.value for each in EffectState if each is not EffectState.DONE])


class MoneyStatuses(click.ParamType[tuple[str, ...]]):
    """One or more money statuses, separated by commas."""

    name = "status[,status]"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """The statuses; a usage error for any other text."""
        if isinstance(value, tuple):
            return value
        names = tuple(dict.fromkeys(each.strip() for each in value.split(",")))
        if not set(names) <= set(MoneyStatus):
            self.fail(f"write one or more of {', '.join(MoneyStatus)}, separated by commas", param, ctx)
        return names


MONEY = MoneyStatuses()


@dataclass(frozen=True, kw_only=True)
class OrderQuery:
    """Selects orders. `due_within`: how soon a dispute must be answered, from `now` on."""

    status: str | None = None
    effect: str | None = None
    review: Sequence[str] = ()
    money: Sequence[str] | None = None
    due_within: timedelta | None = None
    before: datetime | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def conditions(self) -> list[Condition]:
        """The most selective condition: a single one needs no composite index. There is none for `kept`: orders that
        were stored before version 1.2 do not name their money status.
        """
        if self.effect:
            return [Condition(field="effect_states", operator="array_contains_any", value=[self.effect])]
        if codes := [each for each in self.review if each != ANY]:
            return [Condition(field="review", operator="array_contains_any", value=codes)]
        if self.money and MoneyStatus.KEPT not in self.money:
            return [Condition(field="money.status", operator="in", value=list(self.money))]
        return [Condition(field="status", operator="==", value=self.status)] if self.status else []

    def fits(self, order: Order) -> bool:
        """Whether the order is selected."""
        states = {each.state.value for each in order.effects.values()}
        return (
            self.status in {None, order.status.value}
            and (self.effect is None or self.effect in states)
            and (not self.review or bool(order.review if ANY in self.review else {*self.review} & {*order.review}))
            and (not self.money or order.money.status in self.money)
            and (self.due_within is None or is_due(order, self.now, self.due_within))
            and (self.before is None or order.created_at < self.before)
        )
