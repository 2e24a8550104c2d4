"""The order of a refund or a dispute: each row of the table in `subscriber.order_finder`."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fulfillment.domain.ids import OWN, Owner
from fulfillment.domain.order_filter import OrderFilter
from fulfillment.domain.ownership import Ownership
from fulfillment.errors import (
    CorruptOrder,
    NoOrderKnown,
    OrderNotHere,
    PermanentError,
    StripeUnavailable,
    TransientError,
)
from fulfillment.subscriber.order_finder import OrderFinder, Place
from local.fakes.memory_orders import MemoryOrders
from local.fakes.memory_stripe import MemoryStripe
from local.fakes.stripe_after_sale import AfterSaleWorld
from local.fakes.stripe_events import COMPLETED, Json, event, session
from support.after_sale_shop import Shop, at, lines, long_ago
from support.builders import order_of

ACME = OrderFilter.parse("metadata.shop=acme")
SUBSCRIBED: dict[str, Any] = {
    "payment_intent": None,
    "mode": "subscription",
    "subscription": "sub_1",
    "invoice": "in_1",
}


@dataclass
class Desk:
    """A finder, the orders here, and the sessions at Stripe."""

    has_key: bool = True
    order_filter: OrderFilter | None = None
    since: datetime | None = None
    orders: MemoryOrders = field(default_factory=MemoryOrders)
    stripe: MemoryStripe = field(default_factory=MemoryStripe)

    def __post_init__(self) -> None:
        self.world = AfterSaleWorld(stripe=self.stripe)

    def sell(self, session_id: str = "cs_test_a", account: str | None = None, **changes: Any) -> Json:
        """A session at Stripe."""
        sold = session(session_id, **{"payment_intent": "pi_1", **changes})
        self.stripe.known[session_id] = sold
        if account:
            self.stripe.accounts[session_id] = account
        return sold

    async def keep(self, session_id: str = "cs_test_a", account: str | None = None, **changes: Any) -> None:
        """An order here."""
        sold = session(session_id, **{"payment_intent": "pi_1", **changes})
        await self.orders.create(order_of(event(COMPLETED, sold, **({"account": account} if account else {}))))

    async def find(
        self, payment_intent: str | None = "pi_1", owner: Owner = OWN, published_at: datetime | None = None
    ) -> Place | None:
        stripe = self.stripe if self.has_key else None
        ownership = Ownership(livemode=False, order_filter=self.order_filter)
        return await OrderFinder(self.orders, stripe, ownership, self.since).find(payment_intent, owner, published_at)


def shown(place: Place | None) -> tuple[str, str, bool] | None:
    """Where it is: the order's id, whether it is here or made, and whether a renewal is meant."""
    return (place.checkout.id, "here" if place.stored else "made", place.renewal) if place else None


HERE, MADE = ("cs_test_a", "here", False), ("cs_test_a", "made", False)
RENEWED, RENEWED_MADE = ("cs_test_a", "here", True), ("cs_test_a", "made", True)


async def test_what_has_no_payment_is_a_strangers() -> None:
    desk = Desk()
    assert await desk.find(None) is None
    assert desk.stripe.reads == []


# --- an order here


async def test_an_order_here_is_found_without_a_read() -> None:
    desk = Desk()
    await desk.keep()
    await desk.keep("cs_test_b", payment_intent="pi_2")
    assert shown(await desk.find()) == HERE
    assert desk.stripe.reads == []


@pytest.mark.parametrize(
    ("sold_by", "told_by", "found"),
    [
        (None, None, HERE),
        (None, "acct_1", HERE),
        ("acct_1", None, HERE),
        ("acct_1", "acct_1", HERE),
        ("acct_1", "acct_2", None),
    ],
)
async def test_an_order_of_another_account_is_a_strangers(
    sold_by: str | None, told_by: str | None, found: tuple[str, str, bool] | None
) -> None:
    desk = Desk()
    await desk.keep(account=sold_by)
    assert shown(await desk.find(owner=Owner(account=told_by))) == found


async def test_an_order_that_the_filter_does_not_match_any_more_is_still_the_order() -> None:
    desk = Desk(order_filter=ACME)
    await desk.keep()
    assert shown(await desk.find()) == HERE


async def test_an_order_that_cannot_be_read_is_not_passed_over() -> None:
    class Unreadable(MemoryOrders):
        async def find(self, conditions: Any, after: str | None, limit: int) -> Any:
            found = await super().find(conditions, after, limit)
            return type(found)(orders=(), unreadable=("cs_test_a",), last=found.last)

    with pytest.raises(CorruptOrder, match="cannot be read"):
        await Desk(orders=Unreadable()).find()


# --- no key


