"""A small day of sales: what Stripe sends, and what it must end in."""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Protocol

from fulfillment.domain.effects import EffectState, owed
from fulfillment.domain.order import Order
from fulfillment.orders import Stored
from fulfillment.topic import Message
from local.neighbors import Neighbors
from local.stripe_events import COMPLETED, FAILED, SUCCEEDED, Json, body, event, line_item, session, signature

PATIENCE_SECONDS = 20
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
        """What has been parked since the last look."""
        ...


@dataclass(frozen=True, kw_only=True)
class Sale:
    """One case. `rounds` are sent one after the other, the events of a round at the same time. Those of a `lost` sale
    never are: reconcile is called instead.

    `status` is what the order must be in the end; None if there must be none.
    """

    name: str
    session_id: str
    rounds: Sequence[Sequence[Json]]
    status: str | None
    proves: str
    answer: int = 200
    signed: bool = True
    amount_total: int | None = 3500
    items: int = 1
    parked_reason: str | None = None
    lost: bool = False

    @property
    def events(self) -> set[str]:
        """The ids of the events that the order must end with."""
        told = {each["id"] for sent in self.rounds for each in sent}
        return {f"reconcile:{self.session_id}:paid"} if self.lost else told


@dataclass
class Course:
    """What happened to a sale so far: answers and statuses in the order in which they were seen."""

    sale: Sale
    sent: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    items: int = 0
    mail: EmailMessage | None = None
    over: bool = False


def sales() -> list[Sale]:
    """The day, with ids of its own."""
    return [make(f"cs_test_{uuid.uuid4().hex[:24]}") for make in _SALES]


