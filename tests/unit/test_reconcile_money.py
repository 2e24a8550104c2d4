"""Reconcile after the sale: lost events of refunds and disputes are found, and near deadlines are told as levels."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.access import Access, Level
from fulfillment.domain.after_sale import Dispute, Refund, Renewals
from fulfillment.domain.cursor import OVERLAP_SECONDS
from fulfillment.domain.effects import Effect, EffectState
from fulfillment.domain.found_objects import found_object
from fulfillment.domain.ids import OWN, ContextPath, Owner
from fulfillment.domain.order import Order
from fulfillment.domain.order_money import MoneyStatus
from fulfillment.errors import PublishFailed, StripeRefused, StripeUnavailable, StripeUnreadable
from fulfillment.reconcile.endpoint import End
from fulfillment.reconcile.stats import EXAMPLES, ReconcileStats
from local.fakes.memory_topic import MemoryTopic
from local.fakes.stripe_events import Json
from support.money_stripe import INVOICE_PAYMENTS, PATHS, dispute, due_in, refund, with_fact
from support.reconciling import Case, Shop, shop_of

FULFILLED = Case(order="fulfilled")
HOUR = timedelta(hours=1)
FIRST = "cs_test_00000"
DAY = timedelta(days=1)
EARLY = datetime.now(UTC) - timedelta(days=200)


async def shop_with(*money: Json, orders: int = 1, **changes: Any) -> Shop:
    """A shop of fulfilled orders that began long ago, and what Stripe has of their money."""
    shop = await shop_of([FULFILLED] * orders, since=EARLY, **changes)
    shop.stripe.put(*money)
    return shop


async def change(shop: Shop, order_id: str = FIRST, **changes: Any) -> None:
    found = await shop.order(order_id)
    assert found
    assert await shop.orders.replace(replace(found.order, **changes), found.version)


async def order_of(shop: Shop, order_id: str = FIRST) -> Order:
    found = await shop.order(order_id)
    assert found
    return found.order


def told(shop: Shop) -> list[str]:
    return sorted(message.attributes["event_id"] for message in shop.topic.stored)


def levels(stats: ReconcileStats) -> tuple[int | None, int | None, int | None]:
    return stats.open_disputes, stats.evidence_due_72h, stats.evidence_due_24h


async def another_day(shop: Shop) -> None:
    """The next round is the first of its day."""
    version: Any
    last, version = await shop.checkpoint.load()
    assert last
    earlier = replace(last, start=last.start - 86400, end=last.end - 86400, before=last.before - 86400)
    await shop.checkpoint.save(earlier, version)


async def test_a_refund_and_a_dispute_whose_events_were_lost_are_told_of_once() -> None:
    shop = await shop_with(refund("re_1", f"pi_{FIRST}"), dispute("dp_1", f"pi_{FIRST}"))
    stats = await shop.reconcile()
    assert (stats.refunds, stats.disputes, stats.money_behind, stats.unplaced) == (1, 1, 2, 0)
    assert (stats.missing, stats.behind, stats.published, stats.examples) == (0, 0, 2, [FIRST])
    assert told(shop) == ["reconcile:dp_1:needs_response", "reconcile:re_1:succeeded"]
    assert {message.attributes["source"] for message in shop.topic.stored} == {"reconcile"}
    order = await order_of(shop)
    assert (order.refunds["re_1"].status, order.disputes["dp_1"].status) == ("succeeded", "needs_response")
    await another_day(shop)
    assert (await shop.reconcile()).published == 0


async def test_a_refund_that_fails_weeks_after_it_succeeded_is_told_of() -> None:
    shop = await shop_with(refund("re_1", f"pi_{FIRST}", age=30 * DAY))
    await shop.reconcile()
    shop.stripe.change("re_1", status="failed")
    assert (await shop.reconcile()).refunds == 0, "refunds are listed once a day"
    await another_day(shop)
    stats = await shop.reconcile()
    assert (stats.refunds, stats.money_behind) == (1, 1)
    assert (await order_of(shop)).refunds["re_1"].status == "failed"


@pytest.mark.parametrize("age", [HOUR, 129 * DAY])
@pytest.mark.parametrize("status", ["under_review", "warning_under_review", "appeal_under_review"])
async def test_an_open_dispute_is_compared_in_each_run(status: str, age: timedelta) -> None:
    shop = await shop_with(dispute("dp_1", f"pi_{FIRST}", age=age, status="warning_needs_response"))
    await shop.reconcile()
    shop.stripe.change("dp_1", status=status)
    stats = await shop.reconcile()
    assert (stats.disputes, stats.money_behind) == (1, 1)
    assert (await order_of(shop)).disputes["dp_1"].status == status


@pytest.mark.parametrize(("age", "rounds"), [(HOUR, 1), (25 * HOUR, 1), (28 * HOUR, 2), (129 * DAY, 2)])
async def test_a_decided_dispute_is_compared_in_each_run_while_it_is_new_and_then_once_a_day(
    age: timedelta, rounds: int
) -> None:
    shop = await shop_with(dispute("dp_1", f"pi_{FIRST}", age=age))
    await shop.reconcile()
    shop.stripe.change("dp_1", status="won")
    behind = [(await shop.reconcile()).money_behind]
    await another_day(shop)
    behind.append((await shop.reconcile()).money_behind)
    assert behind == ([1, 0] if rounds == 1 else [0, 1])
    assert (await order_of(shop)).disputes["dp_1"].status == "won"


@pytest.mark.parametrize(("before", "behind"), [(0, 1), (1, 0)])
async def test_a_dispute_is_new_if_it_was_made_in_the_window(before: int, behind: int) -> None:
    shop = await shop_with()
    await shop.reconcile()
    last, _ = await shop.checkpoint.load()
    assert last
    created = last.end - OVERLAP_SECONDS - before
    shop.stripe.put(dispute("dp_1", f"pi_{FIRST}", status="lost", created=created))
    assert (await shop.reconcile()).money_behind == behind


async def test_a_run_reads_the_orders_of_no_dispute_that_was_decided_long_ago() -> None:
    """A dispute is in the list for 130 days, and each run reads the list."""
    names = [f"cs_test_{number:05d}" for number in range(20)]
    statuses = ["lost", "won", "warning_closed", "prevented"] * 5
    money = [
        dispute(f"dp_{name}", f"pi_{name}", age=4 * DAY, status=status)
        for name, status in zip(names, statuses, strict=True)
    ]
    shop = await shop_with(*money, orders=20)
    await shop.reconcile()
    asked: list[Any] = []
    find = shop.orders.find

    async def noting(conditions: Any, after: str | None, limit: int) -> Any:
        asked.extend(each.value for each in conditions if each.field == "payment_intent" and each.operator == "in")
        return await find(conditions, after, limit)

    shop.orders.find = noting  # type: ignore[method-assign]
    assert ((await shop.reconcile()).disputes, asked) == (20, [])
    shop.stripe.put(dispute("dp_open", f"pi_{FIRST}", age=4 * DAY))
    await shop.reconcile()
    assert asked == [[f"pi_{FIRST}"]]


async def test_what_can_no_longer_change_is_not_listed() -> None:
    shop = await shop_with(refund("re_1", "pi_1", age=32 * DAY), dispute("dp_1", "pi_1", age=131 * DAY))
    stats = await shop.reconcile()
    assert (stats.refunds, stats.disputes) == (0, 0)


async def test_what_is_older_than_the_deployment_is_not_listed() -> None:
    shop = await shop_with(refund("re_1", f"pi_{FIRST}", age=5 * DAY), dispute("dp_1", f"pi_{FIRST}", age=5 * DAY))
    stats = await shop.reconcile(since=datetime.now(UTC) - 4 * DAY)
    assert (stats.refunds, stats.disputes, stats.published) == (0, 0, 0)


@pytest.mark.parametrize("order_filter", [None, "the shop's"])
async def test_what_has_no_order_is_told_of_while_it_is_new_and_in_the_thorough_round_alone(
    order_filter: str | None,
) -> None:
    shop = await shop_with()
    shop.settings = replace(shop.settings, order_filter=shop.settings.order_filter if order_filter else None)
    await shop.reconcile()
    await another_day(shop)
    for name, make in MAKERS:
        new, old = make(f"{name}_new", "pi_theirs"), make(f"{name}_old", "pi_theirs", age=4 * DAY)
        shop.stripe.put(new, old)
    stats = await shop.reconcile()
    assert (stats.unplaced, stats.money_behind, stats.published, stats.examples) == (2, 0, 2, [])
    assert sorted(shop.money.strangers) == ["dp_new", "re_new"]
    assert not any(stats.problems().values()), "a stranger's is no problem"
    for _ in range(2):
        assert (await shop.reconcile()).published == 0


async def test_what_has_no_payment_intent_belongs_to_no_checkout() -> None:
    shop = await shop_with(refund("re_1", "pi_1", payment_intent=None), dispute("dp_1", "pi_1", payment_intent=None))
    stats = await shop.reconcile()
    assert (stats.refunds, stats.disputes, stats.unplaced, stats.published) == (1, 1, 0, 0)


async def test_after_days_without_a_run_nothing_is_too_old_to_be_told_of() -> None:
    """What was sold by a subscription has no order by its PaymentIntent: only the subscriber finds it."""
    shop = await shop_with()
    await shop.reconcile()
    for _ in range(5):
        await another_day(shop)
    shop.stripe.put(refund("re_1", "pi_invoice", age=4 * DAY))
    assert (await shop.reconcile()).unplaced == 1


async def test_many_refunds_on_many_pages_are_all_compared() -> None:
    names = [f"cs_test_{number:05d}" for number in range(65)]
    money = [refund(f"re_{name}", f"pi_{name}", created=refund("re", "pi")["created"]) for name in names]
    shop = await shop_with(*money, orders=65)
    stats = await shop.reconcile()
    assert (stats.refunds, stats.money_behind, stats.published) == (65, 65, 65)
    for name in names:
        assert (await order_of(shop, name)).refunds[f"re_{name}"].status == "succeeded"


async def test_a_page_of_a_hundred_orders_is_found_in_queries_that_firestore_allows() -> None:
    shop = await shop_with(*(refund(f"re_{number}", f"pi_cs_test_{number:05d}") for number in range(70)), orders=70)
    shop.stripe._page = 100
    asked: list[int] = []
    find = shop.orders.find

    async def counting(conditions: Any, after: str | None, limit: int) -> Any:
        asked.extend(len(each.value) for each in conditions if each.field == "payment_intent" and each.operator == "in")
        return await find(conditions, after, limit)

    shop.orders.find = counting  # type: ignore[method-assign]
    await shop.run_once()
    assert asked == [30, 30, 10]


async def test_an_event_that_is_on_its_way_is_not_behind() -> None:
    raw = refund("re_1", f"pi_{FIRST}")
    shop = await shop_with(raw)
    running = asyncio.create_task(shop.run_once(grace_seconds=1))
    await asyncio.sleep(0.2)
    fact = found_object(raw, owner=OWN, livemode=False, api_version="1", at=datetime.now(UTC)).fact
    order = with_fact(await order_of(shop), fact)
    await change(shop, refunds=order.refunds)
    _, stats = await running
    assert (stats.refunds, stats.money_behind, stats.published) == (1, 0, 0)


@pytest.mark.parametrize("first", [FULFILLED, Case()], ids=["a refund's", "a session's"])
async def test_once_an_event_was_lost_the_others_are_not_waited_for(first: Case) -> None:
    shop = await shop_of([first, *[FULFILLED] * 19], since=EARLY)
    shop.stripe.put(*(refund(f"re_{number}", f"pi_cs_test_{number:05d}") for number in range(20)))
    slept: list[float] = []
    sleep = asyncio.sleep

    async def asleep(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fulfillment.reconcile.comparison.asyncio.sleep", asleep)
        await shop.run_once(grace_seconds=20)
    assert slept.count(20) == 1


@pytest.mark.parametrize("changes", [{"status": "with a blank"}, {"amount": "35"}, {"object": "charge"}, {"id": 7}])
async def test_one_that_cannot_be_read_is_counted_and_stops_no_other(changes: Json) -> None:
    shop = await shop_with(refund("re_1", f"pi_{FIRST}", age=timedelta(hours=2)), refund("re_2", f"pi_{FIRST}"))
    list_refunds = shop.stripe.refunds

    async def odd(*asked: Any) -> Any:
        page = await list_refunds(*asked)
        return replace(page, data=tuple({**each, **changes} if each["id"] == "re_1" else each for each in page.data))

    vars(shop.stripe)["refunds"] = odd
    stats = await shop.reconcile()
    assert (stats.unreadable, stats.money_behind) == (1, 1)
    assert set(stats.examples) == {FIRST, str(changes.get("id", "re_1"))}


async def test_without_the_permission_a_list_is_left_out_and_everything_else_goes_on() -> None:
    shop = await shop_with(refund("re_1", f"pi_{FIRST}"), dispute("dp_1", f"pi_{FIRST}"))
    shop.stripe.forbidden = {PATHS["dispute"]}
    end, stats = await shop.run_once()
    assert (end, list(stats.unlisted), stats.refunds, stats.disputes) == (End.RECONCILED, ["disputes"], 1, 0)
    assert "permission" in stats.unlisted["disputes"]
    assert levels(stats) == (None, None, None), "not known"
    shop.stripe.forbidden = {PATHS["refund"]}
    await another_day(shop)
    end, stats = await shop.run_once()
    assert (end, list(stats.unlisted), stats.refunds, stats.disputes) == (End.RECONCILED, ["refunds"], 0, 1)


@pytest.mark.parametrize("list_name", ["refunds", "disputes"])
async def test_a_list_that_is_refused_on_a_later_page_does_not_mislead_the_next(list_name: str) -> None:
    money = [make(f"{name}_{number}", f"pi_{FIRST}") for name, make in MAKERS for number in range(20)]
    shop = await shop_with(*money)
    whole = getattr(shop.stripe, list_name)

    async def refused(since: int, until: int, after: str | None = None) -> Any:
        if after:
            raise StripeRefused("403")
        return await whole(since, until, after)

    vars(shop.stripe)[list_name] = refused
    end, stats = await shop.run_once()
    assert (end, list(stats.unlisted)) == (End.RECONCILED, [list_name])
    assert {stats.refunds, stats.disputes} == {7, 20}
    assert levels(stats) == ((None,) * 3 if list_name == "disputes" else (20, 0, 0))


Make = Callable[..., Json]
MAKERS: list[tuple[str, Make]] = [("re", refund), ("dp", dispute)]


async def test_an_organizations_key_lists_nothing_and_reads_the_disputes_of_its_orders() -> None:
    shop = await shop_with(refund("re_1", f"pi_{FIRST}"), dispute("dp_1", f"pi_{FIRST}"))
    await disputed_elsewhere(shop)
    stats = (await shop.run_once(stripe_key=lambda: "sk_org_test_1"))[1]
    assert (stats.refunds, stats.disputes, stats.unlisted, levels(stats)) == (0, 1, {}, (1, 0, 0))


async def disputed_elsewhere(shop: Shop, status: str = "needs_response", **changes: Any) -> None:
    """The first order is a connected account's, and its dispute is known with that status."""
    raw = dispute("dp_1", f"pi_{FIRST}", **changes)
    shop.stripe.put(raw)
    shop.stripe.accounts["dp_1"] = "acct_1"
    owner = Owner(account="acct_1", context=ContextPath("acct_1"))
    known = found_object(raw | {"status": status}, owner=owner, livemode=False, api_version="1", at=EARLY).fact
    order = replace(with_fact(await order_of(shop), known), account="acct_1", context=owner.context)
    await change(shop, account=order.account, context=order.context, disputes=order.disputes)


