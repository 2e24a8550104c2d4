"""Orders from the seed: every course of a Checkout, its events and its line items."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from chaos.after_sale import COURSES
from chaos.case import EXPIRED, Case, Till
from chaos.checkouts import CHECKOUTS, says
from fulfillment.domain.ids import OWN
from fulfillment.domain.synthetic_events import synthetic_event
from local.fakes.stripe_events import COMPLETED, SUCCEEDED, Json, line_item, session

MANNERS = ("", "", "", "", "", "", "slow", "raise", "hang", "refuse", "bounce")
"""Faults of an order besides the network's: of its hook, or of its buyer's mailbox."""


def draw(seed: int, count: int) -> list[Case]:
    """`count` orders, each course about equally often."""
    till = Till(seed)
    names = [*CHECKOUTS, *_OTHERS, *COURSES]
    chosen = [*names, *till.chance.choices(names, k=count)][:count]
    till.chance.shuffle(chosen)
    return [_drawn(till, name) for name in chosen]


def _drawn(till: Till, name: str) -> Case:
    if name in COURSES:
        return _followed(till, name)
    return _OTHERS[name](till) if name in _OTHERS else _order(till, name)


def _order(till: Till, name: str) -> Case:
    changes, tell = CHECKOUTS[name]
    session_id, manner = till.session_id(), till.chance.choice(MANNERS)
    paid = {"payment_intent": _payment_of(session_id)}
    sold = session(session_id, **paid | changes, metadata={"hook": manner})
    if manner == "bounce":
        sold["customer_details"]["email"] = "bounce@example.com"
    return Case(
        name=name, session_id=sold["id"], events=tell(till, sold), items=_items(till, name, sold), manner=manner
    )


def _followed(till: Till, name: str) -> Case:
    """A paid order, and what becomes of its money."""
    sale = _order(till, till.chance.choice(["card", "delayed, succeeds", "twins"]))
    sold = sale.events[-1]["data"]["object"]
    return replace(sale, name=name, aftermath=till.fate().of(sold, name))


def _renewed(till: Till) -> Case:
    """A subscription whose later invoice is refunded: that is not this order's money."""
    session_id = till.session_id()
    made = {"mode": "subscription", "subscription": f"sub_{session_id}", "invoice": f"in_{session_id}"}
    sold = session(session_id, **made, payment_intent=None)
    aftermath = till.fate().of_renewal(sold, "refunded")
    events = says(COMPLETED)(till, sold)
    return Case(
        name="renewal refunded",
        session_id=session_id,
        events=events,
        items=_items(till, "renewal refunded", sold),
        aftermath=aftermath,
    )


def _strangers(till: Till) -> Case:
    """A refund of a payment that no Checkout of this shop made."""
    sold = _session(till)
    aftermath = till.fate().of(sold, "refunded")
    return Case(name="stranger", session_id=sold["id"], events=[], aftermath=aftermath, expects="none")


def _session(till: Till, **changes: Any) -> Json:
    session_id = till.session_id()
    return session(session_id, **{"payment_intent": _payment_of(session_id)} | changes)


def _payment_of(session_id: str) -> str:
    return f"pi_{session_id}"


def _items(till: Till, name: str, sold: Json) -> list[Json]:
    """Line items with the session's subtotal; sometimes more than one page."""
    count = 150 if name == "many items" else till.chance.choice([1, 2, 12])
    return [line_item(sold["amount_subtotal"] // count, description=f"T-shirt no. {number}") for number in range(count)]


def _one(till: Till, name: str, event_type: str, event_changes: dict[str, Any], **changes: Any) -> Case:
    """An event that must make no order."""
    sold = _session(till, **changes)
    events = [till.event(event_type, sold, **event_changes)]
    return Case(name=name, session_id=sold["id"], events=events, expects="none")


def _never_told(till: Till, name: str, *sent: str) -> Case:
    """A payment that succeeded, for which Stripe sends no event."""
    sold = _session(till)
    events = [*says(*sent)(till, sold), _found(sold)]
    return Case(name=name, session_id=sold["id"], events=events, items=_items(till, name, sold))


def _found(sold: Json) -> Json:
    """The event that is made of the session when it is read."""
    found = synthetic_event(sold, owner=OWN, api_version="", at=datetime.now(UTC))
    if found is None:
        raise LookupError("a paid session must make an event")
    return dict(found.event)


def _thin(till: Till, name: str, *types: str) -> Case:
    """A payment that only thin events tell of."""
    sold = _session(till)
    thin = [till.thin(each, sold) for each in types]
    return Case(name=name, session_id=sold["id"], events=[_found(sold)], beside=thin, items=_items(till, name, sold))


def _both_kinds(till: Till) -> Case:
    """A payment that a thin event and its snapshot event tell of, as while a shop migrates."""
    sold = _session(till)
    told = till.event(COMPLETED, sold)
    thin, items = till.thin(COMPLETED, sold, snapshot_event=told["id"]), _items(till, "both kinds", sold)
    return Case(name="both kinds", session_id=sold["id"], events=[told], beside=[thin], items=items)


def _thin_poison(till: Till) -> Case:
    """A thin event that says of its session that it is something else."""
    sold = session(till.session_id())
    thin = till.thin(COMPLETED, sold | {"object": "invoice"})
    return Case(name="thin poison", session_id=sold["id"], events=[], beside=[thin], expects="parked")


def _routed(till: Till, name: str) -> Case:
    """An event that makes no order, and is routed."""
    about = {"id": f"in_{till.session_id()}", "object": "invoice"}
    told = till.event("invoice.paid", about) if name == "routed" else till.thin("customer.subscription.deleted", about)
    return Case(name=name, session_id=about["id"], events=[], beside=[told], expects="none")


_OTHERS: dict[str, Callable[[Till], Case]] = {
    "never told": lambda till: _never_told(till, "never told"),
    "never told that it came": lambda till: _never_told(till, "never told that it came", "unpaid"),
    "setup": lambda till: _one(till, "setup", COMPLETED, {}, mode="setup", payment_status="no_payment_required"),
    "expires": lambda till: _one(till, "expires", EXPIRED, {}, status="expired", payment_status="unpaid"),
    "other mode": lambda till: _one(till, "other mode", COMPLETED, {"livemode": True}, livemode=True),
    "forged": lambda till: replace(_one(till, "forged", COMPLETED, {}), signed=False),
    "thin": lambda till: _thin(till, "thin", COMPLETED),
    "thin, delayed": lambda till: _thin(till, "thin, delayed", COMPLETED, SUCCEEDED),
    "both kinds": _both_kinds,
    "thin poison": _thin_poison,
    "routed": lambda till: _routed(till, "routed"),
    "routed, thin": lambda till: _routed(till, "routed, thin"),
    "renewal refunded": _renewed,
    "stranger": _strangers,
    "poison": lambda till: replace(_one(till, "poison", COMPLETED, {}, amount_total="35.00"), expects="parked"),
}
