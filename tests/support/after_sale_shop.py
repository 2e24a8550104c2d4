"""A shop in memory with all its subscribers: what follows its sales is told by a world of payments at Stripe."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fulfillment.domain.after_sale import Dispute, Refund
from fulfillment.domain.event_types import SUBSCRIBERS, EventType, entry_point_of
from fulfillment.domain.ids import OWN, Owner
from fulfillment.domain.items import read_page
from fulfillment.domain.order import LineItem, Order
from fulfillment.effects.runner import EffectExecutor
from fulfillment.errors import StripeRefused
from fulfillment.stripe_api import StripeApi
from fulfillment.subscriber.after_sale import AfterSaleSubscriber
from fulfillment.subscriber.endpoint import Subscriber
from fulfillment.subscriber.executors import AFTER_THE_SALE, OF_THE_SALE, configured
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.topic.attributes import attributes_of
from fulfillment.topic.message import Message
from fulfillment.topic.push_endpoint import PushEndpoint
from local.fakes.memory_orders import MemoryOrders
from local.fakes.memory_stripe import MemoryStripe
from local.fakes.memory_topic import MemoryTopic, push_body
from local.fakes.stripe_after_sale import AfterSaleWorld
from local.fakes.stripe_events import COMPLETED, Json, body, event, line_item, session
from local.fakes.stripe_payments import Told
from support.handlers import ask

ORDER, PAYMENT = "cs_test_a1", "pi_1"
HOUR_AGO = 3600
OLD = "2023-10-16"
"""An API version whose `charge.refunded` does not list its refunds."""


class Till(MemoryStripe):
    """Stripe in memory, with line items. `refused`: the beginnings of the paths that the key may not read."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: set[str] = set()

    async def line_items(self, session_id: str, owner: Owner = OWN) -> tuple[LineItem, ...]:
        await self._answer(f"line items of {session_id} of {owner.account}")
        return read_page({"data": [line_item()], "has_more": False}).items

    async def _answer(self, read: str | None) -> None:
        await super()._answer(read)
        if any((read or "").startswith(path) for path in self.refused):
            raise StripeRefused(f"Stripe answered 403 to {read}")