@pytest.mark.parametrize("status", ["needs_response", "under_review", "warning_under_review", "appeal_needs_response"])
async def test_the_open_disputes_of_connected_accounts_are_read_where_an_order_has_them(status: str) -> None:
    shop = await shop_with()
    await disputed_elsewhere(shop, status)
    shop.stripe.change("dp_1", status="won")
    stats = await shop.reconcile()
    assert (stats.disputes, stats.money_behind, stats.published) == (1, 1, 1)
    (message,) = shop.topic.stored
    assert (message.attributes["account"], message.attributes["context"]) == ("acct_1", "acct_1")
    assert (await order_of(shop)).disputes["dp_1"].status == "won"
    assert (await shop.reconcile()).disputes == 0, "decided"


async def test_a_dispute_that_stripe_does_not_show_is_counted_as_the_order_has_it() -> None:
    shop = await shop_with()
    await disputed_elsewhere(shop, evidence_details=due_in(timedelta(hours=3)))
    del shop.stripe.others["/v1/disputes/dp_1"]
    stats = await shop.reconcile()
    assert (stats.refused, stats.disputes, levels(stats)) == (1, 0, (1, 1, 1))


async def test_a_dispute_of_a_connected_account_that_cannot_be_read_is_counted() -> None:
    shop = await shop_with()
    await disputed_elsewhere(shop)
    shop.stripe.change("dp_1", status="with a blank")
    stats = await shop.reconcile()
    assert (stats.unreadable, stats.disputes, levels(stats)) == (1, 1, (1, 0, 0))


