"""`orders list` and `orders show`: the status of orders, and the history of one."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.text import Text

from fulfillment.domain.order import Order
from fulfillment.orders.store import Orders
from ops.command import Report, order_operation
from ops.deployment.model import Deployment
from ops.errors import Missing
from ops.orders.after_sale import HEAD as AFTER_SALE
from ops.orders.after_sale import after_sale_rows, money_lines
from ops.orders.lookup import NONE, alike_lines, search
from ops.orders.query import ANY, EFFECTS, MONEY, STATUSES, OrderQuery
from ops.orders.stored import orders_of, pages
from ops.orders.timeline import still_to_do, timeline
from ops.orders.views import HEAD, document, row, row_data
from ops.terminal.amounts import amount
from ops.terminal.progress import Progress
from ops.terminal.tables import columns, printable
from ops.terminal.times import SPAN, clock


@dataclass
class Listing:
    """The orders found so far. `next`: the id for --after; None at the end."""

    orders: list[Order] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    next: str | None = None


@order_operation("list")
@click.option("--status", type=STATUSES, help="Only orders of this status.")
@click.option("--review", is_flag=False, flag_value=ANY, multiple=True, metavar="[CODE]", help="Only orders to review.")
@click.option("--effect", type=EFFECTS, help="Only orders with an effect in this state.")
@click.option("--money", type=MONEY, help="Only orders with this money status; several: disputed,inquiry.")
@click.option("--due-within", type=SPAN, help="Only orders with a dispute that must be answered so soon: 12h, 3d.")
@click.option("--older-than", type=SPAN, help="Only orders created this long ago: 30m, 2h, 3d.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@click.option("--after", help="Only orders after this id: the last one of the previous page.")
async def list_orders(
    deployment: Deployment, *, older_than: timedelta | None, limit: int, after: str | None, **asked: Any
) -> Report:
    """List orders by id, page by page, without personal data.

    An answer to a dispute is evidence that was submitted. Evidence that is only staged is none.
    """
    now = datetime.now(UTC)
    wanted = OrderQuery(now=now, before=now - older_than if older_than else None, **asked)
    with Progress("reading orders") as progress:
        found = await _listed(orders_of(deployment), wanted, limit, after, progress)
    data = {
        "orders": [row_data(each, now) for each in found.orders],
        "unreadable": found.unreadable,
        "next": found.next,
    }
    return Report(ok=not found.unreadable, lines=_lines(found, now), data=data)


@order_operation("show")
@click.argument("order")
@click.option("--personal", is_flag=True, help="Show the buyer's personal data too.")
async def show_order(deployment: Deployment, *, order: str, personal: bool) -> Report:
    """Show what happened to ORDER: a session (cs_…), a payment (pi_…), an address, or the shop's reference.

    ORDER may also be an invoice (in_…), a subscription (sub_…) or a customer (cus_…). Several orders are listed.
    """
    now = datetime.now(UTC)
    meant = await search(orders_of(deployment), order)
    found, alike = [each.order for each in meant.orders], alike_lines(meant.alike)
    if not found and not alike:
        raise Missing(NONE)
    if len(found) != 1:
        rows = [row_data(each, now) for each in found]
        table = columns([row(each, now) for each in found], HEAD) if found else []
        return Report(ok=bool(found), lines=[*table, *alike], data={"orders": rows, "alike": meant.alike})
    only = found[0]
    entries = [{"at": each.at.isoformat(), "who": each.who, "what": each.what} for each in timeline(only)]
    shown = document(only, personal=personal)
    lines = [*_details(only, shown, now, personal=personal), *alike]
    return Report(ok=True, lines=lines, data={"order": shown, "timeline": entries, "alike": meant.alike})


async def _listed(orders: Orders, wanted: OrderQuery, limit: int, after: str | None, progress: Progress) -> Listing:
    found = Listing()
    async for page in pages(orders, wanted.conditions(), after):
        found.unreadable += page.unreadable
        for each in page.orders:
            progress.advance()
            if wanted.fits(each.order):
                if len(found.orders) == limit:
                    found.next = found.orders[-1].id
                    return found
                found.orders.append(each.order)
    return found


def _lines(found: Listing, now: datetime) -> list[Text | str]:
    lines: list[Text | str] = [*columns([row(each, now) for each in found.orders], HEAD)]
    lines = lines if found.orders else ["no such orders"]
    lines += [f"{each} cannot be read: edited manually, or written by a newer version" for each in found.unreadable]
    return [*lines, f"There are more: --after {found.next}"] if found.next else lines


def _details(order: Order, shown: dict[str, Any], now: datetime, *, personal: bool) -> list[Text | str]:
    mode = "live" if order.livemode else "test"
    money = amount(order.amount_total, order.currency)
    lines: list[Text | str] = [Text(f"{order.id}  {order.status.value}  {money}  {mode} mode", style="bold")]
    names = ("payment_intent", "invoice", "subscription", "payment_link", "account", "context", "recovered_from")
    lines += columns([(name, str(shown[name])) for name in names if shown[name]])
    lines += [f"shipping: {order.shipping_cost.shipping_rate}"] if order.shipping_cost else []
    lines += [f"discount: {each.promotion_code or each.coupon}" for each in order.discounts]
    lines += [f"to review: {', '.join(order.review)}"] if order.review else []
    lines += money_lines(order)
    for item in order.line_items or ():
        lines.append(printable(f"bought: {item.label}  {amount(item.amount_total, item.currency or order.currency)}"))
    if told := after_sale_rows(order, now):
        lines += ["", *columns(told, AFTER_SALE), ""]
    if shown["hidden"]:
        lines.append(f"hidden: {', '.join(shown['hidden'])} (--personal shows them)")
    if personal:
        from_buyer = ("customer", "shipping", "client_reference_id", "metadata", "custom_fields")
        lines += columns([(name, str(shown[name])) for name in from_buyer if shown[name]])
    lines += ["", *columns([(clock(each.at), each.who, each.what) for each in timeline(order)], ("UTC", "WHO", "WHAT"))]
    if undone := list(still_to_do(order)):
        lines += ["", *columns(undone, ("NOT DONE", "OF", "STATE", "TRIES", "LAST ERROR"))]
    return lines