@pytest.mark.parametrize(
    ("age", "raised"),
    [
        (None, OrderNotHere),
        (timedelta(), OrderNotHere),
        (timedelta(minutes=59), OrderNotHere),
        (timedelta(minutes=61), NoOrderKnown),
        (timedelta(days=6), NoOrderKnown),
    ],
)
async def test_without_a_key_an_order_may_be_an_hour_late(
    age: timedelta | None, raised: type[TransientError | PermanentError]
) -> None:
    with pytest.raises(raised, match="no key to ask Stripe"):
        await Desk(has_key=False).find(published_at=None if age is None else datetime.now(UTC) - age)


@pytest.mark.parametrize("age", [timedelta(), timedelta(days=6)])
async def test_without_a_key_but_with_a_filter_nothing_can_tell(age: timedelta) -> None:
    assert await Desk(has_key=False, order_filter=ACME).find(published_at=datetime.now(UTC) - age) is None


# --- a session at Stripe


async def test_a_session_of_ours_makes_its_order() -> None:
    desk = Desk()
    desk.sell()
    place = await desk.find()
    assert shown(place) == MADE
    assert place is not None
    assert place.event is not None
    assert place.event.id == "reconcile:cs_test_a:paid"
    assert desk.stripe.reads == ["/v1/checkout/sessions"]


async def test_a_connected_accounts_session_is_asked_for_there() -> None:
    desk = Desk()
    desk.sell(account="acct_1")
    place = await desk.find(owner=Owner(account="acct_1"))
    assert shown(place) == MADE
    assert place is not None
    assert place.checkout.account == "acct_1"
    assert await desk.find() is None


async def test_an_order_that_lacks_its_payment_is_found_by_its_session() -> None:
    desk = Desk()
    await desk.keep(payment_intent=None)
    desk.sell()
    assert shown(await desk.find()) == HERE


@pytest.mark.parametrize(
    "changes",
    [
        {"livemode": True},
        {"metadata": {"shop": "other"}},
        {"mode": "setup"},
        {"status": "expired", "payment_status": "unpaid"},
    ],
    ids=["other mode", "filtered", "setup", "expired"],
)
async def test_a_session_that_makes_no_order_here_is_a_strangers(changes: Json) -> None:
    desk = Desk(order_filter=ACME)
    desk.sell(**{"metadata": {"shop": "acme"}, **changes})
    assert await desk.find() is None


async def test_a_session_that_is_not_complete_yet_is_asked_for_again() -> None:
    desk = Desk()
    desk.sell(status="open", payment_status="unpaid")
    with pytest.raises(OrderNotHere, match="not complete"):
        await desk.find()


async def test_an_answer_that_is_no_session_is_asked_for_again() -> None:
    desk = Desk()
    desk.sell(livemode="perhaps")
    with pytest.raises(StripeUnavailable, match="cannot be read"):
        await desk.find()


APPLIED = long_ago(days=3)


@pytest.mark.parametrize(
    ("since", "made", "found"),
    [
        (None, long_ago(hours=25), MADE),
        (None, long_ago(hours=27), None),
        (APPLIED, APPLIED + timedelta(minutes=1), MADE),
        (APPLIED, APPLIED - timedelta(minutes=1), None),
        (long_ago(hours=1), long_ago(hours=2), None),
    ],
)
async def test_a_sale_from_before_this_deployment_is_a_strangers(
    since: datetime | None, made: datetime, found: tuple[str, str, bool] | None
) -> None:
    desk = Desk(since=since)
    desk.sell(created=at(made))
    assert shown(await desk.find()) == found


async def test_an_old_session_whose_order_is_here_is_its_order() -> None:
    desk = Desk()
    await desk.keep(payment_intent=None)
    desk.sell(created=at(long_ago(days=90)))
    assert shown(await desk.find()) == HERE


# --- invoices


async def test_the_first_invoice_of_a_subscription_is_the_orders() -> None:
    desk = Desk()
    await desk.keep(**SUBSCRIBED)
    desk.world.invoice("in_1", "sub_1", "pi_1")
    assert shown(await desk.find()) == HERE


async def test_a_later_invoice_is_a_renewal() -> None:
    desk = Desk()
    await desk.keep(**SUBSCRIBED)
    desk.world.invoice("in_2", "sub_1", "pi_2")
    assert shown(await desk.find("pi_2")) == RENEWED


@pytest.mark.parametrize(("invoice", "intent"), [("in_1", "pi_1"), ("in_2", "pi_2")])
async def test_a_subscription_of_another_account_is_a_strangers(invoice: str, intent: str) -> None:
    desk = Desk()
    await desk.keep(account="acct_1", **SUBSCRIBED)
    desk.world.payment(intent, 1000, account="acct_2")
    desk.world.invoice(invoice, "sub_1", intent)
    assert await desk.find(intent, Owner(account="acct_2")) is None