async def test_another_object_than_the_one_that_was_asked_for_counts_as_unreadable() -> None:
    """Its status is not the dispute's. It is not published either: it was not asked for."""
    shop = await shop_with()
    await disputed_elsewhere(shop, evidence_details=due_in(HOUR))
    shop.stripe.others["/v1/disputes/dp_1"] = dispute("dp_2", f"pi_{FIRST}", status="won")
    shop.stripe.accounts["dp_2"] = "acct_1"
    stats = await shop.reconcile()
    assert (stats.unreadable, stats.disputes, levels(stats)) == (1, 1, (1, 1, 1))
    assert (stats.money_behind, stats.published, stats.examples) == (0, 0, [FIRST])


async def test_without_the_permission_disputes_of_connected_accounts_are_not_asked_for() -> None:
    """Each order would be one more refusal, in each run."""
    shop = await shop_with()
    await disputed_elsewhere(shop)
    shop.stripe.forbidden = {PATHS["dispute"]}
    stats = await shop.reconcile()
    assert (stats.refused, list(stats.unlisted)) == (0, ["disputes"])
    assert "/v1/disputes/dp_1" not in shop.stripe.reads


async def test_stripe_down_ends_the_run_and_the_next_goes_on_with_disputes() -> None:
    shop = await shop_with(orders=4)
    for number in range(4):
        raw = dispute(f"dp_{number}", f"pi_cs_test_{number:05d}")
        shop.stripe.put(raw)
        shop.stripe.accounts[raw["id"]] = "acct_1"
        known = found_object(raw, owner=OWN, livemode=False, api_version="1", at=EARLY).fact
        order = with_fact(await order_of(shop, f"cs_test_{number:05d}"), known)
        await change(shop, order.id, account="acct_1", disputes=order.disputes)
    shop.stripe.faults = [None, None, *[StripeUnavailable("down")] * 3]
    with pytest.raises(StripeUnavailable):
        await shop.run_once()
    _, stats = await shop.run_once()
    assert (stats.disputes, levels(stats)) == (4, (None, None, None))
    assert levels((await shop.run_once())[1]) == (4, 0, 0)


