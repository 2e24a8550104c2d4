"""Checks the result of a sale of a small day. Each problem is noted in its course."""

import asyncio
import time
from typing import Any

from fulfillment.domain.effects import EffectState
from fulfillment.domain.order import Order
from fulfillment.topic.message import Message
from local.fakes.stripe_events import body
from local.programs.course import Course, Shop
from local.programs.sale import Sale
from local.runtime.neighbors import Neighbors
from ops.orders.timeline import still_to_do

PATIENCE_SECONDS = 60


async def check_end(course: Course, shop: Shop) -> None:
    """The answers, what was parked or routed, and the order."""
    sale, found = course.sale, await shop.order(course.sale.session_id)
    wrong = [sent for sent in course.sent if "→" in sent and not sent.endswith(f"→ {sale.answer}")]
    if wrong:
        course.problems.append(f"the answer must be {sale.answer}: {', '.join(wrong)}")
    if sale.parked_reason and not sale.spoiled:
        await expect_parked(course, shop)
    if sale.routed:
        await _expect_routed(course, shop)
    if sale.abandoned:
        await _expect_invited(course, shop)
    if sale.status is None and found:
        course.problems.append("there must be no order")
    if sale.status is not None:
        course.problems += _differences(sale, found.order if found else None)


async def check_fulfillment(course: Course, shop: Shop, around: Neighbors) -> None:
    """Every item is stored, every effect is done, and the buyer got one mail."""
    sale, found = course.sale, await shop.order(course.sale.session_id)
    effects = found.order.effects if found else {}
    course.done = [name for name, effect in effects.items() if effect.state is EffectState.DONE]
    for kind, about, state, tries, error in still_to_do(found.order) if found else ():
        course.problems.append(
            f"{f'{kind} {about}'.strip()} is {state} after {tries}: {error or 'it has not failed yet'}"
        )
    course.items = len(found.order.line_items or ()) if found else 0
    if sale.status == "fulfilled" and course.items != sale.items:
        course.problems.append(f"line_items are {course.items}, must be {sale.items}")
    wanted = {"fulfilled": "send_receipt", "payment_failed": "notify_payment_failed"}[sale.status or ""]
    mails = around.mails_about(sale.session_id)
    if wanted not in course.done or len(mails) != 1:
        course.problems.append(f"{len(mails)} mails, must be 1")
    course.mail = mails[0] if mails else None


async def expect_parked(course: Course, shop: Shop) -> Message | None:
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


async def _expect_invited(course: Course, shop: Shop) -> None:
    """The hook for abandoned carts must have returned."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        lines = [line for line in shop.printed().splitlines() if course.sale.session_id in line]
        if any('"outcome": "cart_abandoned"' in line for line in lines):
            course.statuses.append("none: the hook cart_abandoned was called")
            return
        await asyncio.sleep(0.05)
    course.problems.append("the hook cart_abandoned must be called")


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
