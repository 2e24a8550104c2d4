"""One sale of a small day, and its expected result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from local.fakes.stripe_after_sale import AfterSaleWorld
from local.fakes.stripe_events import Json, session
from local.fakes.stripe_payments import Told

ROUTED = "invoice.paid"
"""The type that is routed, beside those of orders."""

NONSENSE = {"paid": "yes"}
"""The document that replaces a spoiled sale's order."""


Happens = Callable[[AfterSaleWorld], Sequence[Told]]


@dataclass(frozen=True, kw_only=True)
class Afterwards:
    """What happens to the money of a sale later, and what must become of the order. `happens` makes it happen at
    Stripe, and returns the events that Stripe sends.
    """

    happens: Happens
    money: str
    access: str


@dataclass(frozen=True, kw_only=True)
class Sale:
    """One case. `rounds` are sent one after the other, the events of a round at the same time. The events of a `lost`
    sale are never sent: reconcile is called instead. Those of a `spoiled` sale find an unreadable order document. Those
    of a `thin` sale only name the session, and those of a `routed` one are no order's. The session of an `abandoned`
    one has expired. `afterwards` happens once the order is as it must be.

    `status`: the order's expected status; None if there must be no order.
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
    spoiled: bool = False
    thin: bool = False
    routed: bool = False
    abandoned: bool = False
    afterwards: Sequence[Afterwards] = ()

    @property
    def session(self) -> Json:
        """The session at Stripe."""
        said = self.rounds[0][0]
        sold: Json = session(self.session_id) if self.thin else said["data"]["object"]
        return sold

    @property
    def events(self) -> set[str]:
        """The ids of the events that the order must end with."""
        sent = {each["id"] for events in self.rounds for each in events}
        return {f"reconcile:{self.session_id}:paid"} if self.lost or self.thin else sent
