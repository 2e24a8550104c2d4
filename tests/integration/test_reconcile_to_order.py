"""What reconcile finds after the sale changes the orders, through the real subscribers, and is told of once."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment.domain.effects import ACCESS_CHANGED, FULFILL
from fulfillment.domain.event_types import AFTER_SALE
from fulfillment.domain.ids import Id
from fulfillment.domain.order import Order
from fulfillment.domain.order_money import MoneyStatus
from fulfillment.effects.runner import EffectExecutor, EffectExecutors
from fulfillment.subscriber.after_sale import AfterSaleSubscriber
from fulfillment.subscriber.settings import SubscriberSettings
from fulfillment.topic.message import parse_push
from local.fakes.memory_topic import Push
from support.money_stripe import dispute, refund
from support.reconciling import Case, Shop

EARLY = datetime.now(UTC) - timedelta(days=100)
Told = list[tuple[str, str]]


def real_shop() -> tuple[Shop, Told]:
    """A shop with the real subscribers of refunds and disputes, and what the hook `access_changed` was told."""
    shop, told = Shop(), Told()
    shop.settings = replace(shop.settings, since=EARLY, order_filter=None)
    vars(shop.money)["push"] = ignored

    async def access_changed(order: Order, key: str) -> None:
        assert order.access
        told.append((order.id, order.access.level.value))
        assert key.startswith(f"{order.id}:access:")

    async def fulfill(_order: Order, _key: str) -> None:
        """Ships nothing."""

    hooks = {FULFILL: EffectExecutor(5, fulfill), ACCESS_CHANGED: EffectExecutor(5, access_changed)}
    executors = EffectExecutors(hooks)
    settings = SubscriberSettings(project="shop", livemode=False, since=EARLY)
    for name, types in AFTER_SALE.items():
        subscriber = AfterSaleSubscriber(name, settings, shop.orders, shop.dead_letter, executors, shop.stripe)
        for event_type in types:
            shop.topic.subscribe(pushes_to(subscriber), event_type)
    return shop, told


def pushes_to(handler: Callable[[Request], Awaitable[Response]]) -> Push:
    async def handle(request: Request) -> Response:
        return await handler(request)

    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=[Route("/", handle, methods=["POST"])])), base_url="http://shop"
    )

    async def push(body: bytes) -> int:
        return (await client.post("/", content=body)).status_code

    return push


async def order_of(shop: Shop, number: int) -> Order:
    found = await shop.order(f"cs_test_{number:05d}")
    assert found
    return found.order


async def an_hour_later(shop: Shop, number: int) -> None:
    """The order's disputes were read an hour ago: two reads in one second cannot be ordered."""
    found = await shop.order(f"cs_test_{number:05d}")
    assert found
    reads = {name: each.read for name, each in found.order.disputes.items() if each.read}
    aged = {name: replace(read, at=read.at - timedelta(hours=1)) for name, read in reads.items()}
    disputes = {name: replace(found.order.disputes[name], read=read) for name, read in aged.items()}
    await shop.orders.replace(replace(found.order, disputes=disputes), found.version)


async def test_a_lost_refund_and_a_lost_dispute_reach_their_orders_once() -> None:
    shop, told = real_shop()
    for _ in range(3):
        await shop.add(Case(order="fulfilled"))
    found = await shop.order("cs_test_00002")
    assert found
    order = replace(found.order, subscription=Id("sub_1"), payment_intent=None)
    await shop.orders.replace(order, found.version)
    shop.stripe.put(refund("re_1", "pi_cs_test_00000"), refund("re_2", "pi_renewal"), refund("re_3", "pi_theirs"))
    shop.stripe.put(dispute("dp_1", "pi_cs_test_00001"), dispute("dp_2", "pi_renewal"))
    shop.stripe.put_renewal("pi_renewal", "sub_1")
    stats = await shop.reconcile()
    assert (stats.money_behind, stats.unplaced, stats.open_disputes) == (2, 3, 1)
    refunded, disputed, renewed = [await order_of(shop, number) for number in range(3)]
    assert refunded.money.status is MoneyStatus.REFUNDED
    assert disputed.money.status is MoneyStatus.DISPUTED
    assert renewed.money.status is MoneyStatus.KEPT
    assert renewed.renewals
    assert (set(renewed.renewals.refunds), set(renewed.renewals.disputes)) == ({"re_2"}, {"dp_2"})
    assert told == [("cs_test_00000", "revoked")]
    assert (await shop.reconcile()).published == 0
    await an_hour_later(shop, 1)
    shop.stripe.change("dp_1", status="lost")
    assert (await shop.reconcile()).money_behind == 1
    assert (await order_of(shop, 1)).money.status is MoneyStatus.LOST
    assert sorted(told) == [("cs_test_00000", "revoked"), ("cs_test_00001", "revoked")]
    assert not shop.dead_letter.stored
    assert (await shop.reconcile()).published == 0


async def test_a_refund_of_a_sale_that_was_lost_too_is_never_fulfilled_first() -> None:
    shop, told = real_shop()
    await shop.add(Case(order="fulfilled"))
    shop.cases["cs_test_lost"] = lost = Case(age=timedelta(days=3))
    shop.stripe.known["cs_test_lost"] = lost.session("cs_test_lost") | {"payment_intent": "pi_lost"}
    shop.settings = replace(shop.settings, since=datetime.now(UTC) - timedelta(hours=10))
    shop.stripe.put(refund("re_lost", "pi_lost"))
    stats = await shop.reconcile()
    assert (stats.missing, stats.unplaced) == (0, 1)
    found = await shop.order("cs_test_lost")
    assert found
    assert (found.order.status.value, found.order.money.status) == ("paid", MoneyStatus.REFUNDED)
    assert told == [("cs_test_lost", "revoked")]


async def ignored(body: bytes) -> int:
    """Leaves the message to the real subscribers."""
    assert parse_push(body)
    return 204
