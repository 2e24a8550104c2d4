"""Finds the dead letters of given orders or of a buyer. They are no part of an order, and outlive its erasure."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any

from fulfillment.domain.json_object import load_object
from fulfillment.errors import MalformedEvent
from ops.dead_letters.dead_letter import DeadLetter
from ops.dead_letters.reading import reading
from ops.dead_letters.subscription import DeadLetterSubscription
from ops.terminal.progress import Progress

Judge = Callable[[DeadLetter], bool]


def about(ids: AbstractSet[str], names_buyer: Callable[[Any], bool]) -> Judge:
    """Tests whether a letter belongs to one of the orders, or names the buyer anywhere. `ids`: those of their sessions
    and payments. A refund or dispute names only its payment, and a dispute's evidence may hold the buyer's data.
    """

    def judge(letter: DeadLetter) -> bool:
        content = _content(letter.data)
        return (letter.session_id or _payment(content)) in ids or names_buyer(content)

    return judge


async def dead_letters_about(subscription: DeadLetterSubscription, judge: Judge) -> list[str]:
    """The ids of the matching letters. Removes nothing. Refused if the letters cannot be read."""
    found = list[str]()
    async with reading(subscription) as run:
        with Progress("looking at dead letters") as progress:
            async for batch in run.batches():
                found += [each.id for each in batch if judge(each)]
                progress.advance(len(batch))
    return sorted(found)


def _payment(content: Any) -> str | None:
    """The PaymentIntent of the event's object."""
    data = content.get("data") if isinstance(content, dict) else None
    about = data.get("object") if isinstance(data, dict) else None
    payment = about.get("payment_intent") if isinstance(about, dict) else None
    return payment if isinstance(payment, str) else None


def _content(data: bytes) -> Any:
    """The event, or the bytes as text if they are no event."""
    try:
        return load_object(data)
    except MalformedEvent:
        return data.decode(errors="replace")
