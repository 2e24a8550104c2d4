"""`erase`: erases a buyer's personal data. Accounting data stays (`domain.erasure`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import click

from fulfillment.domain.erasure import erase, unsettled
from fulfillment.domain.order import Order
from fulfillment.orders.store import Orders, Stored, update
from ops.command import Report, changing, order_operation
from ops.dead_letters.pipe import pipe_of
from ops.dead_letters.search import about, dead_letters_about
from ops.dead_letters.show import subscription_of
from ops.deployment.model import Deployment
from ops.errors import Missing, Refused
from ops.orders.lookup import NONE, alike_lines, search
from ops.orders.mailboxes import mailbox, names
from ops.orders.stored import orders_of

ELSEWHERE = "Other places hold the buyer's data for a while, or for good: docs/ops.md, erase."
LEASE_SECONDS = 60


@dataclass
class Erasure:
    """The result: the ids of `done` orders; of those `kept`, and those that are only `alike`, with the reason; of the
    dead `letters` with the buyer's data, None if they could not be read.
    """

    done: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    alike: Mapping[str, str] = field(default_factory=dict)
    letters: Sequence[str] | None = ()

    @property
    def complete(self) -> bool:
        """Whether nothing is left that a person must look at."""
        return not (self.kept or self.alike or self.letters or self.letters is None)


@order_operation("erase")
@click.argument("order")
@click.option("--keep", multiple=True, metavar="KEY", help="A metadata key without personal data: it stays.")
@click.option("--unsettled", "even_unsettled", is_flag=True, help="Erase orders that still need the buyer's data too.")
@changing
async def erase_buyer(
    deployment: Deployment, *, order: str, keep: Sequence[str], even_unsettled: bool, yes: bool
) -> Report:
    """Erase the buyer of ORDER for good. Amounts, items and payment ids stay.

    ORDER is what `orders show` takes. An e-mail address matches all its orders, in any spelling. Later events do not
    restore personal data. An order that is not yet paid or fulfilled needs its buyer. So does one with an open dispute:
    the evidence is about the buyer. Such orders are kept without --unsettled. Your hook is told changes of access of
    erased orders too. Orders that may be the same buyer's, and dead letters with the buyer's data, are listed but not
    changed.
    """
    orders, now = orders_of(deployment), datetime.now(UTC)
    meant = await search(orders, order)
    result = Erasure(alike=meant.alike)
    try:
        result.letters = await _letters(deployment, order, [each.order for each in meant.orders])
    except Refused as refused:
        result.letters = None
        click.echo(f"the dead letters could not be read: {refused}", err=True)
    if not meant.orders and not meant.alike and not result.letters:
        raise Missing(NONE)
    for each in sorted(meant.orders, key=_has_an_address):
        why = None if even_unsettled else unsettled(each.order)
        if why is None and yes:
            why = _still_needed(await _erase(orders, each, now, keep, even_unsettled=even_unsettled))
        result.done += [] if why else [each.order.id]
        result.kept |= {each.order.id: why} if why else {}
    return _report(result, yes=yes)


async def _letters(deployment: Deployment, order: str, meant: Sequence[Order]) -> list[str]:
    buyer = mailbox(order)

    def names_buyer(content: Any) -> bool:
        return buyer is not None and names(content, buyer)

    ids = {each for of in meant for each in (of.id, of.payment_intent) if each}
    judge, found = about(frozenset(ids), names_buyer), list[str]()
    for events in (False, True) if deployment.stripe_events else (False,):
        subscription = subscription_of(deployment, pipe_of(deployment, events=events), LEASE_SECONDS)
        option = " --events" if events else ""
        found += [f"{each}{option}" for each in await dead_letters_about(subscription, judge)]
    return found


def _has_an_address(stored: Stored) -> bool:
    """Erases orders without an address first: they are found by the others' customer id, also after a killed run."""
    return bool(stored.order.customer and stored.order.customer.email)


async def _erase(orders: Orders, known: Stored, at: datetime, keep: Sequence[str], *, even_unsettled: bool) -> Order:
    """The order after one atomic write; unchanged if it has become unsettled in the meantime."""

    def change(stored: Stored | None) -> Order:
        if stored is None:
            raise Missing(f"{known.order.id} does not exist any more: it was deleted")
        if unsettled(stored.order) and not even_unsettled:
            return stored.order
        return erase(stored.order, at, keep)

    return (await update(orders, known.order.id, change, known)).order


def _still_needed(after: Order) -> str | None:
    return None if after.erased_at else unsettled(after)


def _report(result: Erasure, *, yes: bool) -> Report:
    lines = [f"{'erased' if yes else 'would erase'} the buyer of {each}" for each in result.done]
    lines += [f"kept {each}: {why} (--unsettled erases it nevertheless)" for each, why in result.kept.items()]
    lines += alike_lines(result.alike)
    lines += ["Look at each. If it is the buyer's, erase it by its id."] if result.alike else []
    letters = result.letters or ()
    lines += [
        f"the dead letter {each} names the buyer, or a similar address: replay it, or drop it and delete the file"
        for each in letters
    ]
    lines += ["It is not known whether dead letters name the buyer."] if result.letters is None else []
    lines += [ELSEWHERE if yes else "Do it: --yes"] if result.done else []
    erased = {"erased": result.done} if yes else {"would_erase": result.done}
    found = {"kept": result.kept, "alike": result.alike, "dead_letters": result.letters}
    data: dict[str, Any] = {"changed": yes, **erased, **found}
    return Report(ok=result.complete, lines=lines, data=data)