@dataclass
class Shop:
    """The subscribers in test mode. `calls`: what the hooks were told; `refusing`: what they raise. `ago`: how many
    seconds ago Stripe makes its events.
    """

    more: Mapping[str, Any] = field(default_factory=dict)
    has_key: bool = True
    api_version: str = "2026-10-28.endive"
    ago: float = HOUR_AGO
    orders: MemoryOrders = field(default_factory=MemoryOrders)
    dead_letter: MemoryTopic = field(default_factory=MemoryTopic)
    stripe: Till = field(default_factory=Till)
    calls: list[tuple[str, ...]] = field(default_factory=list)
    refusing: dict[str, BaseException] = field(default_factory=dict)
    hooks: tuple[str, ...] = ("fulfill", "access_changed", "refunded", "disputed")
    published_at: datetime | None = None
    more_effects: Mapping[str, EffectExecutor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world = AfterSaleWorld(
            stripe=self.stripe, api_version=self.api_version, clock=lambda: time.time() - self.ago
        )

    def pay(self, session_id: str = ORDER, account: str | None = None, **changes: Any) -> Json:
        """A paid session at Stripe. Its event is not told."""
        sold = session(session_id, **{"payment_intent": PAYMENT, **changes})
        self.stripe.known[session_id] = sold
        if account:
            self.stripe.accounts[session_id] = account
        if sold["payment_intent"]:
            self.world.pay(sold, account)
        return sold

    async def sell(self, session_id: str = ORDER, account: str | None = None, **changes: Any) -> None:
        """A sale whose event is told."""
        sold = self.pay(session_id, account, **changes)
        assert await self.push(event(COMPLETED, sold, **({"account": account} if account else {}))) == 204
        self.stripe.reads.clear()
        self.calls.clear()

    async def subscribe(self, invoice_id: str = "in_1", **changes: Any) -> None:
        """The sale of a subscription `sub_1`, with its first invoice's payment PAYMENT."""
        self.world.invoice(invoice_id, "sub_1", PAYMENT, 3500)
        await self.sell(payment_intent=None, mode="subscription", subscription="sub_1", invoice=invoice_id, **changes)

    async def tell(self, *told: Told, thin: bool = False) -> list[int]:
        """The answers to these events, one after the other."""
        return [await self.push((each.thin or {}) if thin else each.snapshot) for each in told]

    async def push(self, said: Json, **attributes: str) -> int:
        """The answer to an event, from the subscriber of its type."""
        return await self.push_to(self.subscriber(str(entry_point_of(said["type"]))), said, **attributes)

    async def push_to(self, subscriber: PushEndpoint, said: Json, **attributes: str) -> int:
        """The answer of that subscriber."""
        own = {"message_id": "7"} | attributes
        message = Message(data=body(said), attributes=attributes_of(said, "") | attributes, id=own.pop("message_id"))
        push = json.loads(push_body(message, 1))
        if self.published_at:
            push["message"]["publishTime"] = self.published_at.isoformat()
        return (await ask(subscriber, json.dumps(push).encode())).status_code

    def subscriber(self, entry_point: str) -> PushEndpoint:
        """The subscriber of an entry point, newly started."""
        settings = SubscriberSettings(**{"project": "acme", "livemode": False, "hook_timeout": 5, **self.more})
        stripe = cast(StripeApi, self.stripe) if self.has_key else None
        hooks = SimpleNamespace(**{name: getattr(self, f"_{name}") for name in self.hooks})
        of_a_sale = {name: event_type for event_type, name in SUBSCRIBERS.items()}
        drops = OF_THE_SALE if entry_point in of_a_sale else AFTER_THE_SALE
        executors = configured(settings, hooks, stripe, drops)
        executors = replace(executors, by_kind={**executors.by_kind, **self.more_effects})
        if entry_point in of_a_sale:
            event_type = EventType(of_a_sale[entry_point])
            return Subscriber(event_type, settings, self.orders, self.dead_letter, executors, stripe)
        return AfterSaleSubscriber(entry_point, settings, self.orders, self.dead_letter, executors, stripe)

    async def order(self, session_id: str = ORDER) -> Order:
        """The order as it is stored."""
        stored = await self.orders.get(session_id)
        assert stored is not None
        return stored.order

    def reasons(self) -> list[str]:
        """Why messages were parked."""
        return [each.attributes["reason"] for each in self.dead_letter.stored]

    def called(self) -> list[tuple[str, ...]]:
        """What the hooks were told since the last look; of an access level without its number."""
        seen = [each[:2] if each[0] == "access_changed" else each for each in self.calls]
        self.calls.clear()
        return seen

    async def _fulfill(self, _order: Order, key: str) -> None:
        await self._called("fulfill", key)

    async def _access_changed(self, order: Order, access: Any, key: str) -> None:
        assert key == f"{order.id}:access:{access.number}"
        await self._called("access_changed", access.level.value, key)

    async def _refunded(self, _order: Order, refund: Refund, key: str) -> None:
        await self._called("refunded", refund.status, key)

    async def _disputed(self, _order: Order, dispute: Dispute, key: str) -> None:
        await self._called("disputed", dispute.status, key)

    async def _called(self, name: str, *given: str) -> None:
        match self.refusing.get(name):
            case TimeoutError():  # the call goes on, and its time runs out
                self.calls.append((name, *given))
                await asyncio.sleep(3600)
            case BaseException() as refusal:
                raise refusal
        self.calls.append((name, *given))


def long_ago(**ago: float) -> datetime:
    """A time in the past."""
    return datetime.now(UTC) - timedelta(**ago)


def at(moment: datetime) -> int:
    """The time as Stripe writes it."""
    return int(moment.timestamp())


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines that were logged since the last look."""
    return [json.loads(each) for each in capsys.readouterr().out.splitlines()]


def money(order: Order) -> str:
    """The status of the order's money."""
    return order.money.status.value


def level(order: Order) -> str | None:
    """The order's access level, or None if it never changed."""
    return order.access.level.value if order.access else None


KINDS = pytest.mark.parametrize("thin", [False, True], ids=["snapshot", "thin"])
