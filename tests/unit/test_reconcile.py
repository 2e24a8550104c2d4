"""After reconcile every order is where Stripe says: whatever was lost, however often a run was killed or doubled."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain import lifecycle
from fulfillment.domain.effects import FULFILL, EffectState
from fulfillment.domain.erasure import erase
from fulfillment.errors import PublishFailed, StripeRefused, StripeUnavailable
from fulfillment.reconcile.endpoint import End
from local.fakes.memory_orders import MemoryOrders
from local.fakes.memory_topic import MemoryTopic
from support.money_stripe import MoneyStripe
from support.reconciling import Case, cases, healed, shop_of

some = st.lists(cases, max_size=30)
kills = st.lists(st.integers(0, 120), max_size=6)


@given(some)
async def test_every_order_ends_where_stripe_says(drawn: list[Case]) -> None:
    shop = await shop_of(drawn)
    await healed(shop)
    before = len(shop.topic.stored)
    stats = await shop.reconcile()
    assert (stats.missing, stats.behind, stats.unattended, stats.published) == (0, 0, 0, 0)
    assert len(shop.topic.stored) == before


@given(some, kills, st.lists(st.booleans(), max_size=6))
async def test_runs_that_are_killed_anywhere_lose_nothing(
    drawn: list[Case], turns: list[int], doubled: list[bool]
) -> None:
    shop = await shop_of(drawn)
    for each, twice in zip(turns, [*doubled, *[False] * 6], strict=False):
        await asyncio.gather(*(shop.killed(each + number) for number in range(2 if twice else 1)))
    await healed(shop)


@given(some)
async def test_two_runs_at_once_do_what_one_does(drawn: list[Case]) -> None:
    shop = await shop_of(drawn)
    ends = await asyncio.gather(shop.run_once(), shop.run_once(), shop.run_once(save_seconds=60))
    assert End.RECONCILED in {end for end, _ in ends}
    await shop.topic.settle()
    await healed(shop)


@given(some)
async def test_runs_of_one_page_each_end_where_one_run_ends(drawn: list[Case]) -> None:
    shop = await shop_of(drawn, run_seconds=0)
    runs = 0
    while (await shop.run_once())[0] is not End.RECONCILED:
        runs += 1
        assert runs < 100
    await shop.topic.settle()
    shop.settings = replace(shop.settings, run_seconds=60)
    await healed(shop)


async def test_of_two_runs_at_once_one_sees_that_it_is_not_needed() -> None:
    shop = await shop_of([Case()] * 30)
    ends = await asyncio.gather(shop.run_once(), shop.run_once())
    assert {end for end, _ in ends} == {End.RECONCILED, End.OVERTAKEN}


async def test_where_the_webhook_works_there_is_nothing_to_do() -> None:
    shop = await shop_of([Case(order="fulfilled"), Case(order="awaiting_payment", payment="unpaid")] * 20)
    stats = await shop.reconcile()
    assert (stats.sessions, stats.waiting, stats.owed, stats.published, stats.examples) == (40, 20, 0, 0, [])
    assert not shop.topic.stored


async def test_a_message_that_was_found_is_the_contracts() -> None:
    shop = await shop_of([Case()])
    stats = await shop.reconcile()
    (message,) = shop.topic.stored
    assert message.attributes["event_id"] == "reconcile:cs_test_00000:paid"
    assert message.attributes["source"] == "reconcile"
    assert (stats.missing, stats.examples) == (1, ["cs_test_00000"])
    assert (stats.oldest_missing_s or 0) // 60 == 300


async def test_an_event_that_is_on_its_way_is_not_missed() -> None:
    shop = await shop_of([Case()])
    running = asyncio.create_task(shop.run_once(grace_seconds=1))
    await asyncio.sleep(0.2)
    await shop.add(Case(order="paid"), "cs_test_00000")
    _, stats = await running
    assert (stats.missing, stats.behind, stats.published) == (0, 0, 0)


async def test_a_debt_is_paid_by_a_subscriber_and_only_if_it_was_untouched_for_long() -> None:
    shop = await shop_of([Case(order="paid")])
    fresh = await shop.add(Case(order="paid"))
    subscribed, shop.topic = shop.topic, MemoryTopic()
    stats = await shop.reconcile()
    assert (stats.owed, stats.unattended, stats.published) == (2, 1, 1)
    assert not shop.fulfilled
    shop.topic = subscribed
    await shop.reconcile()
    assert shop.fulfilled == ["cs_test_00000:fulfill"]
    found = await shop.order(fresh)
    assert found
    assert found.order.effects[FULFILL].state is EffectState.OWED


async def test_what_rests_is_left_until_its_time_and_is_then_no_fault() -> None:
    shop = await shop_of([Case(order="paid")])
    stored = await shop.order("cs_test_00000")
    assert stored
    shop.orders = orders = MemoryOrders(lambda: now)
    now = datetime.now(UTC) - timedelta(hours=2)
    await orders.create(lifecycle.back_off(stored.order, FULFILL, "550", now + timedelta(hours=2)))
    now += timedelta(hours=2)
    stats = (await shop.run_once())[1]
    assert (stats.owed, stats.unattended, stats.published) == (1, 0, 0)
    now += timedelta(minutes=16)
    stats = (await shop.run_once())[1]
    assert (stats.owed, stats.unattended, stats.published) == (1, 0, 1)


@pytest.mark.parametrize("said", [StripeRefused("403"), StripeUnavailable("no answer"), None])
async def test_a_debt_is_paid_although_stripe_does_not_show_its_session(said: StripeUnavailable | None) -> None:
    """A connected account was closed, a key lost a permission: the order knows enough for who owes."""
    shop = await shop_of([Case(order="paid", account="acct_1")])
    shop.stripe.faults = [None, said]
    if not said:
        del shop.stripe.known["cs_test_00000"]
    stats = await shop.reconcile()
    assert (stats.unattended, stats.published, stats.refused) == (1, 1, 1)
    assert shop.fulfilled == ["cs_test_00000:fulfill"]
    found = await shop.order("cs_test_00000")
    assert found
    assert len(found.order.events) == 1


async def test_a_debt_that_cannot_be_paid_is_one_message_a_while_and_not_one_a_run() -> None:
    shop = await shop_of([Case(order="paid")])
    shop.fulfill_fails = True
    await shop.run_once()
    await asyncio.sleep(0.1)
    for _ in range(3):
        await shop.run_once()
    assert len(shop.topic.stored) == 1
    shop.fulfill_fails = False
    await shop.topic.settle()
    assert shop.fulfilled == ["cs_test_00000:fulfill"]


async def test_what_is_paid_and_not_fulfilled_for_too_long_is_counted() -> None:
    shop = await shop_of([Case(order="paid"), Case(order="fulfilled")])
    shop.topic = MemoryTopic()
    late = await shop.reconcile()
    assert (late.late, late.oldest_late_s and late.oldest_late_s // 60, late.examples) == (1, 300, ["cs_test_00000"])
    assert (await shop.reconcile(late_minutes=301)).late == 0


async def test_an_order_that_was_erased_before_it_was_fulfilled_is_not_late() -> None:
    """`erase --unsettled` drops what needs the buyer: an alert would tell of it in every run, for ever."""
    shop = await shop_of([Case(order="paid")])
    found = await shop.order("cs_test_00000")
    assert found
    await shop.orders.replace(erase(found.order, datetime.now(UTC)), found.version)
    assert (await shop.reconcile()).late == 0


async def test_an_erased_order_that_still_owes_its_goods_is_late_like_any_other() -> None:
    """The money came after the erasure."""
    shop = await shop_of([Case(order="paid")])
    shop.topic = MemoryTopic()
    found = await shop.order("cs_test_00000")
    assert found
    await shop.orders.replace(replace(found.order, erased_at=datetime.now(UTC)), found.version)
    assert (await shop.reconcile()).late == 1


async def test_a_delayed_payment_is_waited_for_no_longer_than_any_takes() -> None:
    old = Case(order="awaiting_payment", age=timedelta(days=4))
    shop = await shop_of([old, replace(old, account="acct_1")])
    stats = await shop.reconcile(max_age_days=0)
    assert (stats.waiting, [each for each in shop.stripe.reads if each and "cs_" in each]) == (0, [])
    assert (await shop.reconcile()).behind == 2


async def test_a_payment_that_failed_and_came_after_all_is_found_although_its_event_was_lost() -> None:
    """Stripe lets a failed payment be tried again; its session is not listed any more by then."""
    old = Case(order="payment_failed", age=timedelta(days=4))
    shop = await shop_of([old, replace(old, account="acct_1"), replace(old, payment="unpaid")])
    stats = await shop.reconcile()
    assert (stats.waiting, stats.behind) == (3, 2)
    assert list((await shop.ends()).values()) == ["fulfilled", "fulfilled", "payment_failed"]
    assert (await shop.reconcile()).waiting == 0, "once a day is enough: most failures are final"


@pytest.mark.parametrize("failing", [1, 2])
async def test_one_session_that_fails_does_not_keep_the_others_waiting(failing: int) -> None:
    shop = await shop_of([Case(order="awaiting_payment", account="acct_1")] * 5)
    shop.stripe.faults = [None, *[StripeUnavailable("down")] * failing]
    stats = await shop.reconcile()
    assert (stats.refused, stats.behind) == (failing, 5 - failing)
    assert (await shop.reconcile()).behind == failing


async def test_a_closed_account_is_no_outage_however_many_orders_it_has() -> None:
    shop = await shop_of([Case(order="awaiting_payment", account="acct_1")] * 5)
    shop.stripe.faults = [None, *[StripeRefused("403")] * 4]
    assert (await shop.reconcile()).refused == 4


@pytest.mark.parametrize("healthy", range(12))
async def test_a_run_that_finds_stripe_down_ends_and_the_next_goes_on(healthy: int) -> None:
    shop = await shop_of([Case(), Case(order="awaiting_payment"), Case(order="paid")] * 10)
    shop.stripe.faults = [*[None] * healthy, *[StripeUnavailable("down")] * 3]
    with pytest.raises(StripeUnavailable):
        await shop.run_once()
    shop.stripe.faults = []
    await shop.topic.settle()
    await healed(shop)


async def test_a_topic_that_is_down_keeps_the_page_for_the_next_run() -> None:
    shop = await shop_of([Case()] * 20)
    shop.topic.down = True
    with pytest.raises(PublishFailed):
        await shop.run_once()
    shop.topic.down = False
    await healed(shop)


async def test_what_its_subscriber_would_park_is_counted_and_not_published() -> None:
    shop = await shop_of([Case(), Case()])
    shop.stripe.known["cs_test_00000"]["amount_total"] = "35.00"
    shop.stripe.known["cs_test_00001"]["livemode"] = "no"
    stats = await shop.reconcile()
    assert (stats.unreadable, stats.published) == (2, 0)
    assert stats.examples == ["cs_test_00000", "cs_test_00001"]


async def test_the_first_run_looks_back_no_further_than_it_was_told() -> None:
    shop = await shop_of([Case(), Case(age=timedelta(0))])
    await shop.reconcile(since=None)
    assert set((await shop.ends()).values()) == {None, "fulfilled"}
    await shop.reconcile()
    assert set((await shop.ends()).values()) == {"fulfilled"}


async def test_a_session_that_was_completed_a_day_after_it_was_created_is_found_by_the_next_window() -> None:
    shop = await shop_of([Case(age=timedelta(hours=23, minutes=59), status="open")])
    await shop.reconcile()
    shop.stripe.known["cs_test_00000"]["status"] = "complete"
    assert (await shop.reconcile()).missing == 1


KNOWN = [None, None, "awaiting_payment", "payment_failed", "paid", "fulfilled", "erased"]
SAID = [("paid", "processing"), ("no_payment_required", "processing"), ("unpaid", "processing"), ("unpaid", "canceled")]


async def test_of_thousands_of_sessions_a_random_part_is_known_and_all_end_where_stripe_says() -> None:
    """Runs are killed, and doubled, on the way."""
    chance = Random(1)  # noqa: S311
    drawn = [
        Case(payment=payment, intent=intent, age=timedelta(seconds=chance.randrange(70 * 3600)), order=known)
        for (payment, intent), known in zip(chance.choices(SAID, k=2000), chance.choices(KNOWN, k=2000), strict=True)
    ]
    shop = await shop_of(drawn)
    many = MoneyStripe()
    many.known, many.intents, shop.stripe = shop.stripe.known, shop.stripe.intents, many
    for turns in chance.sample(range(6000), k=5):
        await asyncio.gather(shop.killed(turns), shop.killed(turns // 2))
    await healed(shop)
