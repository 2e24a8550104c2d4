"""What `scripts/ops` tells of orders after the sale, and what it does about them: on the emulators."""

import asyncio
import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain import lifecycle
from fulfillment.domain.after_sale import Fact
from fulfillment.domain.after_sale_events import Source, fact_of, read_fact
from fulfillment.domain.decision import News, Policy, ReplayRequest, decide
from fulfillment.domain.effects import AFTER_SALE_KINDS
from fulfillment.domain.order import Order
from fulfillment.domain.order_money import MoneyStatus
from fulfillment.orders.firestore import Collection
from fulfillment.orders.store import update
from local.fakes.stripe_events import COMPLETED, event, session
from ops.orders.after_sale import after_sale_rows, due, is_due, money_lines
from ops.orders.export_rows import COLUMNS, csv_line, header
from ops.orders.query import OrderQuery
from ops.orders.timeline import timeline
from support.builders import paid_order
from support.emulated_shop import SECRETIVE, EmulatedShop

NOW = datetime.now(UTC).replace(microsecond=0)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def fulfilled(order_id: str, **changes: Any) -> Order:
    order = paid_order(order_id, **changes)
    for name in (*order.effects, "announce_fulfilled"):
        order = lifecycle.mark_done(order, name, NOW)
    return order


def refund(status: str = "succeeded", amount: int = 1000, re_id: str = "re_1", **more: Any) -> Fact:
    raw = {"object": "refund", "id": re_id, "status": status, "amount": amount, "currency": "usd", **more}
    return fact_of(raw, source(f"evt_{re_id}_{status}"))


def dispute(
    status: str = "needs_response", due_by: datetime | None = None, dp_id: str = "dp_1", **evidence: Any
) -> Fact:
    details = {"due_by": int(due_by.timestamp()) if due_by else None, "submission_count": 0, "has_evidence": False}
    raw = {
        "object": "dispute",
        "id": dp_id,
        "status": status,
        "amount": 3500,
        "currency": "usd",
        "reason": "fraudulent",
        "evidence_details": details | evidence,
        "balance_transactions": [{"id": "txn_1", "amount": -3500, "fee": 1500, "net": -5000, "currency": "usd"}],
    }
    return fact_of(raw, source(f"evt_{dp_id}_{status}"))


def source(event_id: str) -> Source:
    return Source(event=event_id, created=NOW - HOUR, received_at=NOW, api_version="2026-10-28.endive")


def after(order: Order, *facts: Fact, **policy: Any) -> Order:
    """The order after those facts, by the domain's own rules."""
    configured = frozenset(order.effects) | AFTER_SALE_KINDS
    news = News(order_id=order.id, facts=facts)
    return decide(order, news, Policy(configured=configured, **policy), ReplayRequest(), NOW).order


def shown(order: Order) -> str:
    rows = ["  ".join(each) for each in after_sale_rows(order, NOW)]
    return "\n".join([*money_lines(order), *rows])


SOON, LATER = NOW + 10 * HOUR, NOW + 5 * DAY
ORDERS: dict[str, Callable[[Order], Order]] = {
    "cs_kept": lambda of: of,
    "cs_soon": lambda of: after(of, dispute(due_by=SOON)),
    "cs_later": lambda of: after(of, dispute(due_by=LATER)),
    "cs_late": lambda of: after(of, dispute(due_by=NOW - HOUR)),
    "cs_answered": lambda of: after(of, dispute(due_by=SOON, submission_count=1, has_evidence=True)),
    "cs_staged": lambda of: after(of, dispute(due_by=SOON, has_evidence=True)),
    "cs_inquiry": lambda of: after(of, dispute("warning_needs_response", due_by=SOON)),
    "cs_review": lambda of: after(of, dispute("under_review", due_by=SOON)),
    "cs_appeal": lambda of: after(of, dispute("appeal_needs_response", due_by=SOON, submission_count=1)),
    "cs_lost": lambda of: after(of, dispute("lost", due_by=SOON)),
    "cs_partly": lambda of: after(of, refund()),
    "cs_renewal": lambda of: after(of, replace(dispute(due_by=SOON), renewal=True)),
}
DISPUTED = {"cs_soon", "cs_later", "cs_late", "cs_answered", "cs_staged", "cs_review", "cs_appeal"}
DUE = {"cs_soon", "cs_staged", "cs_inquiry", "cs_appeal", "cs_renewal"}


