"""Plays a small day of sales, and checks the result of each."""

import asyncio
import functools
import itertools
import time
from collections.abc import Callable

from fulfillment.domain.access import BEFORE
from fulfillment.domain.effects import owed
from fulfillment.orders.store import Stored
from local.fakes.memory_stripe import MemoryStripe
from local.fakes.stripe_after_sale import AfterSaleWorld
from local.fakes.stripe_events import Json, body, line_item, signature
from local.programs import checks
from local.programs.checks import PATIENCE_SECONDS
from local.programs.course import Course, Shop
from local.programs.sale import NONSENSE, Afterwards, Sale
from local.runtime.neighbors import Neighbors
from ops.dead_letters.pipe import REPLAY
from ops.messages import PastMessage

QUIET_SECONDS = 1.0


async def play(sale: Sale, shop: Shop, show: Callable[[Course], None], around: Neighbors | None = None) -> Course:
    """Plays one case and checks its result. `show` is called after each change."""
    course, expected = Course(sale), set[str]()
    if around and sale.signed and not (sale.routed or sale.abandoned):
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
    if sale.afterwards:
        stripe = around.stripe if around else MemoryStripe()
        await _play_afterwards(course, shop, show, AfterSaleWorld(stripe=stripe, clock=_ticking()))
    await checks.check_end(course, shop)
    if around and sale.status:
        await checks.check_fulfillment(course, shop, around)
    course.over = True
    show(course)
    return course


async def _play_afterwards(course: Course, shop: Shop, show: Callable[[Course], None], world: AfterSaleWorld) -> None:
    """Plays what follows the sale, and waits each time until the order is as it must be."""
    world.pay(course.sale.session)
    access = BEFORE.level.value
    for step in course.sale.afterwards:
        for told in step.happens(world):
            payload = body(told.snapshot)
            answer = await shop.post(payload, signature(payload))
            short = told.type.removeprefix("charge.dispute.")
            course.sent.append(f"{short}, {told.object['status']} → {answer}")
        await _await_money(course, shop, step, access)
        access = step.access
        show(course)


def _ticking() -> Callable[[], float]:
    """A clock that goes on by a second whenever it is read: in one second, no event would be the later one."""
    return functools.partial(next, itertools.count(time.time()))


async def _await_money(course: Course, shop: Shop, step: Afterwards, before: str) -> None:
    """Notes the money's status, and the access level if it is not the one before."""
    deadline, seen = time.monotonic() + PATIENCE_SECONDS, ("", "")
    while time.monotonic() < deadline:
        if (found := await shop.order(course.sale.session_id)) and not owed(found.order.effects):
            seen = (found.order.money.status.value, (found.order.access or BEFORE).level.value)
            if seen == (step.money, step.access):
                course.statuses += [step.money, *([f"access {step.access}"] if step.access != before else [])]
                return
        await asyncio.sleep(0.02)
    course.problems.append(f"money and access must be {step.money}, {step.access}, and are {', '.join(seen)}")


async def _send(event: Json, sale: Sale, shop: Shop) -> str:
    payload = body(event)
    answer = await shop.post(payload, signature(payload) if sale.signed else {})
    if sale.thin:
        return f"thin completed → {answer}"
    short = event["type"].removeprefix("checkout.session.").removeprefix("async_payment_")
    if sale.abandoned:
        return f"{short} → {answer}"
    status = str(event["data"]["object"].get("payment_status")).replace("no_payment_required", "free")
    return f"{short}{f', {status}' if short == 'completed' else ''} → {answer}"


async def _fix_and_replay(course: Course, shop: Shop) -> None:
    """Fixes the cause and replays the message, as an operator does with `scripts/ops dead-letters replay`."""
    parked = await checks.expect_parked(course, shop)
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
