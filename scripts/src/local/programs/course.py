"""The shop of a small day, and the progress of one of its sales."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Protocol

from fulfillment.orders.store import Stored
from fulfillment.topic.message import Message
from local.programs.sale import Sale


class Shop(Protocol):
    """A running pipe, seen from outside."""

    async def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Stripe's POST: the status of the answer."""
        ...

    async def reconcile(self) -> int:
        """The schedule's call: the status of the answer."""
        ...

    def printed(self) -> str:
        """What the functions have printed: log lines, and what the user's hooks print."""
        ...

    async def order(self, session_id: str) -> Stored | None:
        """The order as it is stored."""
        ...

    async def parked(self) -> list[Message]:
        """The messages parked since the last call."""
        ...

    async def routed(self) -> list[Message]:
        """The messages on the topic of routed events since the last call."""
        ...

    async def write_by_hand(self, session_id: str, document: dict[str, Any] | None) -> None:
        """Replaces an order's document without any rule; None deletes it."""
        ...

    async def publish(self, data: bytes, attributes: Mapping[str, str]) -> str:
        """Publishes a message to the events topic."""
        ...


@dataclass
class Course:
    """The progress of a sale: answers and statuses in the order in which they were seen."""

    sale: Sale
    sent: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    items: int = 0
    mail: EmailMessage | None = None
    over: bool = False
