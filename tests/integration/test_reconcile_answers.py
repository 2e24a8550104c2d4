"""Each line of the table of answers of `reconcile`, over HTTP, and on Firestore's emulator what the memory promises."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment.domain.ids import Id
from fulfillment.errors import StripeUnavailable
from fulfillment.orders.firestore import Collection
from fulfillment.orders.firestore_orders import FirestoreOrders
from fulfillment.reconcile.checkpoint import FirestoreCheckpoint
from fulfillment.reconcile.endpoint import Reconcile
from fulfillment.topic.finder import Finder
from local.fakes.memory_topic import ORIGIN
from local.runtime.emulators import Emulators
from support.money_stripe import PATHS, dispute, due_in, refund
from support.reconciling import Case, Shop


async def call(shop: Shop, method: str = "POST") -> int:
    """The status of the answer to the schedule's call."""
    finder = Finder(shop.topic, "reconcile", ORIGIN)
    reconcile = Reconcile(shop.settings, shop.stripe, shop.orders, shop.checkpoint, finder)

    async def handle(request: Request) -> Response:
        return await reconcile(request)

    app = Starlette(routes=[Route("/", handle, methods=["GET", "POST"])])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://reconcile") as client:
        status = (await client.request(method, "/")).status_code
    await shop.topic.settle()
    return status


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What it said, without what its subscribers said."""
    lines = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    (said,) = [each for each in lines if each["entry_point"] == "reconcile"]
    found: dict[str, Any] = said
    return found


async def test_a_round_that_is_over_is_200_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    shop = Shop()
    for each in [Case(), Case(order="awaiting_payment"), Case(order="fulfilled")]:
        await shop.add(each)
    assert await call(shop) == 200
    said = line(capsys)
    assert (said["severity"], said["outcome"]) == ("WARNING", "reconciled")
    assert said["message"] == "1 without an order, 1 behind Stripe"
    assert (said["sessions"], said["missing"], said["behind"], said["published"]) == (3, 1, 1, 2)
    assert said["examples"] == ["cs_test_00000", "cs_test_00001"]
    assert await call(shop) == 200
    said = line(capsys)
    assert (said["severity"], said["message"]) == ("INFO", "every order is where Stripe says")


async def test_disputes_and_deadlines_are_in_the_line_and_what_the_key_may_not_list(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shop = Shop()
    await shop.add(Case(order="fulfilled"))
    due = due_in(timedelta(hours=3))
    shop.stripe.put(refund("re_1", "pi_cs_test_00000"), dispute("dp_1", "pi_cs_test_00000", evidence_details=due))
    shop.stripe.forbidden = {PATHS["refund"]}
    assert await call(shop) == 200
    said = line(capsys)
    counted = "1 with a refund or dispute behind Stripe, 1 with a dispute that needs evidence within 72 hours"
    assert said["message"].startswith(f"{counted}; refunds were not compared: Stripe answered 403")
    assert (said["severity"], said["outcome"], said["unlisted"]) == ("WARNING", "reconciled", ["refunds"])
    assert (said["refunds"], said["disputes"], said["money_behind"], said["unplaced"]) == (0, 1, 1, 0)
    assert (said["open_disputes"], said["evidence_due_72h"], said["evidence_due_24h"]) == (1, 1, 1)
    shop.stripe.forbidden = {PATHS["dispute"]}
    assert await call(shop) == 200
    said = line(capsys)
    assert said["message"].startswith("disputes were not compared: Stripe answered 403")
    assert {"open_disputes", "evidence_due_72h", "evidence_due_24h"}.isdisjoint(said), "not known"


async def test_a_run_whose_time_is_up_is_200_and_the_next_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    shop = Shop()
    shop.settings = replace(shop.settings, run_seconds=0)
    for _ in range(8):
        await shop.add(Case(order="fulfilled"))
    for each in shop.stripe.known.values():  # a second may have passed meanwhile
        each["created"] = shop.stripe.known["cs_test_00000"]["created"]
    for sessions in (0, 7):
        assert await call(shop) == 200
        said = line(capsys)
        assert (said["outcome"], said["sessions"]) == ("paused", sessions)
    assert await call(shop) == 200
    said = line(capsys)  # all of one second: a run that ended where it began would end there for ever
    assert (said["outcome"], said["sessions"]) == ("paused", 8)


async def test_stripe_down_is_503_and_says_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    shop = Shop()
    await shop.add(Case(order="paid"))
    shop.stripe.faults = [StripeUnavailable("Stripe answered 401: the API key is revoked")]
    assert await call(shop) == 503
    said = line(capsys)
    assert said["late"] == 1, "who is paid and not fulfilled is known without Stripe, and told of all the same"
    assert (said["severity"], said["outcome"]) == ("ERROR", "retry")
    assert said["message"] == "Stripe answered 401: the API key is revoked; the schedule will call again"


async def test_an_unexpected_error_is_500(capsys: pytest.CaptureFixture[str]) -> None:
    shop = Shop()
    await shop.add(Case())
    shop.stripe.known["cs_test_00000"] = {"status": "complete", "created": "no time"}
    assert await call(shop) == 500
    assert line(capsys)["outcome"] == "failed"


async def test_anything_but_a_post_is_405(capsys: pytest.CaptureFixture[str]) -> None:
    assert await call(Shop(), "GET") == 405
    assert line(capsys)["outcome"] == "refused"


@pytest.fixture
def stored(emulated: Emulators, monkeypatch: pytest.MonkeyPatch) -> tuple[Shop, str]:
    """A shop whose orders and checkpoint are in Firestore, in collections of its own."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulated.firestore)
    name = f"orders-{uuid4().hex}"
    orders = FirestoreOrders("shared", "(default)", name)
    return Shop(orders=orders, checkpoint=FirestoreCheckpoint("shared", "(default)", name)), name


