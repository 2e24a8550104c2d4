"""Plays a small day of sales, and checks the result of each."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Protocol

from fulfillment.domain.effects import EffectState, owed
from fulfillment.domain.order import Order
from fulfillment.orders.store import Stored
from fulfillment.topic.message import Message
from local.fakes.stripe_events import Json, body, line_item, signature
from local.programs.sales import NONSENSE, Sale
from local.runtime.neighbors import Neighbors
from ops.dead_letters.pipe import REPLAY
from ops.messages import PastMessage
from ops.orders.timeline import still_to_do

PATIENCE_SECONDS = 60
QUIET_SECONDS = 1.0


class Shop(Protocol):
    """A running pipe, seen from outside."""

    async def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Stripe's POST: the status of the answer."""
        ...

    async def reconcile(self) -> int:
        """The schedule's call: the status of the answer."""
        ...

    async def order(self, session_id: str) -> Stored | None:
        """The order as it is stored."""
        ...

    async def parked(self) -> list[Message]:
        """The messages parked since the last call."""
        ...

    async def routed(self) -> list[Message]:
        """The messages on the topic of routed events since the last call."""
        ...

    async def write_by_hand(self, session_id: str, document: dict[str, Any] | None) -> None:
        """Replaces an order's document without any rule; None deletes it."""
        ...

    async def publish(self, data: bytes, attributes: Mapping[str, str]) -> str:
        """Publishes a message to the events topic."""
        ...


@dataclass
class Course:
    """The progress of a sale: answers and statuses in the order in which they were seen."""

    sale: Sale
    sent: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    items: int = 0
    mail: EmailMessage | None = None
    over: bool = False