LEFT = [(timedelta(hours=71), 1, 0), (timedelta(hours=73), 0, 0), (timedelta(hours=23), 1, 1), (-HOUR, 0, 0)]


@pytest.mark.parametrize(("left", "soon", "at_once"), LEFT)
@pytest.mark.parametrize("status", ["needs_response", "warning_needs_response", "appeal_needs_response"])
async def test_a_deadline_without_evidence_is_a_level(left: timedelta, soon: int, at_once: int, status: str) -> None:
    shop = await shop_with(dispute("dp_1", f"pi_{FIRST}", status=status, evidence_details=due_in(left)))
    for _ in range(2):
        stats = await shop.reconcile()
        assert levels(stats) == (1, soon, at_once)
        assert sum(stats.problems().values()) == soon + stats.money_behind
        assert stats.examples == ([FIRST] if soon or stats.money_behind else [])


@pytest.mark.parametrize(
    ("changes", "opened"),
    [
        ({"evidence_details": due_in(HOUR, submission_count=1)}, 1),
        ({"evidence_details": due_in(HOUR), "status": "under_review"}, 1),
        ({"evidence_details": due_in(HOUR), "status": "lost"}, 0),
        ({"evidence_details": due_in(HOUR), "payment_intent": "pi_theirs"}, 0),
        ({"evidence_details": due_in(HOUR) | {"due_by": 0}}, 1),
    ],
)
async def test_where_no_answer_is_possible_or_needed_no_deadline_is_told(changes: Json, opened: int) -> None:
    shop = await shop_with(dispute("dp_1", f"pi_{FIRST}") | changes)
    assert levels(await shop.reconcile()) == (opened, 0, 0)


async def test_the_dispute_of_a_renewal_is_counted_and_told_of_before_its_deadline() -> None:
    raw = dispute("dp_1", "pi_renewal", age=9 * DAY, evidence_details=due_in(HOUR))
    shop = await shop_with(raw)
    await change(shop, subscription="sub_1")
    shop.stripe.put_renewal("pi_renewal", "sub_1")
    stats = await shop.reconcile()
    assert (levels(stats), stats.money_behind) == ((1, 1, 1), 1)
    fact = found_object(raw, owner=OWN, livemode=False, api_version="1", at=datetime.now(UTC)).fact
    assert isinstance(fact.told, Dispute)
    await change(shop, renewals=Renewals(disputes={"dp_1": fact.told}))
    stats = await shop.reconcile()
    assert (levels(stats), stats.money_behind) == ((1, 1, 1), 0)