@pytest.fixture
def busy(shop: EmulatedShop) -> EmulatedShop:
    shop.keep(*(change(fulfilled(order_id)) for order_id, change in ORDERS.items()))
    return shop


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["--money", "disputed"], DISPUTED),
        (["--money", "disputed, inquiry"], {*DISPUTED, "cs_inquiry"}),
        (["--money", "lost,partly_refunded"], {"cs_lost", "cs_partly"}),
        (["--money", "kept"], {"cs_kept", "cs_renewal"}),
        (["--money", "kept,lost"], {"cs_kept", "cs_renewal", "cs_lost"}),
        (["--due-within", "12h"], DUE),
        (["--due-within", "6d"], {*DUE, "cs_later"}),
        (["--due-within", "1h"], set()),
        (["--money", "disputed", "--due-within", "12h"], DUE & DISPUTED),
        (["--money", "disputed", "--due-within", "12h", "--status", "fulfilled"], DUE & DISPUTED),
        (["--money", "disputed", "--status", "paid"], set()),
        (["--effect", "owed", "--money", "partly_refunded"], {"cs_partly"}),
    ],
)
def test_a_list_is_narrowed_by_the_money_and_by_deadlines(
    busy: EmulatedShop, asked: list[str], found: set[str]
) -> None:
    assert {each["id"] for each in busy.reports("orders", "list", *asked)["orders"]} == found


def test_the_money_status_is_queried_by_the_one_field_that_is_indexed() -> None:
    (condition,) = OrderQuery(money=("disputed", "inquiry"), status="fulfilled").conditions()
    assert (condition.field, condition.operator, condition.value) == ("money.status", "in", ["disputed", "inquiry"])
    assert OrderQuery(money=("kept", "lost")).conditions() == []
    assert OrderQuery(due_within=DAY).conditions() == []


def test_an_order_that_was_stored_before_version_1_2_is_found_as_kept(shop: EmulatedShop) -> None:
    shop.keep(fulfilled("cs_old"))

    async def make_old() -> None:
        documents = Collection(shop.project, "(default)", "orders")
        found = await documents.get("cs_old")
        assert found
        new = ("money", "refunds", "disputes", "warnings", "radar_reviews", "renewals", "access", "announced")
        await documents.replace(
            "cs_old", {name: v for name, v in found.document.items() if name not in new}, found.version
        )

    asyncio.run(make_old())
    assert [each["id"] for each in shop.reports("orders", "list", "--money", "kept")["orders"]] == ["cs_old"]
    assert shop.runs("orders", "show", "cs_old").exit_code == 0


@pytest.mark.parametrize("text", ["", "won,", "contested", "Disputed", "*"])
def test_a_money_status_that_does_not_exist_is_refused_with_those_that_do(shop: EmulatedShop, text: str) -> None:
    result = shop.runs("orders", "list", "--money", text)
    assert result.exit_code == 2
    assert all(each.value in result.stderr for each in MoneyStatus)


def test_a_list_says_the_money_status_and_the_next_deadline(busy: EmulatedShop) -> None:
    rows = {each["id"]: each for each in busy.reports("orders", "list")["orders"]}
    assert (rows["cs_soon"]["money_status"], rows["cs_soon"]["answer_by"]) == ("disputed", SOON.isoformat())
    assert (rows["cs_renewal"]["money_status"], rows["cs_renewal"]["answer_by"]) == ("kept", SOON.isoformat())
    assert (rows["cs_answered"]["answer_by"], rows["cs_kept"]["answer_by"]) == (None, None)
    told = busy.runs("orders", "list", "--money", "disputed").stdout
    assert f"{SOON:%Y-%m-%d %H:%M:%S}" in told
    assert "ANSWER BY (UTC)" in told


@given(
    status=st.sampled_from(["warning_needs_response", "needs_response", "under_review", "won", "lost", "a new one"]),
    hours=st.integers(-50, 50) | st.none(),
    submissions=st.integers(0, 2),
    within=st.integers(0, 60),
)
def test_a_dispute_is_due_while_stripe_waits_for_evidence_and_time_is_left(
    status: str, hours: int | None, submissions: int, within: int
) -> None:
    fact = dispute(status, None if hours is None else NOW + hours * HOUR, submission_count=submissions)
    order = after(fulfilled("cs_a"), fact)
    waits = status.endswith("needs_response") and not submissions and hours is not None
    assert is_due(order, NOW, within * HOUR) is (waits and hours is not None and 0 < hours <= within)
    assert (due(order) is not None) is waits


