"""on_refund and on_dispute without a network: each line of their ack table, and the line that they log."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from fulfillment.domain.event_types import ON_DISPUTE, ON_REFUND
from fulfillment.topic.message import Message
from local.fakes.memory_topic import push_body
from local.fakes.stripe_events import COMPLETED, Json, event, thin_event
from local.fakes.stripe_payments import Told
from support.after_sale_shop import KINDS, ORDER, PAYMENT, Shop, level, lines, long_ago, money
from support.handlers import ask, logged

Capture = pytest.CaptureFixture[str]


# --- the order's money and access


@KINDS
async def test_a_full_refund_revokes_the_access_and_is_told(thin: bool) -> None:  # noqa: FBT001
    shop = Shop()
    await shop.sell()
    (told,) = shop.world.refund(PAYMENT)
    assert await shop.tell(told, thin=thin) == [204]
    order = await shop.order()
    assert (order.status.value, money(order), level(order)) == ("fulfilled", "refunded", "revoked")
    assert shop.called() == [
        ("access_changed", "revoked"),
        ("refunded", "succeeded", f"{ORDER}:{told.about}:succeeded"),
    ]
    assert [name for name in order.effects if ":" in name] == []
    assert list(order.events) == [order.source]


@KINDS
async def test_a_part_revokes_nothing_and_the_rest_revokes(thin: bool) -> None:  # noqa: FBT001
    shop = Shop()
    await shop.sell()
    first = shop.world.refund(PAYMENT, 1000)
    assert await shop.tell(*first, thin=thin) == [204]
    assert (money(await shop.order()), level(await shop.order())) == ("partly_refunded", None)
    assert [each[0] for each in shop.called()] == ["refunded"]
    assert await shop.tell(*shop.world.refund(PAYMENT), thin=thin) == [204]
    order = await shop.order()
    assert (money(order), level(order), order.money.refunded, len(order.refunds)) == ("refunded", "revoked", 3500, 2)


@KINDS
async def test_a_refund_that_fails_later_restores_the_access(thin: bool) -> None:  # noqa: FBT001
    shop = Shop()
    await shop.sell()
    given = shop.world.refund(PAYMENT)
    assert await shop.tell(*given, thin=thin) == [204]
    shop.called()
    assert await shop.tell(*shop.world.becomes(given[0].about, "failed"), thin=thin) == [204]
    order = await shop.order()
    assert (order.status.value, money(order), level(order)) == ("fulfilled", "kept", "granted")
    assert [each[:2] for each in shop.called()] == [("access_changed", "granted"), ("refunded", "failed")]


@KINDS
async def test_a_dispute_that_is_opened_lost_and_won(thin: bool) -> None:  # noqa: FBT001
    shop = Shop()
    await shop.sell()
    opened = shop.world.dispute(PAYMENT)
    assert set(await shop.tell(*opened, thin=thin)) == {204}
    assert (money(await shop.order()), level(await shop.order())) == ("disputed", None)
    about = opened[0].about
    for status, wanted in (("lost", ("lost", "revoked")), ("won", ("won", "granted"))):
        assert set(await shop.tell(*shop.world.becomes(about, status), thin=thin)) == {204}
        order = await shop.order()
        assert (money(order), level(order)) == wanted
    assert order.money.kept == 3500
    assert [each[:2] for each in shop.called()] == [
        ("disputed", "needs_response"),
        ("access_changed", "revoked"),
        ("disputed", "lost"),
        ("access_changed", "granted"),
        ("disputed", "won"),
    ]


async def test_the_twins_of_an_event_give_one_refund_and_one_call() -> None:
    shop = Shop()
    await shop.sell()
    (told,) = shop.world.refund(PAYMENT)
    assert await shop.tell(told, told) == [204, 204]
    assert await shop.tell(told, told, thin=True) == [204, 204]
    assert len(shop.called()) == 2
    assert list((await shop.order()).refunds) == [told.about]


async def test_a_policy_says_what_revokes() -> None:
    shop = Shop({"access_policy": frozenset()})
    await shop.sell()
    await shop.tell(*shop.world.refund(PAYMENT))
    assert (money(await shop.order()), level(await shop.order())) == ("refunded", None)
    assert [each[0] for each in shop.called()] == ["refunded"]


async def test_an_unknown_status_is_kept_for_review() -> None:
    shop = Shop()
    await shop.sell()
    assert await shop.tell(*shop.world.refund(PAYMENT, 500, "reversed_twice")) == [204]
    assert set(await shop.tell(*shop.world.dispute(PAYMENT, "escalated"))) == {204}
    order = await shop.order()
    assert order.review == ("unknown_dispute_status", "unknown_refund_status")
    assert money(order) == "kept"


async def test_the_read_that_reconcile_publishes_is_a_read_of_stripe() -> None:
    shop = Shop()
    await shop.sell()
    shop.world.refund(PAYMENT)
    (of,) = [each for path, each in shop.stripe.others.items() if path.startswith("/v1/refunds")]
    told = event("refund.updated", of, id=f"reconcile:{of['id']}:succeeded", created=1_795_599_000)
    assert [await shop.push(told, source="//acme/reconcile") for _ in range(2)] == [204, 204]
    refund = (await shop.order()).refunds[of["id"]]
    assert refund.newest is None
    assert refund.read is not None
    assert (refund.read.at, refund.read.status) == (datetime.fromtimestamp(1_795_599_000, UTC), "succeeded")
    assert (list(refund.claims), shop.stripe.reads, len(shop.calls)) == (["succeeded"], [], 2)


# --- whose it is


async def test_an_event_of_the_other_livemode_is_dropped_unread(capsys: Capture) -> None:
    shop = Shop()
    shop.pay(livemode=True)
    (told,) = shop.world.refund(PAYMENT)
    assert await shop.tell(told) == await shop.tell(told, thin=True) == [204]
    assert [(each["severity"], each["outcome"]) for each in lines(capsys)] == [("WARNING", "not_ours")] * 2
    assert shop.stripe.reads == []


@KINDS
async def test_a_connected_accounts_refund_is_read_there_and_joined(thin: bool) -> None:  # noqa: FBT001
    shop = Shop()
    await shop.sell(account="acct_1")
    given = shop.world.refund(PAYMENT)
    down = shop.world.becomes(given[0].about, "requires_action")
    assert await shop.tell(*given, *down, thin=thin) == [204, 204]
    assert money(await shop.order()) == "refunding"


async def test_a_connected_accounts_sale_is_found_and_brings_its_refunds_along() -> None:
    shop = Shop()
    shop.pay(account="acct_1")
    assert await shop.tell(*shop.world.refund(PAYMENT)) == [204]
    order = await shop.order()
    assert (order.account, level(order)) == ("acct_1", "revoked")


@pytest.mark.parametrize(("emulator", "severity"), [(None, "WARNING"), ("127.0.0.1:1", "DEBUG")])
async def test_another_subscribers_type_is_acknowledged_unread(
    emulator: str | None, severity: str, capsys: Capture
) -> None:
    shop = Shop({"pubsub_emulator": emulator})
    told = shop.world.refund(str(shop.pay()["payment_intent"]))[0].snapshot
    assert await shop.push_to(shop.subscriber(ON_DISPUTE), told) == 204
    line = logged(capsys)
    assert (line["severity"], line["outcome"], shop.stripe.reads) == (severity, "not_ours", [])


# --- no key


async def test_a_thin_event_without_a_key_is_parked() -> None:
    shop = Shop(has_key=False)
    await shop.sell()
    (told,) = shop.world.refund(PAYMENT)
    assert await shop.tell(told, thin=True) == [204]
    assert shop.reasons()[0].startswith("read_refused: a thin event names its object, and there is no key to read it")
    assert (await shop.order()).refunds == {}


async def test_a_thin_event_whose_object_the_key_may_not_read_is_parked() -> None:
    shop = Shop()
    await shop.sell()
    (told,) = shop.world.refund(PAYMENT)
    shop.stripe.refused = {"/v1/refunds"}
    assert await shop.tell(told, thin=True) == [204]
    assert shop.reasons()[0].startswith("read_refused: refund, and the event is of test mode. Stripe answered 403")


async def test_a_refund_without_a_key_waits_an_hour_for_its_order() -> None:
    shop = Shop(has_key=False)
    sold = shop.pay()
    (told,) = shop.world.refund(PAYMENT)
    shop.published_at = long_ago(minutes=59)
    assert await shop.tell(told) == [503]
    assert await shop.push(event(COMPLETED, sold)) == 204
    assert await shop.tell(told) == [204]
    assert (level(await shop.order()), shop.reasons()) == ("revoked", [])


# --- poison


def refund_of(shop: Shop) -> Json:
    shop.pay()
    return shop.world.refund(PAYMENT)[0].snapshot


def another_object(said: Json) -> Json:
    return said | {"data": {"object": {"id": "cus_1", "object": "customer"}}}


@pytest.mark.parametrize(
    ("poison", "code"),
    [
        (lambda said: said | {"type": "refund.updated"}, "malformed_message"),
        (lambda said: said | {"type": COMPLETED}, "malformed_message"),
        (lambda said: said | {"type": "invoice.paid"}, "malformed_event"),
        (another_object, "malformed_event"),
        (lambda said: said | {"created": "yesterday"}, "malformed_event"),
    ],
)
async def test_poison_is_parked(poison: Any, code: str) -> None:
    shop = Shop()
    said = refund_of(shop)
    assert await shop.push_to(shop.subscriber(ON_REFUND), poison(said), event_type="refund.created") == 204
    assert [each.partition(":")[0] for each in shop.reasons()] == [code]


async def test_a_thin_event_of_another_object_or_type_is_parked() -> None:
    shop = Shop()
    said = thin_event("refund.created", {"id": "cus_1", "object": "customer"})
    assert await shop.push(said) == 204
    (told,) = shop.world.refund(str(shop.pay()["payment_intent"]))
    assert await shop.push_to(shop.subscriber(ON_REFUND), told.thin or {}, event_type="v1.refund.failed") == 204
    assert [each.partition(":")[0] for each in shop.reasons()] == ["malformed_event", "malformed_message"]


async def test_a_message_without_a_type_is_parked() -> None:
    shop = Shop()
    message = Message(data=b"{}", attributes={}, id="7")
    assert (await ask(shop.subscriber(ON_REFUND), push_body(message))).status_code == 204
    assert shop.reasons() == ["malformed_message: no attribute event_type: not published by this product"]


async def test_an_answer_about_another_object_is_not_believed() -> None:
    shop = Shop()
    await shop.sell()
    first, second = (*shop.world.refund(PAYMENT, 100), *shop.world.refund(PAYMENT, 200))
    shop.stripe.others[f"/v1/refunds/{first.about}"] = shop.world.object(second.about)
    assert await shop.tell(first, thin=True) == [503]
    assert (await shop.order()).refunds == {}


# --- the line


async def test_the_line_says_what_an_operator_needs_and_nothing_personal(capsys: Capture) -> None:
    shop = Shop()
    await shop.sell()
    capsys.readouterr()
    (told,) = shop.world.refund(PAYMENT)
    assert await shop.tell(told) == [204]
    line = logged(capsys)
    assert {name: line[name] for name in line if name != "duration_ms" and "googleapis" not in name} == {
        "severity": "INFO",
        "message": "order fulfilled",
        "entry_point": "on_refund",
        "message_id": "7",
        "attempt": 1,
        "event": told.snapshot["id"],
        "event_type": "refund.created",
        "object": told.about,
        "session": ORDER,
        "brought": "advanced",
        "outcome": "advanced",
        "effects": {"access_changed": "done", "refunded": "done"},
        "order_status": "fulfilled",
        "money_status": "refunded",
        "access": "revoked",
        "status": 204,
    }
    assert not [word for word in ("jenny", "Jenny", "Oyster", "R-1001") if word in json.dumps(line)]


async def test_the_line_has_the_money_status_also_if_the_money_is_kept(capsys: Capture) -> None:
    shop = Shop()
    await shop.sell()
    given = shop.world.refund(PAYMENT, 100)
    await shop.tell(*given)
    capsys.readouterr()
    await shop.tell(*shop.world.becomes(given[0].about, "failed"))
    assert logged(capsys)["money_status"] == "kept"


async def test_effects_are_logged_by_their_kind(capsys: Capture) -> None:
    shop = Shop(api_version="2022-08-01")
    await shop.sell()
    shop.world.refund(PAYMENT, 100)
    (told,) = shop.world.refund(PAYMENT, 100)
    shop.refusing["refunded"] = RuntimeError("jenny.rosen@example.com")
    capsys.readouterr()
    assert await shop.tell(told) == [503]
    line = logged(capsys)
    assert [*line["effects"]] == ["refunded"]
    assert line["effects"]["refunded"].startswith("to be tried again: RuntimeError at ")
    assert "jenny" not in json.dumps(line)


async def noticed(shop: Shop, told: list[Told], capsys: Capture) -> list[list[str]]:
    capsys.readouterr()
    assert set(await shop.tell(*told)) == {204}
    return [each.get("noticed", []) for each in lines(capsys)]


async def test_what_is_new_or_has_just_begun_is_noticed(capsys: Capture) -> None:
    shop = Shop()
    await shop.sell()
    inquiry = shop.world.dispute(PAYMENT, "warning_needs_response")
    assert await noticed(shop, inquiry, capsys) == [["inquiry"]]
    about = inquiry[0].about
    assert await noticed(shop, shop.world.becomes(about, "warning_under_review"), capsys) == [[]]
    assert await noticed(shop, shop.world.becomes(about, "needs_response"), capsys) == [["dispute"], []]
    assert await noticed(shop, shop.world.becomes(about, "under_review"), capsys) == [[]]
    warned = shop.world.warn(PAYMENT)
    assert await noticed(shop, [*warned, *warned], capsys) == [["early_fraud_warning"], []]
    reviewed = shop.world.review(PAYMENT)
    closed = shop.world.close_review(reviewed[0].about)
    assert await noticed(shop, [*reviewed, *closed], capsys) == [["radar_review"], []]
    assert await noticed(shop, shop.world.refund(PAYMENT, 100), capsys) == [[]]


async def test_a_dispute_whose_first_event_is_lost_is_noticed_all_the_same(capsys: Capture) -> None:
    shop = Shop()
    await shop.sell()
    _, withdrawn = shop.world.dispute(PAYMENT)
    assert await noticed(shop, [withdrawn, withdrawn], capsys) == [["dispute"], []]