async def test_only_a_near_deadline_is_worth_asking_for_an_invoice() -> None:
    shop = await shop_with(dispute("dp_1", "pi_theirs"))
    await shop.reconcile()
    assert INVOICE_PAYMENTS not in shop.stripe.reads
    shop.stripe.put(dispute("dp_2", "pi_theirs", evidence_details=due_in(HOUR)))
    assert levels(await shop.reconcile()) == (0, 0, 0)
    assert INVOICE_PAYMENTS in shop.stripe.reads


async def test_without_the_permission_to_read_invoices_all_else_is_counted() -> None:
    money = [dispute(f"dp_{number}", f"pi_{number}", evidence_details=due_in(HOUR)) for number in range(3)]
    shop = await shop_with(*money, dispute("dp_ours", f"pi_{FIRST}", evidence_details=due_in(HOUR)))
    shop.stripe.forbidden = {INVOICE_PAYMENTS}
    stats = await shop.reconcile()
    assert (levels(stats), list(stats.unlisted)) == ((1, 1, 1), ["invoice_payments"])
    assert shop.stripe.reads.count(INVOICE_PAYMENTS) == 1


async def test_an_invoice_that_cannot_be_read_keeps_nothing_else_waiting() -> None:
    money = [dispute(f"dp_{number}", f"pi_{number}", evidence_details=due_in(HOUR)) for number in range(3)]
    shop = await shop_with(*money, refund("re_1", f"pi_{FIRST}"))
    shop.stripe.faults = [None, None, StripeUnavailable("Stripe did not answer in time")]
    stats = await shop.reconcile()
    assert (stats.refused, stats.refunds, levels(stats)) == (1, 1, (0, 0, 0))
    assert "dp_0" in stats.examples
    shop.stripe.faults = [None, None, *[StripeUnreadable("Stripe's answer cannot be read")] * 3]
    end, stats = await shop.run_once()
    assert (end, stats.refused, levels(stats)) == (End.RECONCILED, 3, (0, 0, 0))
    shop.stripe.faults = [None, None, *[StripeUnavailable("down")] * 3]
    with pytest.raises(StripeUnavailable):
        await shop.run_once()


async def test_reads_that_fail_in_a_row_are_counted_over_all_that_is_read_one_by_one() -> None:
    shop = await shop_of([Case(order="awaiting_payment", account="acct_1")] * 2, since=EARLY)
    shop.stripe.put(dispute("dp_1", "pi_invoice", evidence_details=due_in(HOUR)))
    sessions, disputes, down = None, None, StripeUnavailable("down")
    shop.stripe.faults = [sessions, down, down, disputes, down]
    with pytest.raises(StripeUnavailable):
        await shop.run_once()
    assert shop.stripe.reads[-1] == INVOICE_PAYMENTS


@pytest.mark.parametrize("invoice", [None, {}, {"parent": None}, {"parent": {"subscription_details": None}}, 7])
async def test_an_invoice_of_no_subscription_leads_to_no_order(invoice: Any) -> None:
    shop = await shop_with(dispute("dp_1", "pi_1", evidence_details=due_in(HOUR)))

    async def payments(_owner: Owner, **_of: Any) -> Any:
        return ({"invoice": invoice}, {"invoice": invoice})

    vars(shop.stripe)["invoice_payments_of"] = payments
    assert levels(await shop.reconcile()) == (0, 0, 0)


async def test_a_dispute_of_a_subscriptions_first_invoice_is_counted_once_and_compared() -> None:
    """Its order has no PaymentIntent, so the list's entry does not name it."""
    raw = dispute("dp_1", "pi_invoice", age=9 * DAY, evidence_details=due_in(HOUR))
    shop = await shop_with(raw)
    known = found_object(raw, owner=OWN, livemode=False, api_version="1", at=EARLY).fact
    order = with_fact(await order_of(shop), known)
    await change(shop, subscription="sub_1", payment_intent=None, disputes=order.disputes)
    shop.stripe.put_renewal("pi_invoice", "sub_1")
    stats = await shop.reconcile()
    assert (levels(stats), stats.money_behind) == ((1, 1, 1), 0)
    shop.stripe.change("dp_1", status="lost")
    stats = await shop.reconcile()
    assert (levels(stats), stats.money_behind) == ((0, 0, 0), 1)


async def test_a_dispute_that_is_listed_and_read_singly_is_counted_once() -> None:
    """Events name the key's own account where it belongs to an organization."""
    shop = await shop_with()
    await disputed_elsewhere(shop, evidence_details=due_in(HOUR))
    list_disputes = shop.stripe.disputes

    async def own(*asked: Any) -> Any:
        del shop.stripe.accounts["dp_1"]
        page = await list_disputes(*asked)
        shop.stripe.accounts["dp_1"] = "acct_1"
        return page

    vars(shop.stripe)["disputes"] = own
    assert levels(await shop.reconcile()) == (1, 1, 1)


async def test_a_level_is_of_all_disputes_or_is_not_told() -> None:
    """A run that goes on where another stopped has seen a part: it would close an alert that must stay open."""
    money = [dispute(f"dp_{number}", f"pi_{FIRST}", evidence_details=due_in(HOUR)) for number in range(20)]
    shop = await shop_with(*money)
    seen = []
    while True:
        end, stats = await shop.run_once(run_seconds=0)
        seen.append((levels(stats), stats.disputes))
        if end is End.RECONCILED:
            break
    assert {each for each, _ in seen} == {(None, None, None)}
    assert sum(count for _, count in seen) >= 20
    await shop.topic.settle()
    assert levels(await shop.reconcile()) == (20, 20, 20)


