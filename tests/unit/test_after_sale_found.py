"""A refund before its order, a sale that is found together with its refunds, and a subscription's renewals."""

from typing import Any

import pytest

from fulfillment.domain.effects import MONEY, EffectState
from fulfillment.domain.order import Order
from fulfillment.domain.order_filter import OrderFilter
from local.fakes.memory_orders import MemoryOrders
from local.fakes.stripe_events import COMPLETED, Json, event, thin_event
from support.after_sale_shop import KINDS, OLD, ORDER, PAYMENT, Shop, at, level, lines, long_ago, money
from support.handlers import logged

Capture = pytest.CaptureFixture[str]


# --- an event before its order, and sales that are found


@pytest.mark.parametrize("thin", [False, True], ids=["snapshot", "thin"])
async def test_a_refund_before_its_sale_makes_the_order_and_fulfills_nothing(thin: bool, capsys: Capture) -> None:  # noqa: FBT001
    shop = Shop()
    sold = shop.pay()
    (told,) = shop.world.refund(PAYMENT)
    assert await shop.tell(told, thin=thin) == [204]
    line = logged(capsys)
    assert (line["outcome"], line["session"], line["access"]) == ("created", ORDER, "revoked")
    order = await shop.order()
    assert (order.status.value, money(order), level(order)) == ("paid", "refunded", "revoked")
    assert [each[:2] for each in shop.called()] == [("access_changed", "revoked"), ("refunded", "succeeded")]
    fulfill = order.effects["fulfill"]
    assert (fulfill.state, fulfill.held_by) == (EffectState.HELD, (MONEY,))
    assert order.effects["load_line_items"].state is EffectState.DONE
    assert await shop.push(event(COMPLETED, sold)) == 204
    assert (shop.called(), (await shop.order()).status.value) == ([], "paid")


async def test_what_was_found_brings_all_refunds_and_disputes_in_one_write() -> None:
    writes: list[Order] = []

    class Noted(MemoryOrders):
        async def create(self, order: Order) -> Any:
            writes.append(order)
            return await super().create(order)

    shop = Shop(orders=Noted())
    shop.pay()
    shop.world.refund(PAYMENT, 1000)
    (last,) = shop.world.refund(PAYMENT)
    shop.world.dispute(PAYMENT, "warning_closed")
    assert await shop.tell(last) == [204]
    (first,) = writes
    assert (len(first.refunds), len(first.disputes), level(first)) == (2, 1, "revoked")
    assert first.effects["fulfill"].held_by == (MONEY,)
    assert "fulfill" not in [each[0] for each in shop.called()]


async def test_a_refund_that_fails_lets_the_sale_be_fulfilled_and_then_tells_of_the_access() -> None:
    shop = Shop()
    shop.pay()
    given = shop.world.refund(PAYMENT)
    await shop.tell(*given)
    shop.called()
    shop.ago = 0
    assert await shop.tell(*shop.world.becomes(given[0].about, "failed")) == [204]
    assert [each[:2] for each in shop.called()] == [
        ("fulfill", f"{ORDER}:fulfill"),
        ("access_changed", "granted"),
        ("refunded", "failed"),
    ]
    assert (await shop.order()).status.value == "fulfilled"


@pytest.mark.parametrize("refused", [{"/v1/refunds"}, {"/v1/disputes"}, {"/v1/refunds", "/v1/disputes"}])
async def test_a_scope_that_is_missing_does_not_stop_the_sale(refused: set[str], capsys: Capture) -> None:
    shop = Shop()
    shop.pay()
    (told,) = shop.world.refund(PAYMENT, 500)
    shop.stripe.refused = refused
    assert await shop.tell(told) == [204]
    order = await shop.order()
    assert (order.status.value, money(order)) == ("fulfilled", "partly_refunded")
    assert "403" in logged(capsys)["unlisted"]


def found(sold: Json, claim: str = "paid") -> Json:
    return event(COMPLETED, sold, id=f"reconcile:{sold['id']}:{claim}")


@pytest.mark.parametrize("way", ["synthetic", "thin"])
async def test_a_sale_that_was_found_brings_its_refunds_and_disputes_along(way: str, capsys: Capture) -> None:
    shop = Shop()
    sold = shop.pay()
    shop.world.refund(PAYMENT)
    shop.world.dispute(PAYMENT, "warning_needs_response")
    said = found(sold) if way == "synthetic" else thin_event(COMPLETED, sold)
    assert [await shop.push(said), await shop.push(said)] == [204, 204]
    first, again = lines(capsys)
    assert (first["noticed"], first["money_status"], first["access"]) == (["inquiry"], "inquiry", "revoked")
    assert "noticed" not in again
    assert {each[0] for each in shop.called()} == {"access_changed", "disputed", "refunded"}
    order = await shop.order()
    assert (order.status.value, level(order), order.effects["fulfill"].held_by) == ("paid", "revoked", (MONEY,))
    lists = [each for each in shop.stripe.reads if each in {"/v1/refunds", "/v1/disputes"}]
    assert lists == ["/v1/refunds", "/v1/disputes"]