def test_an_order_shows_what_became_of_its_money(shop: EmulatedShop) -> None:
    warning = {
        "object": "radar.early_fraud_warning",
        "id": "issfr_1",
        "actionable": True,
        "fraud_type": "made_with_lost_card",
    }
    review = {"object": "review", "id": "prv_1", "open": False, "opened_reason": "rule", "closed_reason": "approved"}
    order = after(
        fulfilled("cs_a"),
        refund(reason="requested_by_customer"),
        refund("failed", re_id="re_2", failure_reason="lost_or_stolen_card"),
        dispute("lost", due_by=SOON, dp_id="dp_1"),
        dispute("needs_response", due_by=SOON, dp_id="dp_2", has_evidence=True),
        fact_of(warning, source("evt_w")),
        fact_of(review, source("evt_r")),
        replace(refund(re_id="re_9"), renewal=True),
    )
    shop.keep(order)
    told = shop.runs("orders", "show", "cs_a").stdout
    for text in (
        "money: disputed, refunded 10.00 USD, kept -45.00 USD",
        "access: revoked, number ",
        "not told yet",
        "requested_by_customer",
        "failed: lost_or_stolen_card",
        f"answer by {SOON:%Y-%m-%d %H:%M:%S} UTC, in ",
        "evidence staged, not submitted",
        "moved -35.00 USD, fee 15.00 USD",
        "fraud warning issfr_1",
        "made_with_lost_card",
        "closed: approved",
        "renewal's refund re_9",
        "announced: disputed; the money status has changed once",
    ):
        assert text in told, text
    assert not [each for each in SECRETIVE if each in told]
    document = shop.reports("orders", "show", "cs_a")["order"]
    assert document["money"]["status"] == "disputed"
    assert document["disputes"]["dp_2"]["has_evidence"] is True


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([], ""),
        ([dispute("under_review", due_by=SOON, submission_count=2)], "evidence submitted 2 times"),
        ([dispute("needs_response")], "no answer is possible, no evidence"),
        ([dispute("needs_response", due_by=NOW - 2 * DAY)], "2 d ago: too late"),
        ([dispute("appeal_needs_response", due_by=SOON)], "appeal: needs_response"),
        ([refund("pending")], "money: refunding, being refunded 10.00 USD, kept 35.00 USD"),
        ([refund(currency="eur")], "kept: not known"),
    ],
)
def test_what_is_shown_fits_what_happened(facts: list[Fact], expected: str) -> None:
    told = shown(after(fulfilled("cs_a"), *facts))
    assert expected in told if expected else told == ""


def test_the_level_of_access_says_whether_the_hook_was_told() -> None:
    revoked = after(fulfilled("cs_a"), refund(amount=3500))
    assert revoked.access
    number = revoked.access.number
    assert f"access: revoked, number {number}, not told yet, last told 0" in shown(revoked)
    key = revoked.effects["access_changed"].key
    told = lifecycle.mark_done(revoked, "access_changed", NOW, key)
    assert f"access: revoked, number {number}, told" in shown(told).splitlines()


def test_the_timeline_has_every_claim_and_read_after_the_sale(shop: EmulatedShop) -> None:
    order = after(fulfilled("cs_a"), refund("pending"), refund("succeeded"))
    raw = {"object": "refund", "id": "re_1", "status": "requires_action", "amount": 1000, "currency": "usd"}
    order = after(order, read_fact(raw, NOW + HOUR, NOW + HOUR, "2026-10-28.endive"))
    shop.keep(order)
    entries = shop.reports("orders", "show", "cs_a")["timeline"]
    whats = [(each["who"], each["what"].partition(" (")[0]) for each in entries]
    for expected in (
        ("Stripe", "evt_re_1_pending: refund re_1 claims pending"),
        ("Stripe", "evt_re_1_succeeded: refund re_1 claims succeeded"),
        ("read at Stripe", "reconcile:re_1:requires_action: refund re_1 claims requires_action"),
        ("read at Stripe", "refund re_1 is requires_action"),
    ):
        assert expected in whats
    assert f"made {NOW - HOUR:%Y-%m-%d %H:%M:%S}" in " ".join(each.what for each in timeline(order))


