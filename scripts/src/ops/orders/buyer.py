"""Finds all orders of one buyer by an e-mail address in any spelling.

A Firestore query finds only one spelling. So this reads every order, page by page: the fields in which Stripe, the shop
or the buyer may write an address. `erase` empties the same fields.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fulfillment.errors import CorruptOrder
from fulfillment.orders.documents import decoded
from fulfillment.orders.firestore import Condition, Snapshot
from fulfillment.orders.firestore_orders import FirestoreOrders
from fulfillment.orders.store import Stored
from ops.orders.mailboxes import difference, mailbox, names
from ops.orders.stored import PAGE, pages, readable
from ops.terminal.progress import Progress

SCANNED = 200  # documents per page: line items may be many, and a page is held in memory
FIELDS = ("customer", "shipping", "client_reference_id", "metadata", "custom_fields", "line_items")
_AT_ONCE = 30  # values per `in` condition


@dataclass
class Buyer:
    """The buyer of a mailbox. `theirs`: the ids of their orders; `alike`: ids of orders that may be theirs, with the
    reason but without personal data; `customers`: the buyer's customer ids at Stripe.
    """

    box: str
    theirs: list[str] = field(default_factory=list)
    alike: dict[str, str] = field(default_factory=dict)
    customers: set[str] = field(default_factory=set)

    def look_at(self, found: Snapshot) -> None:
        """Classifies one document."""
        try:
            document = decoded(found.document)
        except CorruptOrder as error:
            self.alike[found.id] = f"it cannot be judged: {error}"
            return
        customer = _mapping(document.get("customer"))
        email, reference = (_mailbox(each) for each in (customer.get("email"), document.get("client_reference_id")))
        if self.box in {email, reference}:
            self.theirs.append(found.id)
            self.customers |= {customer["id"]} if email == self.box and customer.get("id") else set()
        elif why := next(filter(None, (difference(self.box, each) for each in (email, reference) if each)), None):
            self.alike[found.id] = f"its address differs by {why}"
        elif where := next((part for part, value in _free_text(document).items() if names(value, self.box)), None):
            self.alike[found.id] = f"{where} name the address, or one like it"

    def look_at_customers(self, stored: Stored) -> None:
        """Classifies an order of one of the customers: it is the buyer's if it names no other address."""
        order, customer = stored.order, stored.order.customer
        if order.id not in self.theirs and customer and not customer.email:
            self.theirs.append(order.id)
        elif order.id not in self.theirs:
            self.alike[order.id] = "it is of the same customer at Stripe, under another address"


async def buyer_of(orders: FirestoreOrders, box: str) -> tuple[list[Stored], dict[str, str]]:
    """The buyer's orders, and the ids of orders that may be theirs, each with the reason. Refused if this version
    cannot read one of them.
    """
    buyer = Buyer(box)
    with Progress("looking at every order") as progress:
        after: str | None = None
        while found := await orders.glance(FIELDS, after, SCANNED):
            for each in found:
                buyer.look_at(each)
            after = found[-1].id
            progress.advance(len(found))
    for some in _parts(sorted(buyer.customers), _AT_ONCE):
        async for page in pages(orders, [Condition(field="customer.id", operator="in", value=some)]):
            for stored in readable(page):
                buyer.look_at_customers(stored)
    theirs = [each for some in _parts(buyer.theirs, PAGE) for each in readable(await orders.get_all(some))]
    return theirs, {order_id: why for order_id, why in buyer.alike.items() if order_id not in buyer.theirs}


def _free_text(document: Mapping[str, Any]) -> dict[str, Any]:
    """The values that may name an address among other words, by their description for a person."""
    items = document.get("line_items")
    return {
        "its metadata or custom fields": [document.get("metadata"), document.get("custom_fields")],
        "its customer or shipping details": [document.get("customer"), document.get("shipping")],
        "words in its client_reference_id": document.get("client_reference_id"),
        "the metadata of its line items": [_mapping(each).get("metadata") for each in items]
        if isinstance(items, list)
        else None,
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mailbox(value: Any) -> str | None:
    return mailbox(value) if isinstance(value, str) else None


def _parts(values: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(values), size):
        yield list(values[start : start + size])
