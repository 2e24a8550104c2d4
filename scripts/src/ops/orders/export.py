"""`export`: writes all orders into a file, page by page. The file is complete or not written at all."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import click

from ops.command import FILE, Report, order_operation
from ops.deployment.model import Deployment
from ops.errors import WrongSettings
from ops.orders.export_rows import csv_line, header, json_line
from ops.orders.query import STATUSES, OrderQuery
from ops.orders.stored import orders_of, pages
from ops.terminal.progress import Progress
from ops.terminal.times import MOMENT

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Without it Excel on Windows reads a CSV file as Windows-1252. On stdout it would become part of `id`."""


@order_operation("export")
@click.option("--format", "as_format", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.option("--output", type=FILE, help="The file, of mode 0600, written once it is complete. Default: stdout.")
@click.option("--status", type=STATUSES, help="Only orders of this status.")
@click.option("--since", type=MOMENT, help="Only orders created since: 3d, 2026-01-01.")
@click.option("--personal", is_flag=True, help="Include the buyers' personal data.")
async def export_orders(
    deployment: Deployment, *, as_format: str, output: Path | None, personal: bool, **asked: Any
) -> Report:
    """Write all orders as JSON lines or CSV, without personal data unless --personal is given.

    Amounts are in the minor unit of their currency: 3500 usd are 35.00 dollars, 3500 jpy are 3500 yen.
    """
    if output is None and click.get_current_context().params["as_json"]:
        raise WrongSettings("--json prints its result on stdout, so the orders need an --output FILE")
    since: datetime | None = asked["since"]
    wanted, count, unreadable = OrderQuery(status=asked["status"]), 0, list[str]()
    line = csv_line if as_format == "csv" else json_line
    with _opened(output) as out, Progress("orders") as progress:
        if as_format == "csv":
            out.write(BOM if output else "")
            out.write(header(personal=personal))
        async for page in pages(orders_of(deployment), wanted.conditions()):
            fitting = [each.order for each in page.orders if since is None or each.order.created_at >= since]
            out.writelines(line(each, personal=personal) for each in fitting)
            count, unreadable = count + len(fitting), unreadable + list(page.unreadable)
            progress.advance(len(fitting))
    for each in unreadable:
        click.echo(f"{each} cannot be read and is left out", err=True)
    lines = [f"{count} orders in {output}"] if output else []
    data = {"orders": count, "output": str(output), "unreadable": unreadable}
    return Report(ok=not unreadable, lines=lines, data=data)


@contextlib.contextmanager
def _opened(file: Path | None) -> Iterator[TextIO]:
    """A temporary file that replaces `file` once it is complete. An error leaves `file` as it was."""
    if file is None:
        yield sys.stdout
        return
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # of mode 0600
    except OSError as error:
        raise WrongSettings(f"{file} cannot be written ({type(error).__name__})") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink()
        raise
