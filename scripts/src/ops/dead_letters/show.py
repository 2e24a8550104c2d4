"""`dead-letters list` and `dead-letters show`: the dead letters and their reasons."""

import contextlib
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click
from rich.text import Text

from fulfillment.domain.json_object import load_object
from fulfillment.errors import MalformedEvent
from ops.command import F, Report, order_operation
from ops.dead_letters.dead_letter import HEAD, DeadLetter, DeadLetterFilter
from ops.dead_letters.hiding import shown
from ops.dead_letters.pipe import Pipe, pipe_of
from ops.dead_letters.reading import reading
from ops.dead_letters.subscription import DeadLetterSubscription
from ops.deployment.model import Deployment
from ops.errors import Missing
from ops.terminal.progress import Progress
from ops.terminal.tables import columns, printable
from ops.terminal.times import MOMENT

_TYPE = "Only those of this event type: completed, refund.*, …; with --events: invoice.paid, customer.subscription.*."
_SUBSCRIPTION = "Only those that this subscription gave up."


def which(command: F) -> F:
    """Adds the options that select dead letters."""
    for option in (
        click.option("--id", "ids", multiple=True, help="Only the one with this id."),
        click.option("--reason", "codes", multiple=True, help="Only those with this reason: malformed_event, …"),
        click.option("--type", "types", multiple=True, help=_TYPE),
        click.option("--session", "sessions", multiple=True, help="Only those of this Checkout Session."),
        click.option("--subscription", "subscriptions", multiple=True, help=_SUBSCRIPTION),
        click.option("--since", type=MOMENT, help="Only those parked since: 2h, 3d, 2026-01-31T12:00."),
        click.option("--until", type=MOMENT, help="Only those parked until then. Default: now."),
    ):
        command = option(command)
    return held(command)


def held(command: F) -> F:
    """Adds --lease, how long a killed run hides letters from the next one; and --events, which pipe is meant."""
    lease = click.IntRange(5, 600)
    text = "Seconds for which letters stay hidden if this run is killed."
    command = click.option("--lease", type=lease, default=60, show_default=True, help=text)(command)
    return click.option("--events", is_flag=True, help="Those of routed events and of sinks, not of orders.")(command)


def wanted(pipe: Pipe, *, until: datetime | None, types: Sequence[str], **asked: Any) -> DeadLetterFilter:
    """The filter of the given options. `until` is now by default: letters parked during the run are not selected."""
    return DeadLetterFilter(until=until or datetime.now(UTC), types=pipe.types_in(types), **asked)


def subscription_of(deployment: Deployment, pipe: Pipe, lease: int) -> DeadLetterSubscription:
    """The subscription that holds a pipe's dead letters."""
    emulator = os.environ.get("PUBSUB_EMULATOR_HOST")
    return DeadLetterSubscription(deployment.project, pipe.subscription, emulator, lease)


@order_operation("list")
@which
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="At most so many.")
async def list_dead_letters(deployment: Deployment, *, lease: int, events: bool, limit: int, **asked: Any) -> Report:
    """List dead letters and their reasons. Removes nothing."""
    pipe = pipe_of(deployment, events=events)
    meant, found, more = wanted(pipe, **asked), list[DeadLetter](), False
    async with reading(subscription_of(deployment, pipe, lease)) as run:
        with Progress("reading dead letters") as progress:
            async for batch in run.batches():
                fitting = [each for each in batch if meant.fits(each)]
                progress.advance(len(batch))
                more = len(found) + len(fitting) > limit
                found += [_light(each) for each in fitting[: limit - len(found)]]
                if more:
                    break
    found.sort(key=lambda each: (each.parked_at, each.id))
    lines: list[Text | str] = [*columns([each.row() for each in found], HEAD)] if found else ["no such dead letters"]
    lines += ["There are more: raise --limit, or select some."] if more else []
    return Report(ok=True, lines=lines, data={"letters": [_row_data(pipe, each) for each in found], "more": more})


@order_operation("show")
@click.argument("letter")
@held
@click.option("--body", is_flag=True, help="Show the event too. It holds personal data; links to carts are hidden.")
async def show_dead_letter(deployment: Deployment, *, letter: str, lease: int, events: bool, body: bool) -> Report:
    """Show one dead letter. LETTER is its id in the list. Removes nothing."""
    pipe = pipe_of(deployment, events=events)
    async with reading(subscription_of(deployment, pipe, lease)) as run:
        found = await _find(run.batches(), letter)
    names = [(name, text) for name, text in sorted(found.attributes.items())]
    lines: list[Text | str] = [Text("  ".join(found.row()), style="bold"), *columns(names)]
    lines.append(f"{len(found.data)} bytes{'' if body else ' (--body shows them)'}")
    data = {"letter": _row_data(pipe, found) | {"attributes": dict(found.attributes), "bytes": len(found.data)}}
    if body:
        data["letter"]["body"] = text = shown(found.data)
        lines += _pretty(text)
    return Report(ok=True, lines=lines, data=data)


def _row_data(pipe: Pipe, letter: DeadLetter) -> dict[str, Any]:
    return letter.row_data() | {"replayable": pipe.replayable(letter)}


async def _find(batches: Any, wanted_id: str) -> DeadLetter:
    async for batch in batches:
        for each in batch:
            if each.id == wanted_id:
                return each  # type: ignore[no-any-return]
    raise Missing("no dead letter with that id: another run may hold it for a minute, or it was replayed or dropped")


def _light(letter: DeadLetter) -> DeadLetter:
    """The letter without its body, but with the event type and ids that only the body may have."""
    found = {"event_type": letter.event_type, "session_id": letter.session_id, "object_id": letter.object_id}
    attributes = {**letter.attributes} | {name: text for name, text in found.items() if text}
    return DeadLetter(id=letter.id, parked_at=letter.parked_at, attributes=attributes, data=b"")


def _pretty(text: str) -> list[Text | str]:
    with contextlib.suppress(MalformedEvent):
        text = json.dumps(load_object(text.encode(errors="replace")), indent=2, ensure_ascii=False)
    return [printable(line) for line in text.splitlines()]