async def test_a_run_that_begins_with_the_disputes_sees_all_of_them() -> None:
    shop = await shop_with(dispute("dp_1", f"pi_{FIRST}"))
    shop.stripe.faults = [None, StripeUnavailable("down")]
    with pytest.raises(StripeUnavailable):
        await shop.run_once()
    assert levels((await shop.run_once())[1]) == (1, 0, 0)


async def test_of_many_orders_that_are_due_a_few_are_named() -> None:
    money = [dispute(f"dp_{n}", f"pi_cs_test_{n:05d}", evidence_details=due_in(HOUR)) for n in range(30)]
    shop = await shop_with(*money, orders=30)
    stats = await shop.reconcile()
    assert (levels(stats), len(stats.examples)) == ((30, 30, 30), EXAMPLES)


async def test_a_topic_that_is_down_keeps_refunds_for_the_next_run() -> None:
    shop = await shop_with(refund("re_1", f"pi_{FIRST}"), refund("re_2", "pi_theirs"))
    shop.topic.down = True
    with pytest.raises(PublishFailed):
        await shop.run_once()
    shop.topic.down = False
    await shop.reconcile()
    assert (await order_of(shop)).refunds["re_1"].status == "succeeded"
    assert shop.money.strangers == ["re_2"]


@pytest.mark.parametrize(("level", "late"), [(Level.REVOKED, 0), (Level.GRANTED, 1)])
async def test_an_order_whose_access_is_revoked_is_not_late(level: Level, late: int) -> None:
    """Its effects wait for the money, which may take months."""
    shop = await shop_of([Case(order="paid")])
    shop.topic = MemoryTopic()
    await change(shop, access=Access(level=level, number=1))
    assert (await shop.reconcile()).late == late


@pytest.mark.parametrize("name", ["access_changed", "refunded:re_1", "of_a_newer_version"])
async def test_an_order_that_owes_an_effect_of_after_the_sale_alone_gets_a_message(name: str) -> None:
    shop = await shop_of([FULFILLED])
    found = await shop.order(FIRST)
    assert found
    effects = {**found.order.effects, name: Effect(state=EffectState.OWED, key=f"{FIRST}:{name}")}
    shop.orders.write_by_hand(FIRST, None)  # type: ignore[attr-defined]
    shop.orders._clock = lambda: datetime.now(UTC) - 5 * HOUR  # type: ignore[attr-defined]
    await shop.orders.create(replace(found.order, effects=effects))
    shop.orders._clock = lambda: datetime.now(UTC)  # type: ignore[attr-defined]
    shop.topic = MemoryTopic()
    _, stats = await shop.run_once()
    assert (stats.owed, stats.unattended, stats.published) == (1, 1, 1)
    assert told(shop) == [f"reconcile:{FIRST}:paid"]


def placed_as(order: Order, place: str) -> Order:
    """The order as one that the lists name, or as one that they do not."""
    changes: dict[str, dict[str, Any]] = {
        "named": {},
        "of a connected account": {"account": "acct_1", "context": ContextPath("acct_1")},
        "of a subscription": {"payment_intent": None, "subscription": "sub_1"},
    }
    return replace(order, **changes[place])


async def know(shop: Shop, raw: Json, order_id: str = FIRST, *, age: timedelta, place: str = "named") -> None:
    """Stripe has the object, and the order knows it since so long ago."""
    at = datetime.now(UTC) - age
    fact = found_object(raw, owner=OWN, livemode=False, api_version="1", at=at).fact
    order = placed_as(with_fact(await order_of(shop, order_id), fact), place)
    shop.stripe.put(raw)
    if order.account:
        shop.stripe.accounts[raw["id"]] = order.account
    shop.money.invoiced[raw["payment_intent"]] = order_id
    held = {"refunds": order.refunds, "disputes": order.disputes}
    await change(
        shop,
        order_id,
        account=order.account,
        context=order.context,
        payment_intent=order.payment_intent,
        subscription=order.subscription,
        **held,
    )


def shown(order: Order, object_id: str) -> str:
    return {**order.refunds, **order.disputes}[object_id].status


UNNAMED = ["of a connected account", "of a subscription"]


@pytest.mark.parametrize("place", UNNAMED)
@pytest.mark.parametrize(
    ("raw", "now"),
    [
        (refund("re_1", f"pi_{FIRST}", age=40 * DAY, status="pending"), "failed"),
        (refund("re_1", f"pi_{FIRST}", age=40 * DAY, status="requires_action"), "canceled"),
        (refund("re_1", f"pi_{FIRST}", age=40 * DAY), "failed"),
        (refund("re_1", f"pi_{FIRST}", age=40 * DAY), "requires_action"),
        (refund("re_1", f"pi_{FIRST}", age=40 * DAY, amount=1), "failed"),
        (dispute("dp_1", f"pi_{FIRST}", age=60 * DAY), "lost"),
        (dispute("dp_1", f"pi_{FIRST}", age=60 * DAY, status="lost"), "appeal_under_review"),
        (dispute("dp_1", f"pi_{FIRST}", age=60 * DAY, status="lost"), "won"),
        (dispute("dp_1", f"pi_{FIRST}", age=60 * DAY, status="prevented"), "needs_response"),
    ],
)
async def test_what_no_list_brings_is_read_of_its_order_once_a_day(raw: Json, now: str, place: str) -> None:
    shop = await shop_with()
    await shop.reconcile()
    await know(shop, dict(raw), age=5 * DAY, place=place)
    shop.stripe.change(raw["id"], status=now)
    await another_day(shop)
    stats = await shop.reconcile()
    assert (stats.money_behind, stats.examples) == (1, [FIRST])
    assert shown(await order_of(shop), raw["id"]) == now
    account = "acct_1" if place == "of a connected account" else None
    assert {each.attributes.get("account") for each in shop.topic.stored} == {account}
    await another_day(shop)
    assert (await shop.reconcile()).money_behind == 0


