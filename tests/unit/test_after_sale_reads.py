"""When on_refund and on_dispute read Stripe, and what they do where they cannot."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from fulfillment.errors import StripeUnavailable
from fulfillment.orders.store import Found
from fulfillment.subscriber import fact_reader
from local.fakes.memory_orders import MemoryOrders
from local.fakes.stripe_events import event
from support.after_sale_shop import KINDS, OLD, ORDER, PAYMENT, Shop, level, lines, long_ago, money
from support.handlers import logged

Capture = pytest.CaptureFixture[str]


# --- reads


async def test_a_snapshot_event_of_a_known_order_reads_nothing() -> None:
    shop = Shop()
    await shop.sell()
    given = shop.world.refund(PAYMENT, 100, "pending")
    await shop.tell(*given, *shop.world.becomes(given[0].about, "succeeded"), *shop.world.dispute(PAYMENT))
    assert shop.stripe.reads == []


async def test_each_thin_event_reads_its_object_once() -> None:
    shop = Shop()
    await shop.sell()
    given = shop.world.refund(PAYMENT)
    later = shop.world.becomes(given[0].about, "requires_action")
    assert await shop.tell(*given, *later, thin=True) == [204, 204]
    assert shop.stripe.reads == [f"/v1/refunds/{given[0].about}"] * 2


async def test_a_status_that_goes_down_is_read() -> None:
    shop = Shop()
    await shop.sell()
    given = shop.world.refund(PAYMENT)
    assert await shop.tell(*given, *shop.world.becomes(given[0].about, "requires_action")) == [204, 204]
    assert shop.stripe.reads == [f"/v1/refunds/{given[0].about}"]
    order = await shop.order()
    assert (order.refunds[given[0].about].status, money(order), level(order)) == (
        "requires_action",
        "refunding",
        "granted",
    )


@pytest.mark.parametrize("life", [("succeeded", "requires_action"), ("prevented", "needs_response")])
async def test_a_status_that_goes_down_is_read_also_if_the_lower_one_comes_first(life: tuple[str, str]) -> None:
    shop = Shop(ago=7200)
    await shop.sell()
    first = shop.world.refund(PAYMENT) if life[0] == "succeeded" else shop.world.dispute(PAYMENT, life[0])
    shop.ago = 3600
    (down,) = shop.world.becomes(first[0].about, life[1])
    assert await shop.tell(down, first[0]) == [204, 204]
    assert len(shop.stripe.reads) == 1
    assert money(await shop.order()) == ("refunding" if life[0] == "succeeded" else "disputed")


async def test_a_late_event_is_not_read() -> None:
    shop = Shop()
    await shop.sell()
    given = shop.world.refund(PAYMENT, status="pending")
    shop.ago = 60
    ended = shop.world.becomes(given[0].about, "succeeded")
    assert await shop.tell(*ended, *given) == [204, 204]
    assert (shop.stripe.reads, money(await shop.order())) == ([], "refunded")


async def test_two_events_of_one_second_are_read_if_the_lower_comes_last() -> None:
    shop, second = Shop(), long_ago(hours=1).timestamp()
    shop.world.clock = lambda: second
    await shop.sell()
    given = shop.world.refund(PAYMENT, status="pending")
    ended = shop.world.becomes(given[0].about, "succeeded")
    assert await shop.tell(*ended, *given) == [204, 204]
    assert (len(shop.stripe.reads), money(await shop.order())) == (1, "refunded")


class Later(datetime):
    """The clock, a minute and more later."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return datetime.now(tz) + timedelta(seconds=90)


