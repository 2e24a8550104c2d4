"""The expected order: the pure state machine with the events that were sent. No store, no network, no clock."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from chaos.case import Case, is_found
from fulfillment.domain.effects import LOAD_LINE_ITEMS, OWED_ON_ENTERING, EffectState
from fulfillment.domain.events import parse
from fulfillment.domain.items import read_page, with_line_items
from fulfillment.domain.order import Order
from fulfillment.domain.status import Status
from fulfillment.domain.transitions import apply
from fulfillment.orders.documents import to_document
from local.fakes.stripe_events import body

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_OWN_COURSE = ("effects", "effect_states", "lease", "granted", "created_at", "updated_at", "fulfilled_at", "status")
"""Fields that depend on the course of a run, not only on its events. A status is compared by its events' claims."""


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
    return order


def must_be_done(case: Case) -> list[str]:
    """The effects that must be done in any run. Those of an intermediate status may be done or not."""
    claimed = expected(case).status
    return [*OWED_ON_ENTERING[claimed], *(OWED_ON_ENTERING[Status.FULFILLED] if claimed is Status.PAID else ())]


def differences(case: Case, order: Order) -> list[str]:
    """The differences of a stored order from the expected one, field by field."""
    want, got = _comparable(case, expected(case)), _comparable(case, order)
    fields = [f"{name} differs from the model's" for name in want if want[name] != got[name]]
    return [*fields, *_undone(case, order)]


def is_lost(case: Case, order: Order | None) -> bool:
    """Whether a paid order is not fulfilled, or an event is missing."""
    if order is None or not {each["id"] for each in case.events} <= set(order.events):
        return True
    return expected(case).status is Status.PAID and order.status is not Status.FULFILLED


def _undone(case: Case, order: Order) -> Iterable[str]:
    states = {name: effect.state for name, effect in order.effects.items()}
    must = dict.fromkeys(must_be_done(case))
    for name in {**must, **states}:
        state = states.get(name)
        if state is not EffectState.DONE:
            yield f"{name} is {state.value if state else 'not there'}"
    if LOAD_LINE_ITEMS in must and order.line_items is None:
        yield "line items are not there"


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
    return document | ({"paid_at": None} if is_found(document["source"]) else {})
