"""The dead letters that hold a buyer: they are no part of an order, and outlive its erasure."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any

from fulfillment.domain.json_object import load_object
from fulfillment.errors import MalformedEvent
from ops.dead_letters.letter import DeadLetter
from ops.dead_letters.reading import reading
from ops.dead_letters.subscription import DeadLetterBox
from ops.orders.mailboxes import names
from ops.terminal.progress import Progress

Judge = Callable[[DeadLetter], bool]


def about(box: str | None, order_ids: AbstractSet[str]) -> Judge:
    """Whether a letter is of one of the orders, or names the mailbox anywhere."""

    def judge(letter: DeadLetter) -> bool:
        return letter.session_id in order_ids or (box is not None and names(_said(letter.data), box))

    return judge


async def letters_about(box: DeadLetterBox, judge: Judge) -> list[str]:
    """The ids of the letters that are so. Takes nothing away. Refused if they cannot be read."""
    found = list[str]()
    async with reading(box) as run:
        with Progress("looking at dead letters") as progress:
            async for batch in run.batches():
                found += [each.id for each in batch if judge(each)]
                progress.advance(len(batch))
    return sorted(found)


def _said(data: bytes) -> Any:
    """The event; the bytes as a text, where they are none."""
    try:
        return load_object(data)
    except MalformedEvent:
        return data.decode(errors="replace")