@pytest.mark.parametrize("place", UNNAMED)
async def test_a_decided_dispute_or_a_refund_of_no_list_is_not_read_in_each_run(place: str) -> None:
    shop = await shop_with(orders=2)
    second = "cs_test_00001"
    await shop.reconcile()
    await know(shop, dispute("dp_open", f"pi_{FIRST}", age=40 * DAY), age=5 * DAY, place=place)
    await know(shop, dispute("dp_lost", f"pi_{FIRST}", age=40 * DAY, status="lost"), age=5 * DAY, place=place)
    await know(shop, refund("re_1", f"pi_{FIRST}", age=40 * DAY), age=5 * DAY, place=place)
    await know(shop, refund("re_2", f"pi_{second}", age=40 * DAY, status="pending"), second, age=5 * DAY, place=place)

    async def read_in_a_round() -> list[str]:
        shop.stripe.reads.clear()
        await shop.reconcile()
        return sorted(each.rpartition("/")[2] for each in shop.stripe.reads if each and "_" in each.rpartition("/")[2])

    searched: list[str] = []
    find = shop.orders.find

    async def noting(conditions: Any, after: str | None, limit: int) -> Any:
        searched.extend(each for one in conditions if one.field == "money.status" for each in one.value)
        return await find(conditions, after, limit)

    shop.orders.find = noting  # type: ignore[method-assign]
    assert await read_in_a_round() == ["dp_open"]
    assert {*searched} == {"disputed", "inquiry"}, "all that ever was refunded is read once a day"
    await another_day(shop)
    assert await read_in_a_round() == ["dp_lost", "dp_open", "re_1", "re_2"]
    assert {*searched} == {*MoneyStatus} - {"kept", "won"}


async def test_an_organizations_key_reads_all_refunds_and_disputes_that_may_change() -> None:
    shop = await shop_with(stripe_key=lambda: "sk_org_test_1")
    await shop.reconcile()
    await know(shop, refund("re_1", f"pi_{FIRST}"), age=HOUR)
    await know(shop, dispute("dp_1", f"pi_{FIRST}", status="lost"), age=HOUR)
    shop.stripe.change("re_1", status="failed")
    shop.stripe.change("dp_1", status="won")
    await another_day(shop)
    stats = await shop.reconcile()
    assert (stats.refunds, stats.disputes, stats.money_behind) == (1, 1, 2)
    order = await order_of(shop)
    assert (shown(order, "re_1"), shown(order, "dp_1")) == ("failed", "won")


@pytest.mark.parametrize("status", ["pending", "requires_action"])
@pytest.mark.parametrize("age", [34, 400])
async def test_a_refund_that_is_older_than_the_list_is_read_while_it_is_pending(status: str, age: int) -> None:
    shop = await shop_with()
    await shop.reconcile()
    raw = refund("re_1", f"pi_{FIRST}", age=age * DAY, status=status)
    await know(shop, raw, age=age * DAY)
    shop.stripe.change("re_1", status="failed")
    assert (await shop.reconcile()).money_behind == 0
    await another_day(shop)
    stats = await shop.reconcile()
    assert (stats.refunds, stats.money_behind) == (1, 1)
    assert shown(await order_of(shop), "re_1") == "failed"


async def test_a_refund_that_succeeded_weeks_after_it_was_made_is_read_until_it_cannot_fail() -> None:
    """The list has it for 31 days after it was made. It may fail until 30 days after it succeeded."""
    shop = await shop_with()
    await shop.reconcile()
    await know(shop, refund("re_1", f"pi_{FIRST}", age=34 * DAY, status="requires_action"), age=34 * DAY)
    await know(shop, refund("re_1", f"pi_{FIRST}", age=34 * DAY), age=20 * DAY)
    shop.stripe.change("re_1", status="failed")
    await another_day(shop)
    assert (await shop.reconcile()).money_behind == 1
    assert shown(await order_of(shop), "re_1") == "failed"


async def test_an_open_dispute_that_is_older_than_the_list_is_read_and_counted_in_each_run() -> None:
    shop = await shop_with()
    await know(shop, dispute("dp_1", f"pi_{FIRST}", age=140 * DAY), age=140 * DAY)
    assert levels(await shop.reconcile()) == (1, 0, 0)
    shop.stripe.change("dp_1", status="won")
    stats = await shop.reconcile()
    assert (stats.disputes, stats.money_behind, levels(stats)) == (1, 1, (0, 0, 0))


async def test_what_a_renewal_has_is_compared_where_the_orders_money_tells_of_the_order() -> None:
    shop = await shop_with(refund("re_renewal", "pi_renewal", age=40 * DAY, status="pending"))
    await shop.reconcile()
    await know(shop, refund("re_1", f"pi_{FIRST}", age=40 * DAY), age=35 * DAY)
    raw = shop.stripe.others["/v1/refunds/re_renewal"]
    fact = found_object(raw, owner=OWN, livemode=False, api_version="1", at=EARLY).fact
    assert isinstance(fact.told, Refund)
    await change(shop, renewals=Renewals(refunds={"re_renewal": fact.told}))
    shop.money.invoiced["pi_renewal"] = FIRST
    shop.stripe.change("re_renewal", status="failed")
    await another_day(shop)
    assert (await shop.reconcile()).money_behind == 1
    renewals = (await order_of(shop)).renewals
    assert renewals
    assert renewals.refunds["re_renewal"].status == "failed"