def test_what_is_not_done_is_shown_by_its_kind_and_with_its_reason(shop: EmulatedShop) -> None:
    order = after(paid_order("cs_a"), refund(amount=3000), refund(amount=500, re_id="re_2"))
    shop.keep(lifecycle.hold(order))
    lines = [line.split() for line in shop.runs("orders", "show", "cs_a").stdout.splitlines()]
    assert ["refunded", "re_1", "owed", "0", "tries"] in lines
    assert ["refunded", "re_2", "owed", "0", "tries"] in lines
    assert ["fulfill", "held", "by", "money", "and", "review", "0", "tries"] in lines
    listed = shop.runs("orders", "list").stdout
    assert listed.count("refunded owed") == 1
    assert "fulfill held by money and review" in listed


def test_a_release_frees_what_a_review_holds_and_says_what_the_money_holds(shop: EmulatedShop) -> None:
    shop.keep(after(paid_order("cs_money"), refund(amount=3500)))
    said = shop.runs("orders", "release", "cs_money", "--yes")
    assert said.exit_code == 0
    assert "nothing is held for a review" in said.stdout
    assert "held by money: announce_paid, fulfill, send_receipt: access is revoked" in said.stdout
    told = shop.reports("orders", "release", "cs_money", "--yes")
    assert (told["effects"], told["published"]) == ([], None)
    assert told["held_by_money"] == ["announce_paid", "fulfill", "send_receipt"]
    assert "held by money" not in shop.runs("orders", "retry", "cs_money").stdout


def test_what_both_hold_stays_with_the_money_after_a_release(shop: EmulatedShop) -> None:
    with shop.open(HOLD_ON_REVIEW="true"):
        order_id = "cs_test_held"
        shop.publish(event(COMPLETED, session(order_id, mode="a mode of tomorrow")))
        shop.until(lambda: is_held(shop, order_id))
        change(shop, order_id, refund(amount=3500))
        assert shop.order(order_id).effects["fulfill"].reasons == ("money", "review")
        result = shop.runs("orders", "release", order_id, "--yes")
        kept = shop.order(order_id)
    assert (result.exit_code, "held by money: fulfill" in result.stdout) == (0, True)
    assert (kept.effects["fulfill"].reasons, shop.performed) == (("money",), [])


def is_held(shop: EmulatedShop, order_id: str) -> bool:
    rows = shop.reports("orders", "list")["orders"]
    return any(each["id"] == order_id and "held" in each["not_done"].values() for each in rows)


def change(shop: EmulatedShop, order_id: str, *facts: Fact) -> None:
    """Writes facts into an order, as the subscriber of refunds does."""

    async def write() -> None:
        orders = shop.orders()
        known = await orders.get(order_id)
        assert known
        await update(orders, order_id, lambda stored: after((stored or known).order, *facts), known)

    asyncio.run(write())


def test_an_export_has_columns_of_the_money() -> None:
    order = after(
        fulfilled("cs_a"), refund(), refund("pending", 500, "re_2"), replace(dispute(due_by=SOON), renewal=True)
    )
    row = read(csv_line(order, personal=False))
    assert {name: row[name] for name in COLUMNS[-8:]} == {
        "money_status": "refunding",
        "money_currency": "usd",
        "money_refunded": "1000",
        "money_refunding": "500",
        "money_kept": "2500",
        "access": "",
        "open_disputes": "1",
        "answer_by": SOON.isoformat(),
    }
    assert read(csv_line(after(order, refund(amount=3500)), personal=False))["access"] == "revoked"
    plain = read(csv_line(fulfilled("cs_b"), personal=False))
    assert [plain[name] for name in COLUMNS[-8:]] == ["kept", "usd", "0", "0", "3500", "", "0", ""]


def test_an_exported_document_has_what_happened_after_the_sale(shop: EmulatedShop) -> None:
    shop.keep(after(fulfilled("cs_a"), refund()))
    exported = json.loads(shop.runs("export").stdout)
    assert exported["money"]["status"] == "partly_refunded"
    assert exported["refunds"]["re_1"]["claims"]["succeeded"]["event"] == "evt_re_1_succeeded"


def read(line: str) -> dict[str, str]:
    (row,) = csv.DictReader(io.StringIO(header(personal=False) + line, newline=""))
    return row
