"""The order store of a deployment, read page by page."""

from collections.abc import AsyncIterator, Sequence

from fulfillment.orders.firestore import Condition
from fulfillment.orders.firestore_orders import FirestoreOrders
from fulfillment.orders.store import Found, Orders, Stored
from ops.deployment.model import Deployment
from ops.errors import Refused

PAGE = 200


def orders_of(deployment: Deployment) -> FirestoreOrders:
    """The deployment's order store."""
    return FirestoreOrders(deployment.project, deployment.database, deployment.collection)


async def pages(orders: Orders, conditions: Sequence[Condition] = (), after: str | None = None) -> AsyncIterator[Found]:
    """The orders that meet the conditions, page by page, by id."""
    while (found := await orders.find(conditions, after, PAGE)).last is not None:
        yield found
        after = found.last


def readable(found: Found) -> list[Stored]:
    """All orders of a page; Refused if this version cannot read one of them."""
    if found.unreadable:
        problem = "was edited manually, or written by a newer version, and cannot be read"
        raise Refused(f"the order {', '.join(found.unreadable)} {problem}")
    return list(found.orders)