async def play(sale: Sale, shop: Shop, show: Callable[[Course], None], around: Neighbors | None = None) -> Course:
    """Plays one case and checks all that it must end in; `show` is called whenever something changed."""
    course, expected = Course(sale), set[str]()
    if around and sale.signed:
        items = [line_item(3000 // sale.items, description=f"T-shirt no. {number + 1}") for number in range(sale.items)]
        around.sell(sale.rounds[0][0]["data"]["object"], items)
    for sent in sale.rounds:
        before = await shop.order(sale.session_id)
        known = {each["id"] for each in sent} <= expected
        if sale.lost:
            course.sent.append(f"nothing; reconcile → {await shop.reconcile()}")
        else:
            course.sent += await asyncio.gather(*(_send(each, sale, shop) for each in sent))
        if sale.status is not None:
            expected |= sale.events if sale.lost else {each["id"] for each in sent}
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


async def _send(said: Json, sale: Sale, shop: Shop) -> str:
    payload = body(said)
    answer = await shop.post(payload, signature(payload) if sale.signed else {})
    short = said["type"].removeprefix("checkout.session.").removeprefix("async_payment_")
    status = str(said["data"]["object"].get("payment_status")).replace("no_payment_required", "free")
    return f"{short}{f', {status}' if short == 'completed' else ''} → {answer}"


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
    """A duplicate must not even write."""
    await asyncio.sleep(QUIET_SECONDS)
    after = await shop.order(course.sale.session_id)
    if before is None or after is None or before.version != after.version:
        course.problems.append("a duplicate touched the order")


async def _check_end(course: Course, shop: Shop) -> None:
    sale, found = course.sale, await shop.order(course.sale.session_id)
    wrong = [sent for sent in course.sent if not sent.endswith(f"→ {sale.answer}")]
    if wrong:
        course.problems.append(f"the answer must be {sale.answer}: {', '.join(wrong)}")
    if sale.parked_reason:
        course.statuses.append(await _reason(shop, sale.session_id))
        if sale.parked_reason not in course.statuses[-1]:
            course.problems.append(f"must be parked: {sale.parked_reason}")
    if sale.status is None and found:
        course.problems.append("there must be no order")
    if sale.status is not None:
        course.problems += _differences(sale, found.order if found else None)


async def _check_fulfillment(course: Course, shop: Shop, around: Neighbors) -> None:
    """Everything that was bought is known, every effect is done, and the buyer was told once."""
    sale, found = course.sale, await shop.order(course.sale.session_id)
    effects = found.order.effects if found else {}
    course.done = [name for name, effect in effects.items() if effect.state is EffectState.DONE]
    if set(course.done) != set(effects):
        course.problems.append(f"not done: {sorted(set(effects) - set(course.done))}")
    course.items = len(found.order.line_items or ()) if found else 0
    if sale.status == "fulfilled" and course.items != sale.items:
        course.problems.append(f"line_items are {course.items}, must be {sale.items}")
    wanted = {"fulfilled": "send_receipt", "payment_failed": "notify_payment_failed"}[sale.status or ""]
    mails = around.mails_about(sale.session_id)
    if wanted not in course.done or len(mails) != 1:
        course.problems.append(f"{len(mails)} mails, must be 1")
    course.mail = mails[0] if mails else None


async def _reason(shop: Shop, session_id: str) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for parked in [each for each in await shop.parked() if each.attributes.get("session_id") == session_id]:
            return f"parked: {parked.attributes.get('reason')}"
        await asyncio.sleep(0.05)
    return "not parked"


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


def _card(of: str) -> Sale:
    return Sale(
        name="card",
        session_id=of,
        rounds=[[event(COMPLETED, session(of))]],
        status="fulfilled",
        proves="a signed event becomes a paid order, whole: amounts, buyer, address",
    )


def _big_cart(of: str) -> Sale:
    return Sale(
        name="twelve items",
        session_id=of,
        rounds=[[event(COMPLETED, session(of))]],
        status="fulfilled",
        items=12,
        proves="every line item is read, not the first ten, and adds up to what was paid",
    )


def _ach(of: str) -> Sale:
    return Sale(
        name="ACH that succeeds",
        session_id=of,
        rounds=[[event(COMPLETED, session(of, payment_status="unpaid"))], [event(SUCCEEDED, session(of))]],
        status="fulfilled",
        proves="a delayed payment waits, and is paid when the money comes, not before",
    )


def _sepa(of: str) -> Sale:
    unpaid = session(of, payment_status="unpaid")
    return Sale(
        name="SEPA that fails",
        session_id=of,
        rounds=[[event(COMPLETED, unpaid)], [event(FAILED, unpaid)]],
        status="payment_failed",
        proves="a delayed payment that fails is never taken for paid",
    )


def _free(of: str) -> Sale:
    said = session(of, payment_status="no_payment_required", payment_intent=None, amount_total=0)
    return Sale(
        name="free order",
        session_id=of,
        rounds=[[event(COMPLETED, said)]],
        status="fulfilled",
        amount_total=0,
        proves="100 % off is an order like any other: nothing to pay is paid",
    )


def _duplicate(of: str) -> Sale:
    said = event(COMPLETED, session(of))
    return Sale(
        name="duplicate",
        session_id=of,
        rounds=[[said], [said, said, said]],
        status="fulfilled",
        proves="the same event three times more, at once: the order is not even touched",
    )


def _twins(of: str) -> Sale:
    return Sale(
        name="twins",
        session_id=of,
        rounds=[[event(COMPLETED, session(of)), event(COMPLETED, session(of))]],
        status="fulfilled",
        proves="two event ids for one fact, at once: one order, both on record",
    )


def _out_of_order(of: str) -> Sale:
    return Sale(
        name="out of order",
        session_id=of,
        rounds=[[event(SUCCEEDED, session(of))], [event(COMPLETED, session(of, payment_status="unpaid"))]],
        status="fulfilled",
        proves="the latecomer is recorded, and does not take the payment back",
    )


def _unsigned(of: str) -> Sale:
    return Sale(
        name="unsigned",
        session_id=of,
        rounds=[[event(COMPLETED, session(of))]],
        status=None,
        answer=400,
        signed=False,
        proves="whoever is not Stripe gets 400, and nothing else",
    )


def _lost(of: str) -> Sale:
    return Sale(
        name="lost event",
        session_id=of,
        rounds=[[event(COMPLETED, session(of))]],
        status="fulfilled",
        lost=True,
        proves="Stripe's event never came: reconcile reads what was sold, and it is fulfilled like any other",
    )


def _poison(of: str) -> Sale:
    return Sale(
        name="poison",
        session_id=of,
        rounds=[[event(COMPLETED, session(of, amount_total="35.00"))]],
        status=None,
        parked_reason="malformed_event: data.object.amount_total",
        proves="what cannot be read is parked with its reason, and the rest flows on",
    )


_SALES = (_card, _big_cart, _ach, _sepa, _free, _duplicate, _twins, _out_of_order, _unsigned, _lost, _poison)
