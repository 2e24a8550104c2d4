"""Orders are found by what a person has in hand: an id of Stripe's, the buyer's address, the shop's own reference."""

from collections.abc import AsyncIterator, Sequence

from fulfillment.domain.checkout import SessionId
from fulfillment.domain.shape import ShapeError
from fulfillment.firestore import Condition
from fulfillment.orders import FirestoreOrders, Found, Orders, Stored
from operations.deployment import Deployment
from operations.errors import Missing, Refused, WrongSettings

PAGE = 200
BY_PREFIX = {"pi_": "payment_intent", "in_": "invoice", "sub_": "subscription", "cus_": "customer.id"}


def orders_of(deployment: Deployment) -> FirestoreOrders:
    """Where the deployment keeps its orders."""
    return FirestoreOrders(deployment.project, deployment.database, deployment.collection)


async def pages(orders: Orders, conditions: Sequence[Condition] = (), after: str | None = None) -> AsyncIterator[Found]:
    """The orders that are so, page by page, by their ids."""
    while (found := await orders.find(conditions, after, PAGE)).last is not None:
        yield found
        after = found.last


async def look_up(orders: Orders, text: str) -> list[Stored]:
    """Every order that is meant. Raises Missing if there is none, Refused if this version cannot read one of them."""
    if _may_be_a_session(text) and (found := _readable(await orders.get_all([text]))):
        return found
    by_id = {
        each.order.id: each
        for condition in _meant(text)
        async for page in pages(orders, [condition])
        for each in _readable(page)
    }
    if not by_id:
        raise Missing("no order is known by that: is it of the other mode, or has its event not arrived yet?")
    return [by_id[order_id] for order_id in sorted(by_id)]


async def look_up_one(orders: Orders, text: str) -> Stored:
    """The order that is meant; WrongSettings, with their ids, if there are several."""
    found = await look_up(orders, text)
    if len(found) > 1:
        raise WrongSettings(f"{len(found)} orders are meant by that: name one: {_names(found)}")
    return found[0]


def _may_be_a_session(text: str) -> bool:
    try:
        SessionId.read(text)
    except ShapeError:
        return False
    return True


def _meant(text: str) -> list[Condition]:
    """What `text` may be, by its shape; whatever it is, the shop may use it as its reference."""
    fields = [(field, text) for prefix, field in BY_PREFIX.items() if text.startswith(prefix)]
    if "@" in text:
        fields += [("customer.email", each) for each in dict.fromkeys((text, text.lower()))]
    return [
        Condition(field=field, operator="==", value=value) for field, value in (*fields, ("client_reference_id", text))
    ]


def _readable(found: Found) -> list[Stored]:
    if found.unreadable:
        problem = "was changed by hand, or written by a newer version, and cannot be read"
        raise Refused(f"the order {', '.join(found.unreadable)} {problem}")
    return list(found.orders)


def _names(found: Sequence[Stored]) -> str:
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return ", ".join(each.order.id for each in found[:5]) + more
