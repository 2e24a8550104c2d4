"""Finds orders by a Stripe id, the buyer's address or the shop's own reference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fulfillment.domain.ids import SessionId
from fulfillment.domain.shape import ShapeError
from fulfillment.orders.firestore import Condition
from fulfillment.orders.firestore_orders import FirestoreOrders
from fulfillment.orders.store import Stored
from ops.errors import Missing, WrongSettings
from ops.orders.buyer import buyer_of
from ops.orders.mailboxes import mailbox
from ops.orders.stored import pages, readable

BY_PREFIX = {"pi_": "payment_intent", "in_": "invoice", "sub_": "subscription", "cus_": "customer.id"}
NONE = "no order is known by that: is it of the other mode, or has its event not arrived yet?"


@dataclass(frozen=True, kw_only=True)
class Matches:
    """The matching orders, sorted by id; `alike`: the ids of orders that may be the same buyer's, and why."""

    orders: Sequence[Stored]
    alike: Mapping[str, str] = field(default_factory=dict)


async def search(orders: FirestoreOrders, text: str) -> Matches:
    """Every order that matches, or may match. An address is compared with that of every order: a Firestore query finds
    only one spelling. Raises Refused if this version cannot read one of them.
    """
    if _may_be_a_session(text) and (found := readable(await orders.get_all([text]))):
        return Matches(orders=found)
    box = mailbox(text)
    theirs, alike = await buyer_of(orders, box) if box else ([], {})
    by_id = {each.order.id: each for each in theirs}
    for condition in _conditions(text):
        async for page in pages(orders, [condition]):
            by_id |= {each.order.id: each for each in readable(page)}
    alike = {order_id: why for order_id, why in sorted(alike.items()) if order_id not in by_id}
    return Matches(orders=[by_id[order_id] for order_id in sorted(by_id)], alike=alike)


async def look_up(orders: FirestoreOrders, text: str) -> Sequence[Stored]:
    """Every order that matches. Raises Missing if none does, Refused if this version cannot read one of them."""
    if not (found := (await search(orders, text)).orders):
        raise Missing(NONE)
    return found


async def look_up_one(orders: FirestoreOrders, text: str) -> Stored:
    """The only order that matches; WrongSettings, with their ids, if there are several."""
    found = await look_up(orders, text)
    if len(found) > 1:
        raise WrongSettings(f"{len(found)} orders match that. Give the id of one: {_names(found)}")
    return found[0]


def alike_lines(alike: Mapping[str, str]) -> list[str]:
    """The lines about orders that may be the same buyer's."""
    return [f"{order_id} may be of the same buyer: {why}" for order_id, why in alike.items()]


def _may_be_a_session(text: str) -> bool:
    try:
        SessionId.read(text)
    except ShapeError:
        return False
    return True


def _conditions(text: str) -> list[Condition]:
    """The queries for `text`, by its prefix. Any text may also be the shop's reference."""
    fields = [field for prefix, field in BY_PREFIX.items() if text.startswith(prefix)]
    return [Condition(field=field, operator="==", value=text) for field in (*fields, "client_reference_id")]


def _names(found: Sequence[Stored]) -> str:
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return ", ".join(each.order.id for each in found[:5]) + more
