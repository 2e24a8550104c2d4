"""The expected order: the pure state machine with the events that were sent, and with a read of what follows the sale.
No store, no network, no clock.

What Stripe shows of a refund or a dispute is what the order must show in the end: reconcile reads both. Each status
that an event told must be claimed by it, and no other status but the one that a read shows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from chaos.case import Case, is_found
from fulfillment.domain.access import BEFORE, DEFAULT_RULES, Level, level_of
from fulfillment.domain.after_sale import KINDS, Fact
from fulfillment.domain.after_sale_events import parse_after_sale, read_fact
from fulfillment.domain.after_sale_objects import OBJECTS
from fulfillment.domain.effects import (
    HOLDABLE,
    LOAD_LINE_ITEMS,
    MONEY,
    OWED_ON_ENTERING,
    Effect,
    EffectState,
)
from fulfillment.domain.events import parse
from fulfillment.domain.facts import with_facts
from fulfillment.domain.items import read_page, with_line_items
from fulfillment.domain.order import Announced, Order
from fulfillment.domain.status import Status
from fulfillment.domain.thin_events import parse_thin
from fulfillment.domain.transitions import apply
from fulfillment.orders.documents import to_document
from local.fakes.stripe_events import body

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_LATER = datetime(2100, 1, 1, tzinfo=UTC)
_OWN_COURSE = (
    *("effects", "effect_states", "lease", "granted", "created_at", "updated_at", "fulfilled_at", "status"),
    *("access", "announced"),
)
"""Fields that depend on the course of a run, not only on its events. A status is compared by its events' claims, access
by its level.
"""


def expected(case: Case) -> Order:
    """The order after all events of the case, in any order, with its line items if it is paid."""
    order: Order | None = None
    for each in case.events:
        order = apply(order, parse(body(each), _EPOCH)).order
    if order is None:
        raise LookupError("a case must have events")
    if order.status is Status.PAID:
        page = read_page({"object": "list", "data": list(case.items), "has_more": False})
        order = with_line_items(order, page.items)
    return with_facts(order, _facts(case), frozenset())


def _facts(case: Case) -> Iterator[Fact]:
    """What the events told, and in the end a read of each object."""
    aftermath = case.aftermath
    shown = {each["id"]: read_fact(each, _LATER, _EPOCH, "") for each in aftermath.shown}
    for each in aftermath.snapshots:
        for fact in parse_after_sale(body(each), _EPOCH).facts or ():
            yield replace(fact, renewal=aftermath.renewal)
    for each in aftermath.thin:
        thin = parse_thin(body(each), of=tuple(OBJECTS))
        read = shown[thin.object_id]
        yield replace(read, told=replace(read.told, newest=thin.created), renewal=aftermath.renewal)
    for read in shown.values():
        yield replace(read, renewal=aftermath.renewal)


def level(order: Order) -> Level:
    """The access level that an order must have."""
    return level_of(order, order.refunds, order.disputes, DEFAULT_RULES)


def statuses_of(case: Case) -> Iterator[tuple[str, set[str]]]:
    """Each refund and dispute of an order, with every status that it may have been seen in. A renewal's is not its."""
    order = expected(case)
    for id_, each in {**order.refunds, **order.disputes}.items():
        yield id_, {*each.claims}


def must_be_done(case: Case) -> list[str]:
    """The effects that must be done in any run, or be held by the money. Those of an intermediate status may be done or
    not, and what follows `fulfill`, if the money holds that.
    """
    order = expected(case)
    is_fulfilled = order.status is Status.PAID and level(order) is Level.GRANTED
    return [*OWED_ON_ENTERING[order.status], *(OWED_ON_ENTERING[Status.FULFILLED] if is_fulfilled else ())]


def differences(case: Case, order: Order) -> list[str]:
    """The differences of a stored order from the expected one, field by field."""
    want, got = _comparable(case, expected(case)), _comparable(case, order)
    fields = [f"{name} differs from the model's" for name in want if want[name] != got[name]]
    return [*fields, *_undone(case, order), *_untold(order)]


def is_lost(case: Case, order: Order | None) -> bool:
    """Whether a paid order is not fulfilled, or an event is missing."""
    if order is None or not {each["id"] for each in case.events} <= set(order.events):
        return True
    known = {id_ for holder in (order, order.renewals) if holder for name in KINDS for id_ in getattr(holder, name)}
    if not {each["id"] for each in case.aftermath.shown} <= known:
        return True
    must_be_fulfilled = expected(case).status is Status.PAID and level(order) is Level.GRANTED
    return must_be_fulfilled and order.status is not Status.FULFILLED


def _undone(case: Case, order: Order) -> Iterable[str]:
    must = dict.fromkeys((*must_be_done(case), *OWED_ON_ENTERING[order.status]))
    for name in {**must, **order.effects}:
        effect = order.effects.get(name)
        if effect is None:
            yield f"{name} is not there"
        elif effect.state is not EffectState.DONE and not is_held(order, name, effect):
            yield f"{name} is {effect.state.value}"
    if LOAD_LINE_ITEMS in must and order.line_items is None:
        yield "line items are not there"


def is_held(order: Order, name: str, effect: Effect) -> bool:
    """Whether the effect rightly waits, because the money left before it was done."""
    return level(order) is Level.REVOKED and name in HOLDABLE and effect.reasons == (MONEY,)


def _untold(order: Order) -> Iterable[str]:
    access = order.access or BEFORE
    if access.level is not level(order):
        yield f"access is {access.level.value}"
    if access.told != access.number:
        yield f"access number {access.number} was not told"
    if (order.announced or Announced()).money is not order.money.status:
        yield f"money {order.money.status.value} was not announced"


def _comparable(case: Case, order: Order) -> dict[str, Any]:
    """The fields that must be equal. Reconcile may also have found a session whose event Stripe sent: that adds only to
    `events`. The time of an event from reconcile depends on the run.
    """
    document = {name: value for name, value in to_document(order).items() if name not in _OWN_COURSE}
    wanted = {each["id"] for each in case.events}
    seen = {name: each for name, each in document["events"].items() if name in wanted or not is_found(name)}
    when = {name: {"created": None, "api_version": None} if is_found(name) else {} for name in seen}
    course: dict[str, Any] = {"received_at": None, "thin_events": []}
    document["events"] = {name: each | course | when[name] for name, each in seen.items()}
    holders = [document, *([document["renewals"]] if document["renewals"] else [])]
    for holder in holders:
        for kind in KINDS:
            holder[kind] = {name: _of_any_run(each) for name, each in holder[kind].items()}
    return document | ({"paid_at": None} if is_found(document["source"]) else {})


def _of_any_run(of: dict[str, Any]) -> dict[str, Any]:
    """An object without what depends on the run: the reads, and when something was received."""
    return of | {"claims": {status: _claim_of_any_run(each) for status, each in of["claims"].items()}, "read": None}


def _claim_of_any_run(claim: dict[str, Any]) -> dict[str, Any]:
    read = {"created": None, "api_version": None} if is_found(claim["event"]) else {}
    return claim | {"received_at": None} | read