@pytest.mark.parametrize(("invoice", "found"), [("in_1", MADE), ("in_2", RENEWED_MADE)])
async def test_a_subscription_that_a_session_of_ours_sold_makes_its_order(
    invoice: str, found: tuple[str, str, bool]
) -> None:
    desk = Desk()
    desk.sell(**SUBSCRIBED)
    desk.world.invoice(invoice, "sub_1", "pi_9")
    assert shown(await desk.find("pi_9")) == found


async def test_a_renewal_of_an_order_that_lacks_its_subscription_is_found_by_its_session() -> None:
    desk = Desk()
    unknown: dict[str, Any] = SUBSCRIBED | {"subscription": None}
    await desk.keep(**unknown)
    desk.sell(**SUBSCRIBED)
    desk.world.invoice("in_2", "sub_1", "pi_2")
    assert shown(await desk.find("pi_2")) == RENEWED


async def test_a_renewal_of_a_subscription_from_before_this_deployment_is_a_strangers() -> None:
    desk = Desk()
    desk.sell(**SUBSCRIBED, created=at(long_ago(days=31)))
    desk.world.invoice("in_2", "sub_1", "pi_2")
    assert await desk.find("pi_2") is None


async def test_an_invoice_that_no_session_sold_is_a_strangers() -> None:
    desk = Desk()
    desk.world.invoice("in_2", "sub_other", "pi_2")
    assert await desk.find("pi_2") is None
    desk.world.invoice("in_3", "sub_other", "pi_3")["parent"] = None
    assert await desk.find("pi_3") is None
    desk.world.invoice("in_4", "sub_other", "pi_4")["parent"] = {"subscription_details": None}
    assert await desk.find("pi_4") is None


async def test_a_payment_that_nothing_here_sold_is_a_strangers() -> None:
    desk = Desk()
    assert await desk.find() is None
    assert desk.stripe.reads == ["/v1/checkout/sessions", "/v1/invoice_payments"]


async def test_an_invoice_that_cannot_be_read_is_asked_for_again() -> None:
    desk = Desk()
    desk.world.invoice("in_2", "sub_1", "pi_2")["parent"] = "none"
    with pytest.raises(StripeUnavailable, match="cannot be read"):
        await desk.find("pi_2")


# --- what the subscriber makes of it


async def test_a_strangers_refund_is_acknowledged_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    shop = Shop()
    shop.world.payment("pi_foreign", 1000)
    assert await shop.tell(*shop.world.refund("pi_foreign"), *shop.world.dispute("pi_foreign")) == [204] * 3
    assert [(each["severity"], each["outcome"]) for each in lines(capsys)] == [("INFO", "stranger")] * 3
    assert shop.dead_letter.stored == []


@pytest.mark.parametrize("since", [None, long_ago(days=1)])
async def test_a_refund_of_a_sale_from_before_the_first_apply_makes_no_document_and_calls_no_hook(
    since: datetime | None,
) -> None:
    shop = Shop({"since": since})
    shop.pay(created=at(long_ago(hours=27)))
    for thin in (False, True):
        assert await shop.tell(*shop.world.refund("pi_1", 100), thin=thin) == [204]
    assert await shop.orders.get("cs_test_a1") is None
    assert (shop.calls, shop.dead_letter.stored) == ([], [])


async def test_without_a_key_it_is_parked_after_an_hour_and_a_replay_finds_the_order() -> None:
    shop = Shop(has_key=False)
    sold = shop.pay()
    (told,) = shop.world.refund("pi_1")
    shop.published_at = long_ago(minutes=61)
    assert await shop.tell(told) == [204]
    assert shop.reasons()[0].startswith("no_order_known: no order here has this PaymentIntent, and there is no key")
    assert await shop.push(event(COMPLETED, sold)) == 204
    assert await shop.push(told.snapshot, replay="true") == 204
    assert len((await shop.order()).refunds) == 1


async def test_without_a_key_but_with_a_filter_it_is_acknowledged_and_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shop = Shop({"order_filter": ACME}, has_key=False)
    shop.pay()
    assert await shop.tell(*shop.world.refund("pi_1")) == [204]
    assert lines(capsys)[0]["outcome"] == "stranger"


@pytest.mark.parametrize("refused", ["/v1/checkout/sessions", "/v1/invoice_payments"])
async def test_a_key_that_may_not_see_whose_it_is_parks_it_with_the_reason(refused: str) -> None:
    shop = Shop()
    shop.world.invoice("in_9", "sub_9", "pi_9")
    shop.stripe.refused = {refused}
    assert await shop.tell(*shop.world.refund("pi_9")) == [204]
    assert shop.reasons() == [f"read_refused: the order of pi_9. Stripe answered 403 to {refused}"]


async def test_a_stripe_that_does_not_answer_brings_it_again() -> None:
    shop = Shop()
    shop.pay()
    shop.stripe.faults = [StripeUnavailable("down")]
    told = shop.world.refund("pi_1")
    assert [*await shop.tell(*told), *await shop.tell(*told)] == [503, 204]