KINDS = [
    Case(),
    Case(order="awaiting_payment"),
    Case(payment="unpaid", intent="canceled", order="awaiting_payment"),
    Case(order="awaiting_payment", account="acct_1"),
    Case(status="open"),
    Case(shop="theirs"),
    Case(order="erased"),
    Case(order="payment_failed"),
    Case(age=timedelta(days=4)),
]


async def test_on_firestore_orders_end_where_stripe_says_killed_or_doubled(stored: tuple[Shop, str]) -> None:
    shop, _ = stored
    for each in KINDS * 4:
        await shop.add(each)
    for turns in (3, 30, 90):
        await shop.killed(turns)
    await asyncio.gather(shop.reconcile(), shop.reconcile())
    await shop.reconcile()
    assert await shop.ends() == {order_id: case.end for order_id, case in shop.cases.items()}
    assert len(shop.fulfilled) == len(set(shop.fulfilled))
    assert (await shop.reconcile()).published == 0


async def test_on_firestore_the_orders_of_refunds_and_disputes_are_found(stored: tuple[Shop, str]) -> None:
    shop, _ = stored
    for number in range(35):  # more than one query may ask for
        await shop.add(Case(order="fulfilled"))
        shop.stripe.put(refund(f"re_{number}", f"pi_cs_test_{number:05d}"))
    await shop.add(Case(order="fulfilled", account="acct_1"))
    ours = "pi_cs_test_00035"
    shop.stripe.put(dispute("dp_1", ours), dispute("dp_2", "pi_renewal", evidence_details=due_in(timedelta(hours=3))))
    await shop.reconcile()
    shop.stripe.change("dp_1", status="won")
    shop.stripe.accounts["dp_1"] = "acct_1"
    found = await shop.orders.get("cs_test_00001")
    assert found
    await shop.orders.replace(replace(found.order, subscription=Id("sub_1")), found.version)
    shop.stripe.put_renewal("pi_renewal", "sub_1")
    stats = await shop.reconcile()
    assert (stats.disputes, stats.money_behind, stats.open_disputes, stats.evidence_due_72h) == (2, 2, 1, 1)
    orders = [await shop.orders.get(each) for each in shop.cases]
    assert [each and list(each.order.refunds) for each in orders[:35]] == [[f"re_{number}"] for number in range(35)]
    assert orders[35]
    assert orders[35].order.disputes["dp_1"].status == "won"


async def test_on_firestore_a_debt_that_was_untouched_for_long_is_found(stored: tuple[Shop, str]) -> None:
    shop, _ = stored
    await shop.add(Case(order="paid"))
    assert (await shop.reconcile()).unattended == 0
    await asyncio.sleep(0.1)
    stats = await shop.reconcile(late_minutes=0)
    assert (stats.unattended, stats.late) == (1, 1)
    assert shop.fulfilled == ["cs_test_00000:fulfill"]


async def test_on_firestore_an_unreadable_document_is_counted_and_stops_nothing(
    stored: tuple[Shop, str],
) -> None:
    shop, name = stored
    broken = await shop.add(Case())
    await Collection("shared", "(default)", name).create(broken, {"schema": 99, "status": "paid"})
    await shop.add(Case())
    stats = await shop.reconcile()
    assert (stats.unreadable, stats.published) == (2, 1)
    assert stats.examples[0] == broken
