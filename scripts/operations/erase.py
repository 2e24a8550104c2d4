"""`erase`: a buyer asks to be forgotten. The books stay (`domain.erasure`)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from fulfillment.domain.erasure import erase, unsettled
from fulfillment.domain.order import Order
from fulfillment.orders import Orders, Stored, update
from operations.command import Report, changing, order_operation
from operations.deployment import Deployment
from operations.errors import Missing
from operations.lookup import look_up, orders_of

ELSEWHERE = "Other places hold the buyer's data for a while, or for good: docs/ops.md, erase."


@order_operation("erase")
@click.argument("order")
@click.option("--keep", multiple=True, metavar="KEY", help="A key of metadata that says nothing of the buyer.")
@click.option("--unsettled", "even_unsettled", is_flag=True, help="Also where the buyer's data is still needed.")
@changing
async def erase_buyer(
    deployment: Deployment, *, order: str, keep: Sequence[str], even_unsettled: bool, yes: bool
) -> Report:
    """Erase who bought ORDER, for good; amounts, items and the ids of the payment stay.

    ORDER is what `orders show` takes; of an e-mail address it is every order. Whatever arrives later brings nothing
    personal back. An order that is still to be paid or fulfilled needs its buyer, and is kept without --unsettled.
    """
    orders, now = orders_of(deployment), datetime.now(UTC)
    done, kept = list[str](), dict[str, str]()
    for each in await look_up(orders, order):
        why = None if even_unsettled else unsettled(each.order)
        if why is None and yes:
            why = _still_needed(await _erase(orders, each, now, keep, even_unsettled=even_unsettled))
        done += [] if why else [each.order.id]
        kept |= {each.order.id: why} if why else {}
    return _report(done, kept, yes=yes)


async def _erase(orders: Orders, known: Stored, at: datetime, keep: Sequence[str], *, even_unsettled: bool) -> Order:
    """The order after it, in one atomic write; untouched if it has become unsettled meanwhile."""

    def change(stored: Stored | None) -> Order:
        if stored is None:
            raise Missing(f"{known.order.id} is gone: somebody has deleted it")
        if unsettled(stored.order) and not even_unsettled:
            return stored.order
        return erase(stored.order, at, keep)

    return (await update(orders, known.order.id, change, known)).order


def _still_needed(after: Order) -> str | None:
    return None if after.erased_at else unsettled(after)


def _report(done: Sequence[str], kept: dict[str, str], *, yes: bool) -> Report:
    lines = [f"{'erased' if yes else 'would erase'} the buyer of {each}" for each in done]
    lines += [f"kept {each}: {why} (--unsettled erases it nevertheless)" for each, why in kept.items()]
    lines += [ELSEWHERE if yes else "Do it: --yes"] if done else []
    names = {"erased": list(done)} if yes else {"would_erase": list(done)}
    data: dict[str, Any] = {"changed": yes, **names, "kept": kept}
    return Report(ok=not kept, lines=lines, data=data)