async def test_a_snapshot_event_of_a_sale_brings_nothing_along() -> None:
    shop = Shop()
    sold = shop.pay()
    shop.world.refund(PAYMENT)
    assert await shop.push(event(COMPLETED, sold)) == 204
    assert shop.stripe.reads == [f"line items of {ORDER} of None"]
    assert (await shop.order()).status.value == "fulfilled"


async def test_a_sale_that_is_found_without_a_key_or_unpaid_reads_nothing() -> None:
    shop = Shop(has_key=False)
    assert await shop.push(found(shop.pay())) == 204
    other = Shop()
    assert await other.push(found(other.pay(payment_status="unpaid"), "awaiting_payment")) == 204
    assert shop.stripe.reads == other.stripe.reads == []


async def test_an_unpaid_order_that_is_found_paid_brings_its_refunds_along() -> None:
    shop = Shop()
    sold = shop.pay()
    assert await shop.push(event(COMPLETED, sold | {"payment_status": "unpaid"})) == 204
    shop.world.refund(PAYMENT)
    assert await shop.push(found(sold)) == 204
    assert (level(await shop.order()), "fulfill" in [each[0] for each in shop.called()]) == ("revoked", False)


async def test_a_found_subscription_brings_what_befell_its_first_invoice() -> None:
    shop = Shop()
    sold = shop.pay(payment_intent=None, mode="subscription", subscription="sub_1", invoice="in_1")
    shop.world.invoice("in_1", "sub_1", PAYMENT, 3500)
    shop.world.refund(PAYMENT)
    assert await shop.push(found(sold)) == 204
    assert level(await shop.order()) == "revoked"


async def test_a_key_that_may_not_see_invoices_does_not_stop_a_found_subscription(capsys: Capture) -> None:
    shop = Shop()
    bought = shop.pay(payment_intent=None, mode="subscription", subscription="sub_1", invoice="in_1")
    shop.world.invoice("in_1", "sub_1", PAYMENT, 3500)
    shop.stripe.refused = {"/v1/invoice_payments"}
    assert await shop.push(found(bought)) == 204
    assert (await shop.order()).status.value == "fulfilled"
    assert "403" in logged(capsys)["unlisted"]


async def test_a_free_order_has_no_payment_to_ask_for() -> None:
    shop = Shop()
    sold = shop.pay(payment_intent=None, amount_total=0, payment_status="no_payment_required")
    assert await shop.push(found(sold)) == 204
    assert [each for each in shop.stripe.reads if str(each).startswith("/v1")] == []
    assert (await shop.order()).status.value == "fulfilled"


async def test_an_answer_that_cannot_be_read_brings_the_sale_again() -> None:
    shop = Shop()
    sold = shop.pay()
    (told,) = shop.world.refund(PAYMENT)
    shop.world.object(told.about)["amount"] = "a lot"
    assert await shop.push(found(sold)) == 503
    assert await shop.orders.get(ORDER) is None


# --- renewals


async def renewed(shop: Shop) -> Order:
    """The order of a subscription whose second invoice was paid by pi_2."""
    await shop.subscribe()
    shop.world.invoice("in_2", "sub_1", "pi_2", 3500)
    return await shop.order()


@KINDS
async def test_what_befalls_the_first_invoice_befalls_the_order(thin: bool) -> None:  # noqa: FBT001
    shop = Shop()
    await renewed(shop)
    assert await shop.tell(*shop.world.refund(PAYMENT), thin=thin) == [204]
    order = await shop.order()
    assert (money(order), level(order), order.renewals) == ("refunded", "revoked", None)


