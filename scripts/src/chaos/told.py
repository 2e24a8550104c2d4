"""Judges what the hooks were told of an order's money: the access level, the money status, each refund and dispute."""

from collections.abc import Iterable, Mapping, Sequence

from chaos import model
from chaos.case import Case
from chaos.world import Call
from fulfillment.domain.effects import ANNOUNCE_MONEY
from fulfillment.domain.order import Order


def statuses_never_told(case: Case, order: Order, calls: Mapping[str, Sequence[Call]]) -> Iterable[str]:
    """The refunds and disputes of which the hooks do not know the newest status. Renewals are not this order's."""
    for id_, each in {**order.refunds, **order.disputes}.items():
        key = f"{case.session_id}:{id_}:{each.status}"
        if not any(call.how == "done" for call in calls.get(key, ())):
            yield f"{key} was never told"


def wrong_levels(order: Order, calls: Mapping[str, Sequence[Call]]) -> Iterable[str]:
    """What a receiver that refuses lower numbers must end with is the order's access level and its money status. No
    number has two of them.
    """
    for name, must in (("access", model.level(order).value), (ANNOUNCE_MONEY, order.money.status.value)):
        prefix = f"{order.id}:{name}:"
        told = {int(key.removeprefix(prefix)): performed for key, performed in calls.items() if key.startswith(prefix)}
        for number, performed in told.items():
            if len({call.level for call in performed}) != 1:
                yield f"{prefix}{number} was told with several levels"
        if told and (last := told[max(told)][-1].level) != must:
            yield f"{order.id}: the last {name} level told is {last}, and must be {must}"


def came_back(key: str, orders: Mapping[str, Order]) -> bool:
    """Whether the key is of a refund or dispute, and of the status that Stripe shows, which is lower than one that
    events told: before the read that finds it, the order may show the higher one, and then the lower one again.
    """
    order_id, _, rest = key.partition(":")
    id_, _, status = rest.partition(":")
    order = orders.get(order_id)
    known = {**order.refunds, **order.disputes}.get(id_) if order else None
    return known is not None and status == known.status != known.highest