async def play(sale: Sale, shop: Shop, show: Callable[[Course], None], around: Neighbors | None = None) -> Course:
    """Plays one case and checks its result. `show` is called after each change."""
    course, expected = Course(sale), set[str]()
    if around and sale.signed:
        items = [line_item(3000 // sale.items, description=f"T-shirt no. {number + 1}") for number in range(sale.items)]
        around.sell(sale.session, items)
    for sent in sale.rounds:
        before = await shop.order(sale.session_id)
        known = {each["id"] for each in sent} <= expected
        if sale.spoiled:
            await shop.write_by_hand(sale.session_id, NONSENSE)
        if sale.lost:
            course.sent.append(f"nothing; reconcile → {await shop.reconcile()}")
        else:
            course.sent += await asyncio.gather(*(_send(each, sale, shop) for each in sent))
        if sale.spoiled:
            await _fix_and_replay(course, shop)
        if sale.status is not None:
            expected |= sale.events if sale.lost or sale.thin else {each["id"] for each in sent}
            await _await_events(course, shop, expected)
            if known:
                await _expect_untouched(course, shop, before)
        show(course)
    await _check_end(course, shop)
    if around and sale.status:
        await _check_fulfillment(course, shop, around)
    course.over = True
    show(course)
    return course


async def _send(event: Json, sale: Sale, shop: Shop) -> str:
    payload = body(event)
    answer = await shop.post(payload, signature(payload) if sale.signed else {})
    if sale.thin:
        return f"thin completed → {answer}"
    short = event["type"].removeprefix("checkout.session.").removeprefix("async_payment_")
    status = str(event["data"]["object"].get("payment_status")).replace("no_payment_required", "free")
    return f"{short}{f', {status}' if short == 'completed' else ''} → {answer}"


async def _fix_and_replay(course: Course, shop: Shop) -> None:
    """Fixes the cause and replays the message, as an operator does with `scripts/ops dead-letters replay`."""
    parked = await _expect_parked(course, shop)
    await shop.write_by_hand(course.sale.session_id, None)
    if parked:
        letter = PastMessage(id="", attributes=parked.attributes, data=parked.data)
        await shop.publish(letter.data, letter.original_attributes() | REPLAY)
        course.sent.append("replay")


async def _await_events(course: Course, shop: Shop, expected: set[str]) -> None:
    """Waits until the order has all these events and owes nothing, and notes the statuses on the way."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = await shop.order(course.sale.session_id)
        if found and found.order.status.value not in course.statuses[-1:]:
            course.statuses.append(found.order.status.value)
        if found and expected <= found.order.events.keys() and not owed(found.order.effects):
            return
        await asyncio.sleep(0.02)
    course.problems.append(f"after {PATIENCE_SECONDS} s an event is not in the order, or something is still owed")


async def _expect_untouched(course: Course, shop: Shop, before: Stored | None) -> None:
    """A duplicate must not write the order."""
    await asyncio.sleep(QUIET_SECONDS)
    after = await shop.order(course.sale.session_id)
    if before is None or after is None or before.version != after.version:
        course.problems.append("a duplicate touched the order")


async def _check_end(course: Course, shop: Shop) -> None:
    sale, found = course.sale, await shop.order(course.sale.session_id)
    wrong = [sent for sent in course.sent if "→" in sent and not sent.endswith(f"→ {sale.answer}")]
    if wrong:
        course.problems.append(f"the answer must be {sale.answer}: {', '.join(wrong)}")
    if sale.parked_reason and not sale.spoiled:
        await _expect_parked(course, shop)
    if sale.routed:
        await _expect_routed(course, shop)
    if sale.status is None and found:
        course.problems.append("there must be no order")
    if sale.status is not None:
        course.problems += _differences(sale, found.order if found else None)


async def _check_fulfillment(course: Course, shop: Shop, around: Neighbors) -> None:
    """Every item is stored, every effect is done, and the buyer got one mail."""
    sale, found = course.sale, await shop.order(course.sale.session_id)
    effects = found.order.effects if found else {}
    course.done = [name for name, effect in effects.items() if effect.state is EffectState.DONE]
    for name, state, tries, error in still_to_do(found.order) if found else ():
        course.problems.append(f"{name} is {state} after {tries}: {error or 'it has not failed yet'}")
    course.items = len(found.order.line_items or ()) if found else 0
    if sale.status == "fulfilled" and course.items != sale.items:
        course.problems.append(f"line_items are {course.items}, must be {sale.items}")
    wanted = {"fulfilled": "send_receipt", "payment_failed": "notify_payment_failed"}[sale.status or ""]
    mails = around.mails_about(sale.session_id)
    if wanted not in course.done or len(mails) != 1:
        course.problems.append(f"{len(mails)} mails, must be 1")
    course.mail = mails[0] if mails else None


async def _expect_parked(course: Course, shop: Shop) -> Message | None:
    """The sale's message on the dead-letter topic. A problem if it is missing or has another reason."""
    parked = await _parked(shop, course.sale.session_id)
    reason = parked.attributes.get("reason", "") if parked else ""
    course.statuses.append(f"parked: {reason.partition(':')[0] if course.sale.status else reason}")
    if not course.sale.parked_reason or course.sale.parked_reason not in reason:
        course.problems.append(f"must be parked: {course.sale.parked_reason}")
    return parked


async def _expect_routed(course: Course, shop: Shop) -> None:
    """The event must be on the topic of routed events, unchanged, as a CloudEvent."""
    (event,) = course.sale.rounds[0]
    found = [each for each in await shop.routed() if each.attributes.get("event_id") == event["id"]]
    if [(each.data, each.attributes.get("ce-type")) for each in found] != [
        (body(event), f"com.stripe.v1.{event['type']}")
    ]:
        course.problems.append("it must be on the topic of routed events once, unchanged")
    course.statuses.append("routed")


async def _parked(shop: Shop, session_id: str) -> Message | None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for parked in [each for each in await shop.parked() if each.attributes.get("session_id") == session_id]:
            return parked
        await asyncio.sleep(0.05)
    return None


def _differences(sale: Sale, order: Order | None) -> list[str]:
    if order is None:
        return ["there is no order"]
    checks: dict[str, tuple[Any, Any]] = {
        "status": (order.status.value, sale.status),
        "amount_total": (order.amount_total, sale.amount_total),
        "events": (set(order.events), sale.events),
        "review": (order.review, ()),
        "e-mail": (order.customer and order.customer.email, "jenny.rosen@example.com"),
    }
    return [f"{name} is {got}, must be {want}" for name, (got, want) in checks.items() if got != want]