@KINDS
async def test_what_befalls_a_renewal_is_kept_and_changes_neither_money_nor_access(
    thin: bool,  # noqa: FBT001
    capsys: Capture,
) -> None:
    shop = Shop()
    before = await renewed(shop)
    given = shop.world.refund("pi_2")
    capsys.readouterr()
    told = (*given, *shop.world.becomes(given[0].about, "requires_action"), *shop.world.dispute("pi_2", "lost"))
    assert set(await shop.tell(*told, *shop.world.warn("pi_2"), *shop.world.review("pi_2"), thin=thin)) == {204}
    after = await shop.order()
    assert (money(after), after.access, after.effects, shop.called()) == ("kept", None, before.effects, [])
    assert (after.refunds, after.disputes, after.warnings, after.radar_reviews) == ({}, {}, {}, {})
    renewals = after.renewals
    assert renewals is not None
    assert [each.status for each in renewals.refunds.values()] == ["requires_action"]
    assert [each.status for each in renewals.disputes.values()] == ["lost"]
    assert (len(renewals.warnings), len(renewals.radar_reviews)) == (1, 1)
    written = lines(capsys)
    assert {(each["session"], each["renewal"]) for each in written} == {(ORDER, True)}
    seen = [word for each in written for word in each.get("noticed", ())]
    assert set(seen) == {"dispute", "early_fraud_warning", "radar_review"}


async def test_the_listed_refunds_of_a_renewal_are_the_renewals() -> None:
    shop = Shop(api_version=OLD)
    await renewed(shop)
    assert await shop.tell(*shop.world.refund("pi_2")) == [204]
    order = await shop.order()
    assert (money(order), level(order), order.refunds) == ("kept", None, {})
    assert order.renewals is not None
    assert len(order.renewals.refunds) == 1


async def test_each_renewal_whose_refunds_cannot_be_listed_is_parked() -> None:
    shop = Shop(api_version=OLD)
    await renewed(shop)
    shop.world.invoice("in_3", "sub_1", "pi_3", 3500)
    shop.stripe.refused = {"/v1/refunds"}
    assert await shop.tell(*shop.world.refund("pi_2"), *shop.world.refund("pi_3")) == [204, 204]
    assert len(shop.reasons()) == 2


async def test_a_renewal_of_a_sale_that_is_unknown_here_makes_its_order_and_is_kept_beside_it() -> None:
    shop = Shop()
    shop.pay(payment_intent=None, mode="subscription", subscription="sub_1", invoice="in_1")
    shop.world.invoice("in_1", "sub_1", PAYMENT, 3500)
    shop.world.invoice("in_2", "sub_1", "pi_2", 3500)
    assert await shop.tell(*shop.world.refund("pi_2")) == [204]
    order = await shop.order()
    assert (order.status.value, money(order), order.refunds, level(order)) == ("fulfilled", "kept", {}, None)
    assert order.renewals is not None
    assert len(order.renewals.refunds) == 1
    assert [each[0] for each in shop.called()] == ["fulfill"]


# --- a sale that should have been here long ago


async def test_an_order_that_was_deleted_is_not_sold_again_by_its_dispute(capsys: Capture) -> None:
    shop = Shop({"since": long_ago(days=365)})
    shop.pay(created=at(long_ago(days=100)))
    assert set(await shop.tell(*shop.world.dispute(PAYMENT))) == {204}
    order = await shop.order()
    assert [each[0] for each in shop.called()] == ["disputed"]
    assert (order.effects["fulfill"].held_by, order.review) == (("review",), ("found_late",))
    assert lines(capsys)[0]["severity"] == "WARNING"


async def test_a_sale_of_the_last_day_is_fulfilled_by_its_partial_refund() -> None:
    shop = Shop({"since": long_ago(days=365)})
    shop.pay(created=at(long_ago(hours=25)))
    assert set(await shop.tell(*shop.world.refund(PAYMENT, 100))) == {204}
    assert ("fulfill",) in [each[:1] for each in shop.called()]


async def test_what_the_key_may_not_list_hides_nothing_else(capsys: Capture) -> None:
    shop = Shop()
    sold = shop.pay()
    shop.world.dispute(PAYMENT, "lost")
    shop.stripe.refused = {"/v1/refunds"}
    found = event(COMPLETED, sold, id=f"reconcile:{ORDER}:paid")
    assert await shop.push(found) == 204
    assert "unlisted" in lines(capsys)[0]
    assert (money(await shop.order()), level(await shop.order())) == ("lost", "revoked")
    assert "fulfill" not in {each[0] for each in shop.called()}


async def test_on_a_shared_account_a_key_without_invoices_parks_no_strangers_refund() -> None:
    shop = Shop({"order_filter": OrderFilter.parse("metadata.shop=acme")})
    shop.world.payment("pi_theirs", 1000)
    shop.stripe.refused = {"/v1/invoice_payments"}
    assert await shop.tell(*shop.world.refund("pi_theirs", 100)) == [204]
    assert shop.reasons() == []