@KINDS
async def test_a_read_that_contradicts_is_written_and_made_again_until_it_is_clearly_newer(
    thin: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    shop = Shop(ago=0)
    await shop.sell()
    given = shop.world.refund(PAYMENT)
    await shop.tell(*given)
    down = shop.world.becomes(given[0].about, "requires_action")
    capsys.readouterr()
    assert await shop.tell(*down, thin=thin) == [503]
    line = logged(capsys)
    assert (line["outcome"], line["brought"], line["error"]) == ("retry", "advanced", "StatusUnsettled")
    assert given[0].about in line["message"]
    refund = (await shop.order()).refunds[given[0].about]
    assert refund.read is not None
    assert (refund.status, refund.read.status, {*refund.claims}) == (
        "succeeded",
        "requires_action",
        {"succeeded", "requires_action"},
    )
    monkeypatch.setattr(fact_reader, "datetime", Later)
    assert await shop.tell(*down, thin=thin) == [204]
    assert money(await shop.order()) == "refunding"


async def test_an_unsettled_object_is_read_by_its_next_event_whatever_it_claims(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = Shop(ago=0)
    await shop.sell()
    given = shop.world.refund(PAYMENT)
    assert await shop.tell(*given, *shop.world.becomes(given[0].about, "requires_action")) == [204, 503]
    monkeypatch.setattr(fact_reader, "datetime", Later)
    assert await shop.tell(*given) == [204]
    assert money(await shop.order()) == "refunding"


async def test_a_status_that_rises_again_after_a_read_is_read_at_once() -> None:
    """The older read contradicts the new event: it is replaced in this delivery, not in the next."""
    shop = Shop()
    await shop.sell()
    given = shop.world.refund(PAYMENT)
    await shop.tell(*given, *shop.world.becomes(given[0].about, "requires_action"))
    shop.ago = 0
    assert await shop.tell(*shop.world.becomes(given[0].about, "succeeded")) == [204]
    assert (money(await shop.order()), level(await shop.order())) == ("refunded", "revoked")


@pytest.mark.parametrize("cause", ["no key", "no scope"])
async def test_where_stripe_cannot_be_asked_the_claims_decide_under_review(cause: str) -> None:
    shop = Shop(has_key=cause != "no key")
    shop.stripe.refused = {"/v1/refunds"}
    await shop.sell()
    given = shop.world.refund(PAYMENT)
    assert await shop.tell(*given, *shop.world.becomes(given[0].about, "requires_action")) == [204, 204]
    order = await shop.order()
    assert (money(order), order.review) == ("refunded", ("status_not_read",))


@pytest.mark.parametrize("cause", ["no key", "no scope"])
async def test_a_contradiction_that_cannot_be_asked_about_any_more_is_not_retried_for_ever(cause: str) -> None:
    shop = Shop(ago=0)
    await shop.sell()
    given = shop.world.refund(PAYMENT)
    down = shop.world.becomes(given[0].about, "requires_action")
    assert await shop.tell(*given, *down) == [204, 503]
    shop.has_key = cause != "no key"
    shop.stripe.refused = {"/v1/refunds"}
    assert await shop.tell(*down) == [204]
    order = await shop.order()
    assert (money(order), order.review) == ("refunded", ("status_not_read",))


async def test_a_stripe_that_does_not_answer_brings_the_event_again() -> None:
    shop = Shop()
    await shop.sell()
    given = shop.world.refund(PAYMENT)
    await shop.tell(*given)
    down = shop.world.becomes(given[0].about, "requires_action")
    shop.stripe.faults = [StripeUnavailable("down")]
    assert await shop.tell(*down) == [503]
    assert money(await shop.order()) == "refunded"
    assert await shop.tell(*down) == [204]
    assert money(await shop.order()) == "refunding"


class Interrupted(MemoryOrders):
    """A store in which another delivery writes right after an order was found. `meanwhile`: what it then has."""

    meanwhile: dict[str, Any] | None = None

    async def find(self, conditions: Any, after: str | None, limit: int) -> Found:
        found = await super().find(conditions, after, limit)
        if self.meanwhile:
            self.write_by_hand(ORDER, self.meanwhile)
            self.meanwhile = None
        return found


@pytest.mark.parametrize("has_key", [True, False])
async def test_a_higher_claim_that_another_delivery_writes_meanwhile_is_read_too(has_key: bool) -> None:  # noqa: FBT001
    orders = Interrupted()
    shop = Shop(orders=orders, has_key=has_key)
    await shop.sell()
    before = orders.document(ORDER)
    given = shop.world.refund(PAYMENT)
    down = shop.world.becomes(given[0].about, "requires_action")
    await shop.tell(*given)
    refunded = orders.document(ORDER)
    orders.write_by_hand(ORDER, before)
    orders.meanwhile = refunded
    assert await shop.tell(*down) == [503]
    assert await shop.tell(*down) == [204]
    order = await shop.order()
    assert (money(order), order.review) == (("refunding", ()) if has_key else ("refunded", ("status_not_read",)))


# --- the old types of refunds


@pytest.mark.parametrize("kind", ["charge.refunded", "charge.refund.updated"])
async def test_an_old_type_of_a_newer_version_is_acknowledged_and_changes_nothing(kind: str, capsys: Capture) -> None:
    shop = Shop()
    await shop.sell()
    (told,) = shop.world.refund(PAYMENT)
    of = shop.world.charge_of(PAYMENT) if kind == "charge.refunded" else told.object
    capsys.readouterr()
    assert await shop.push(event(kind, of)) == 204
    assert (logged(capsys)["outcome"], shop.stripe.reads) == ("superseded", [])
    assert (await shop.order()).refunds == {}


async def test_a_charge_of_an_old_version_lists_its_refunds() -> None:
    shop = Shop(api_version="2022-08-01")
    await shop.sell()
    assert await shop.tell(*shop.world.refund(PAYMENT, 500), *shop.world.refund(PAYMENT, 700)) == [204, 204]
    order = await shop.order()
    assert (order.money.refunded, len(order.refunds), shop.stripe.reads) == (1200, 2, [])


async def test_a_charge_without_its_list_has_its_refunds_listed() -> None:
    shop = Shop(api_version=OLD)
    await shop.sell()
    shop.world.refund(PAYMENT, 500)
    assert await shop.tell(*shop.world.refund(PAYMENT, 700)) == [204]
    order = await shop.order()
    assert (order.money.refunded, shop.stripe.reads) == (1200, ["/v1/refunds"])


async def test_a_refund_that_is_updated_in_an_old_version_is_joined() -> None:
    shop = Shop(api_version=OLD)
    await shop.sell()
    given = shop.world.refund(PAYMENT)
    assert await shop.tell(*given, *shop.world.becomes(given[0].about, "failed")) == [204, 204]
    assert money(await shop.order()) == "kept"


@pytest.mark.parametrize("cause", ["no key", "no scope"])
async def test_refunds_that_cannot_be_listed_are_parked_once_for_each_order(cause: str, capsys: Capture) -> None:
    shop = Shop(api_version=OLD, has_key=cause != "no key")
    shop.stripe.refused = {"/v1/refunds"}
    await shop.sell()
    capsys.readouterr()
    first, second = (*shop.world.refund(PAYMENT, 500), *shop.world.refund(PAYMENT, 700))
    assert await shop.tell(first, second, first) == [204, 204, 204]
    (letter,) = shop.dead_letter.stored
    assert letter.attributes["event_id"] == first.snapshot["id"]
    assert shop.reasons()[0].startswith("no_order_known: charge.refunded of this API version does not list its refunds")
    order = await shop.order()
    assert (order.review, order.refunds) == (("refunds_not_listed",), {})
    assert lines(capsys)[0]["reason"] == "no_order_known"


async def test_refunds_that_cannot_be_listed_are_parked_also_where_they_make_the_order() -> None:
    shop = Shop(api_version=OLD)
    shop.pay()
    shop.stripe.refused = {"/v1/refunds"}
    told = shop.world.refund(PAYMENT)
    assert await shop.tell(*told, *told) == [204, 204]
    assert len(shop.reasons()) == 1
    assert (await shop.order()).review == ("refunds_not_listed",)


async def test_a_replay_before_the_key_is_there_parks_the_event_again_and_after_it_lists() -> None:
    shop = Shop(api_version=OLD, has_key=False)
    await shop.sell()
    (told,) = shop.world.refund(PAYMENT)
    await shop.tell(told)
    for _ in range(2):  # the message, and a redelivery of it
        assert await shop.push(told.snapshot, replay="true", message_id="8") == 204
    assert len(shop.reasons()) == 2
    shop.has_key = True
    assert await shop.push(told.snapshot, replay="true", message_id="9") == 204
    assert (money(await shop.order()), len(shop.reasons())) == ("refunded", 2)


async def test_refunds_that_cannot_be_parked_come_again() -> None:
    shop = Shop(api_version=OLD, has_key=False)
    await shop.sell()
    shop.dead_letter.down = True
    told = shop.world.refund(PAYMENT)
    assert await shop.tell(*told) == [503]
    assert (await shop.order()).review == ()
    shop.dead_letter.down = False
    assert await shop.tell(*told) == [204]
    assert len(shop.reasons()) == 1


async def test_a_charge_without_a_payment_intent_is_a_strangers(capsys: Capture) -> None:
    shop = Shop(api_version=OLD)
    (told,) = shop.world.refund(str(shop.pay()["payment_intent"]))
    told.object["payment_intent"] = None
    assert await shop.tell(told) == [204]
    assert logged(capsys)["outcome"] == "stranger"