async def test_without_the_permission_refunds_of_no_list_are_not_asked_for() -> None:
    shop = await shop_with()
    await know(shop, refund("re_1", f"pi_{FIRST}", status="pending"), age=HOUR, place="of a connected account")
    shop.stripe.forbidden = {PATHS["refund"]}
    stats = await shop.reconcile()
    assert (stats.refused, list(stats.unlisted)) == (0, ["refunds"])


async def test_a_refund_that_stripe_does_not_show_stops_no_other() -> None:
    shop = await shop_with(orders=2)
    for number, order_id in enumerate(["cs_test_00000", "cs_test_00001"]):
        raw = refund(f"re_{number}", f"pi_{order_id}", status="pending")
        await know(shop, raw, order_id, age=DAY, place="of a connected account")
    del shop.stripe.others["/v1/refunds/re_0"]
    shop.stripe.change("re_1", status="failed")
    stats = await shop.reconcile()
    assert (stats.refused, stats.refunds, stats.money_behind) == (1, 1, 1)
    assert shown(await order_of(shop, "cs_test_00001"), "re_1") == "failed"


async def test_a_dispute_that_becomes_known_between_two_stages_is_counted_once() -> None:
    """The list's stage publishes it. Until the next stage its order may show it."""
    raw = dispute("dp_1", "pi_invoice", age=9 * DAY, evidence_details=due_in(HOUR))
    shop = await shop_with(raw)
    await change(shop, subscription="sub_1", payment_intent=None)
    shop.stripe.put_renewal("pi_invoice", "sub_1")
    find = shop.orders.find

    async def after_it_is_known(conditions: Any, after: str | None, limit: int) -> Any:
        if conditions[0].field == "money.status" and not (await order_of(shop)).disputes:
            await know(shop, raw, age=HOUR, place="of a subscription")
        return await find(conditions, after, limit)

    shop.orders.find = after_it_is_known  # type: ignore[method-assign]
    _, stats = await shop.run_once()
    assert (stats.disputes, levels(stats)) == (2, (1, 1, 1))


KNOWN = st.tuples(
    st.sampled_from(["named", *UNNAMED]),
    st.one_of(
        st.tuples(st.just("re"), st.sampled_from(Refund.CHAIN), st.sampled_from(Refund.CHAIN)),
        st.tuples(st.just("dp"), st.sampled_from(Dispute.CHAIN), st.sampled_from(Dispute.CHAIN)),
    ),
    st.integers(0, 140),
)
FINAL = {"won", "failed", "canceled"}
DAYS = {"succeeded": 31, "lost": 130, "prevented": 130, "warning_closed": 130}
UNSEEN = {"warning_closed", *FINAL}
"""An order that has no other object is `kept` or `won`, as almost all orders are: these are not searched."""


@given(st.lists(KNOWN, max_size=8), st.lists(st.integers(0, 60), max_size=3))
async def test_each_order_shows_what_stripe_has_whether_a_list_names_it_or_not(
    drawn: list[tuple[str, tuple[str, str, str], int]], kills: list[int]
) -> None:
    """Of an order that the lists name, of a connected account's, and of one without a PaymentIntent."""
    shop = await shop_with(orders=max(1, len(drawn)))
    await shop.reconcile()
    for number, (place, (kind, known, now), days) in enumerate(drawn):
        name, order_id = f"{kind}_{number}", f"cs_test_{number:05d}"
        raw = dict(MAKERS)[kind](name, f"pi_{order_id}", status=known, age=days * DAY + HOUR)
        await know(shop, raw, order_id, age=days * DAY + HOUR, place=place)
        shop.stripe.change(name, status=now)
    await another_day(shop)
    for turns in kills:
        await shop.killed(turns)
    await shop.reconcile()
    for number, (place, (kind, known, now), days) in enumerate(drawn):
        listed = place == "named" and days < {"re": 31, "dp": 130}[kind]
        singly = known not in UNSEEN and days < DAYS.get(known, 1000)
        if listed or singly:
            assert shown(await order_of(shop, f"cs_test_{number:05d}"), f"{kind}_{number}") == now
    await another_day(shop)
    assert (await shop.reconcile()).money_behind == 0


REFUNDS = st.tuples(st.just("re"), st.sampled_from(Refund.CHAIN), st.integers(0, 35))
DISPUTES = st.tuples(st.just("dp"), st.sampled_from(Dispute.CHAIN), st.integers(0, 135))


@given(st.lists(st.one_of(REFUNDS, DISPUTES), max_size=12), st.lists(st.integers(0, 60), max_size=3))
async def test_however_often_runs_are_killed_orders_show_what_stripe_has(
    drawn: list[tuple[str, str, int]], kills: list[int]
) -> None:
    shop = await shop_with(orders=3)
    for number, (kind, status, days) in enumerate(drawn):
        make = dict(MAKERS)[kind]
        raw = make(f"{kind}_{number}", f"pi_cs_test_{number % 4:05d}", status=status, age=days * DAY + HOUR)
        shop.stripe.put(raw)
    for turns in kills:
        await shop.killed(turns)
    await shop.reconcile()
    for number, (kind, status, days) in enumerate(drawn):
        if number % 4 < 3 and days < {"re": 31, "dp": 130}[kind]:
            order = await order_of(shop, f"cs_test_{number % 4:05d}")
            shown: Any = order.refunds if kind == "re" else order.disputes
            assert shown[f"{kind}_{number}"].status == status
    await another_day(shop)
    assert (await shop.reconcile()).money_behind == 0
