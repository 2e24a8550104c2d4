"""A run of reconcile dies between any two of its steps, and the next one goes on: every moment, not samples."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from fulfillment.domain.found_objects import found_object
from fulfillment.domain.ids import OWN, Id
from support.money_stripe import dispute, due_in, refund, with_fact
from support.mortal import Died, Life, Mortal
from support.reconciling import Case, Shop, healed, shop_of

DRAWN = [
    *[Case()] * 8,  # more than fit on a page
    Case(order="awaiting_payment"),
    Case(order="awaiting_payment", payment="unpaid", intent="canceled"),
    Case(order="awaiting_payment", age=timedelta(days=4)),
    Case(order="paid"),
]
FULFILLED = [Case(order="fulfilled")] * 3
OURS = [f"pi_cs_test_{len(DRAWN) + number:05d}" for number in range(3)]
SOON = due_in(timedelta(hours=3))
MONEY = [
    *(refund(f"re_{number}", OURS[0]) for number in range(8)),  # more than fit on a page
    refund("re_theirs", "pi_theirs"),
    refund("re_late", "pi_cs_test_00000"),  # of a sale that is found in the same run
    *(dispute(f"dp_{number}", OURS[1]) for number in range(8)),
    dispute("dp_renewal", "pi_renewal", evidence_details=SOON),
]
CONNECTED = [dispute("dp_connected", OURS[2], status="won"), refund("re_connected", OURS[2], status="failed")]
BEFORE = ["needs_response", "pending"]
PARTS = ("stripe", "orders", "checkpoint", "topic")


async def lived(deaths: Collection[int]) -> tuple[Shop, Life]:
    """A shop after one run, which died where it was told to; what it published is still on its way."""
    shop, life = await shop_of([*DRAWN, *FULFILLED]), Life(deaths)
    await add_money(shop)
    outside: dict[str, Any] = {name: getattr(shop, name) for name in PARTS}
    vars(shop).update({name: Mortal(part, life) for name, part in outside.items()})
    died = False
    try:
        await shop.run_once()
    except Died:
        died = True
    assert died is bool(deaths)
    vars(shop).update(outside)
    return shop, life


async def add_money(shop: Shop) -> None:
    """What happened after the sale, of which no event came."""
    shop.stripe.put(*MONEY, *CONNECTED)
    shop.stripe.put_renewal("pi_renewal", "sub_1")
    found = await shop.orders.get(OURS[2].removeprefix("pi_"))
    assert found
    order = replace(found.order, account=Id("acct_1"))
    for raw, status in zip(CONNECTED, BEFORE, strict=True):
        shop.stripe.accounts[raw["id"]] = "acct_1"
        known, at = raw | {"status": status}, datetime(2026, 1, 1, tzinfo=UTC)
        order = with_fact(order, found_object(known, owner=OWN, livemode=False, api_version="1", at=at).fact)
    await shop.orders.replace(order, found.version)
    found = await shop.orders.get(OURS[1].removeprefix("pi_"))
    assert found
    await shop.orders.replace(replace(found.order, subscription=Id("sub_1")), found.version)


async def told(shop: Shop) -> set[str]:
    """The ids of all that was published when everything is healed."""
    await shop.topic.settle()
    await healed(shop)
    orders = [await shop.order(each.removeprefix("pi_")) for each in OURS]
    refunded, disputed, connected = [each.order for each in orders if each]
    assert {each.status for each in refunded.refunds.values()} == {"succeeded"}
    assert {each.status for each in disputed.disputes.values()} == {"needs_response"}
    assert connected.disputes["dp_connected"].status == "won"
    assert connected.refunds["re_connected"].status == "failed"
    assert (len(refunded.refunds), len(disputed.disputes)) == (8, 8)
    return {message.attributes["event_id"] for message in shop.topic.stored}


async def test_a_run_that_dies_at_any_moment_is_gone_on_with_and_nothing_is_told_that_was_not_to_be() -> None:
    calm, life = await lived(())
    expected = await told(calm)
    for moment in range(len(life.steps)):
        shop, _ = await lived((moment,))
        assert await told(shop) == expected, f"died {life.steps[moment]}"


async def test_every_step_of_a_run_is_a_place_to_die_at() -> None:
    calm, life = await lived(())
    await told(calm)
    calls = {
        *("load", "save", "find", "get_all", "publish"),
        *("sessions", "session", "disputes", "object_at", "invoice_payments_of", "refunds"),
    }
    assert set(life.steps) == {f"{when} {call}" for when in ("before", "after") for call in calls}
