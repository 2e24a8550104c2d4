"""docs/costs.md adds up, is measured on an order of today's code, and says of Terraform what Terraform makes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from docs_tables.source import Module
from fulfillment.domain.cursor import DISPUTE_DAYS, OVERLAP_SECONDS, REFUND_DAYS
from fulfillment.domain.event_types import AFTER_SALE, EventType
from fulfillment.domain.status import Status
from fulfillment.effects.announce import Announcer
from fulfillment.orders.documents import to_document
from fulfillment.settings.secret_file import SECRET_CACHE_SECONDS
from fulfillment.stripe_api import PAGE
from fulfillment.topic.attributes import attributes_of
from local.fakes.memory_topic import MemoryTopic
from local.fakes.stripe_events import body
from support.builders import card_event, fulfilled_order
from support.cost_model import (
    DELIVERY_SECONDS,
    MONTH_DAYS,
    MONTH_SECONDS,
    MOUNTED,
    SECRET_SECONDS,
    WEBHOOK_SECONDS,
    Backups,
    Bill,
    cents,
    copies,
    number,
    price,
    secret_reads,
    stored,
    written,
)
from support.every_event import thin
from support.firestore_sizes import document_bytes, index_entries
from support.mails import LETTERS
from support.markdown import table_with
from support.tools import ROOT

COSTS, EVENTS, README = ROOT / "docs" / "costs.md", ROOT / "docs" / "stripe-events.md", ROOT / "README.md"
SIZES, HANDLING, FIXED = "of one card order with two line items", "for a million card orders", "every month"
LATER = "for a million events of refunds and disputes"
AGAIN = "for the refunds and disputes of a million sales a month"
OTHERS, SINKS = "for a million other events", "for a million events, of orders or others"
READS, KEPT, PARTS, CHANGE = ("orders a month", "reads"), "where", "part", "change"
TOGETHER = "together"
SUMMED = ["fixed", "handling the orders", "keeping them"]
VOLUMES = {"1,000": 1000, "100,000": 100_000, "10 million": 10_000_000}
MILLION = 10**6
GIB, TIB = 2**30, 2**40
TRACEPARENT = f"00-{'0' * 32}-{'0' * 16}-01"
NEW = {"object_id", "content-type"}  # since 1.1.0, beside the attributes whose names begin with ce-
TIME_AND_ID = 20 + 16  # of a message, as Pub/Sub counts them
PUSHED = len(EventType) + len(AFTER_SALE)  # functions that the topic calls by default
COPIES = 1 + 2 * PUSHED  # of an event: published, and for each subscription of the topic
MEASURED_WITHIN, ROUNDED_WITHIN = 0.1, 0.01


def size(beginning: str) -> int:
    """The stated bytes of what begins so."""
    (found,) = (row for row in table_with(COSTS, SIZES) if row[SIZES].startswith(beginning))
    return int(number(found["bytes"]))


def kept_bytes() -> int:
    return size("the order document") + size("its 54 index entries")


def how_many(heading: str, beginning: str) -> float:
    """The stated number of what begins so, in the table of that heading."""
    (found,) = (row for row in table_with(COSTS, heading) if row[heading].startswith(beginning))
    return float(number(found["how many"]))


def total(heading: str) -> Decimal:
    return Decimal(table_with(COSTS, heading)[-1]["dollars"])


def bill() -> Bill:
    """As the document states it."""
    return Bill(
        fixed=total(FIXED),
        million_orders=total(HANDLING),
        secret_read=price(table_with(COSTS, *READS)[0]["price"]),
        order_bytes=kept_bytes(),
        gib_month={row[KEPT].partition(":")[0]: price(row["price"]) for row in table_with(COSTS, KEPT)},
    )


def spent(orders: int, month: int) -> dict[str, Decimal]:
    return bill().parts(orders, month)


def in_all(orders: int, month: int) -> Decimal:
    return sum(spent(orders, month).values(), Decimal(0))


def default(module: Module, variable: str, key: str) -> int:
    (said,) = re.findall(rf"\b{key} = optional\(\w+, (\d+)\)", module.variables[variable]["type"])
    return int(said)


# The document adds up.


@pytest.mark.parametrize("heading", [HANDLING, FIXED])
def test_each_row_is_its_number_times_its_price_and_the_last_is_their_sum(heading: str) -> None:
    *rows, last = table_with(COSTS, heading)
    assert len(rows) >= 10
    for row in rows:
        assert cents(number(row["how many"]) * price(row["price"])) == Decimal(row["dollars"]), row
    assert last[heading] == TOGETHER
    assert Decimal(last["dollars"]) == sum(Decimal(row["dollars"]) for row in rows)


def test_what_is_handled_follows_from_the_sizes(module: Module) -> None:
    event = size("the event") + size("its message's attributes")
    throughput = COPIES * event + 2 * size("an order event")
    mailed = size("the receipt") + 5000
    expected = {
        "requests": 2 * MILLION,
        f"their CPU, in vCPU-seconds: {WEBHOOK_SECONDS} for the webhook, {DELIVERY_SECONDS:.0f} for": (
            WEBHOOK_SECONDS + DELIVERY_SECONDS
        )
        * MILLION,
        "their memory": (WEBHOOK_SECONDS + DELIVERY_SECONDS) * MILLION / 2,
        "Pub/Sub: an event": throughput * MILLION / TIB,
        "Pub/Sub: events kept": event * MILLION / GIB * default(module, "topics", "events_retention_days") / MONTH_DAYS,
        "logs: a line of ours and a request log, of 800 bytes each, for each request": 4 * 800 * MILLION / GIB,
        "data sent to the internet: the receipt, and 5,000 bytes for": mailed * MILLION / GIB,
    }
    for beginning, value in expected.items():
        assert how_many(HANDLING, beginning) == pytest.approx(value, rel=ROUNDED_WITHIN), beginning


def test_what_thin_events_save_follows_from_the_sizes() -> None:
    attributes, two_order_events = size("its message's attributes"), 2 * size("an order event")
    (said,) = re.findall(r"(\d\.\d\d) dollars for a million orders in place of (\d\.\d\d)", text_of(COSTS))
    for dollars, event in zip(said, ("the thin event instead", "the event"), strict=True):
        of = (COPIES * (size(event) + attributes) + two_order_events) * MILLION / TIB * 40
        assert float(dollars) == pytest.approx(of, abs=0.01)
    (read,) = (row for row in table_with(COSTS, HANDLING) if row[HANDLING].startswith("Firestore: reads"))
    dollars = written(price(read["price"]) * MILLION)
    assert f"one more read of Firestore ({dollars} dollars for a million)" in text_of(COSTS)


def test_what_other_events_cost_follows_from_the_sizes(module: Module) -> None:
    event = size("the event") + size("its message's attributes")
    for heading in (OTHERS, SINKS):
        for row in table_with(COSTS, heading):
            if row[heading] != TOGETHER:
                assert cents(number(row["how many"]) * price(row["price"])) == Decimal(row["dollars"]), row
    *rows, last = table_with(COSTS, OTHERS)
    assert Decimal(last["dollars"]) == sum(Decimal(row["dollars"]) for row in rows)
    expected = {
        "requests of the webhook": MILLION,
        "its CPU": WEBHOOK_SECONDS * MILLION,
        "its memory": WEBHOOK_SECONDS * MILLION / 2,
        "Pub/Sub: published, and delivered to one subscription": 2 * event * MILLION / TIB,
        "Pub/Sub: kept": event * MILLION / GIB * default(module, "topics", "events_retention_days") / MONTH_DAYS,
        "logs": 2 * 800 * MILLION / GIB,
    }
    assert len(rows) == len(expected)
    for beginning, value in expected.items():
        assert how_many(OTHERS, beginning) == pytest.approx(value, rel=ROUNDED_WITHIN), beginning
    for row in table_with(COSTS, SINKS):
        assert float(number(row["how many"])) == pytest.approx(event * MILLION / TIB, rel=ROUNDED_WITHIN)
    (said,) = re.findall(r"about \[(\d+) dollars\]\(costs\.md#other-events-of-stripe\)", text_of(EVENTS))
    assert int(said) == round(Decimal(last["dollars"]))


def test_what_comes_after_a_sale_follows_from_the_sizes(module: Module) -> None:
    *rows, last = table_with(COSTS, LATER)
    for row in rows:
        assert cents(number(row["how many"]) * price(row["price"])) == Decimal(row["dollars"]), row
    assert Decimal(last["dollars"]) == sum(Decimal(row["dollars"]) for row in rows)
    event = size("the event") + size("its message's attributes")
    expected = {
        "requests": 2 * MILLION,
        "their CPU": (WEBHOOK_SECONDS + DELIVERY_SECONDS) * MILLION,
        "their memory": (WEBHOOK_SECONDS + DELIVERY_SECONDS) * MILLION / 2,
        "Pub/Sub: published": (COPIES * event + size("an order event")) * MILLION / TIB,
        "Pub/Sub: kept": event * MILLION / GIB * default(module, "topics", "events_retention_days") / MONTH_DAYS,
        "Firestore: writes": 4 * MILLION,
        "Firestore: reads": 2 * MILLION,
        "logs": 4 * 800 * MILLION / GIB,
    }
    assert len(rows) == len(expected)
    for beginning, value in expected.items():
        assert how_many(LATER, beginning) == pytest.approx(value, rel=ROUNDED_WITHIN), beginning
    two_more = written(price("40 per TiB") * Decimal(2 * event * MILLION) / TIB)
    assert f"two more subscriptions: {two_more} dollars for a million events of any kind" in text_of(COSTS)


def test_what_reconcile_reads_after_the_sale_follows_from_its_windows(module: Module) -> None:
    *rows, last = table_with(COSTS, AGAIN)
    for row in rows:
        assert cents(number(row["how many"]) * price(row["price"])) == Decimal(row["dollars"]), row
    assert Decimal(last["dollars"]) == sum(Decimal(row["dollars"]) for row in rows)
    refunds, disputes, open_days = 50_000, 3_000, 75
    assert f"has {refunds:,} refunds and {disputes:,} disputes a month" in text_of(COSTS)
    runs_a_day = 24 * 60 / default(module, "reconcile", "every_minutes")
    dispute_pages = disputes * DISPUTE_DAYS / MONTH_DAYS / PAGE
    refund_pages = refunds * REFUND_DAYS / MONTH_DAYS / PAGE
    seconds = (
        (dispute_pages * runs_a_day + refund_pages) * MONTH_DAYS / default(module, "reconcile", "reads_per_second")
    )
    expected = {
        f"Firestore: reads for open disputes, two in each run while one is open, {open_days} days": (
            2 * disputes * open_days * runs_a_day
        ),
        f"Firestore: reads of the orders of listed disputes, once a day for {DISPUTE_DAYS}": disputes * DISPUTE_DAYS,
        f"Firestore: reads of the orders of listed refunds, once a day for {REFUND_DAYS}": refunds * REFUND_DAYS,
        "Firestore: reads of all orders that were refunded or lost": (refunds + disputes) * stored(12) * MONTH_DAYS,
        "reconcile's CPU": seconds,
        "its memory": seconds / 2,
    }
    assert len(rows) == len(expected)
    for beginning, value in expected.items():
        assert how_many(AGAIN, beginning) == pytest.approx(value, rel=ROUNDED_WITHIN), beginning
    requests = f"here {dispute_pages:.0f} requests in each run for the disputes, and {refund_pages:.0f} a day"
    assert requests in text_of(COSTS)


def text_of(path: Path) -> str:
    return " ".join(path.read_text("utf-8").split())


def test_what_does_not_depend_on_the_orders_follows_from_the_month() -> None:
    minutes = MONTH_SECONDS // 60
    conditions = how_many(FIXED, "alerts: conditions on metrics")
    expected = {
        "one webhook kept warm": MONTH_SECONDS,
        "its memory": MONTH_SECONDS / 2,
        "alerts: two points a minute": 2 * minutes * conditions,
        "log-based metrics: sixteen with seventeen series, a point of 8 bytes": 17 * 8 * minutes / 2**20,
    }
    for beginning, value in expected.items():
        assert how_many(FIXED, beginning) == pytest.approx(value, rel=ROUNDED_WITHIN), beginning
    text = " ".join(COSTS.read_text("utf-8").split())
    assert f"a check every five minutes from six places makes {6 * minutes // 5:,}" in text
    warm = saving({"min_instances": "0"}, 1000)
    assert f"In test mode no webhook is kept warm: {warm} dollars less" in text


def test_what_reconcile_reads_follows_from_its_window(module: Module) -> None:
    runs = OVERLAP_SECONDS / 60 / default(module, "reconcile", "every_minutes")
    hours = OVERLAP_SECONDS // 3600
    reads = f"Firestore: reads of reconcile, which compares an order in each of its runs for {hours} hours"
    assert how_many(HANDLING, reads) == runs * MILLION
    seconds = runs * MILLION / PAGE / default(module, "reconcile", "reads_per_second")
    assert how_many(HANDLING, f"reconcile's CPU: a hundred sessions in 0.1 s, {runs:.0f} times") == pytest.approx(
        seconds
    )
    assert how_many(HANDLING, "its memory") == pytest.approx(seconds / 2)
    runs_a_month = MONTH_SECONDS / 60 / default(module, "reconcile", "every_minutes")
    assert how_many(FIXED, "reconcile: 720 runs of three seconds") == 3 * runs_a_month == 3 * 720


def test_the_writes_of_a_card_order_are_the_counted_ones() -> None:
    (writes,) = (row for row in table_with(COSTS, "for") if row["for"] == "Firestore writes")
    assert how_many(HANDLING, "Firestore: writes") == int(writes["a card payment"]) * MILLION


def test_the_reads_of_secrets_are_those_of_the_rule() -> None:
    assert SECRET_SECONDS == SECRET_CACHE_SECONDS
    for row in table_with(COSTS, *READS):
        orders, dollars = VOLUMES[row["orders a month"]], Decimal(row["dollars"])
        assert float(number(row["reads"])) == pytest.approx(secret_reads(orders), rel=ROUNDED_WITHIN)
        assert cents(number(row["reads"]) * price(row["price"])) == dollars
        assert cents(spent(orders, 1)["reads of mounted secrets"]) == dollars


def test_what_is_kept_follows_from_the_days_of_the_backups() -> None:
    daily, weekly = Backups().daily, Backups().weekly
    expected: dict[str, Callable[[int], float]] = {
        "storage": stored,
        "point-in-time recovery": stored,
        f"daily backups: {daily} copies": lambda month: copies(month, 1, daily),
        f"weekly backups: {weekly // 7} copies": lambda month: copies(month, 7, weekly),
    }
    found = table_with(COSTS, KEPT)
    assert [row[KEPT] for row in found] == list(expected)
    for row in found:
        for month in (1, 12, 24):
            assert row[f"month {month}"] == f"{expected[row[KEPT]](month):.1f}"


def test_a_gib_in_every_backup_costs_what_the_text_says() -> None:
    text, prices = " ".join(COSTS.read_text("utf-8").split()), bill().gib_month
    copied = Backups().daily + Backups().weekly // 7
    together = prices["storage"] + prices["point-in-time recovery"] + copied * prices["daily backups"]
    assert f"In the {copied} copies" in text
    assert f"Index entries are {size('its 54 index entries'):,} of an order's {kept_bytes():,} bytes" in text
    assert f"a GiB of orders costs {together} dollars a month" in text
    assert f"{kept_bytes():,} bytes, so {kept_bytes() * MILLION / GIB:.2f} GiB for a million orders" in text
    assert f"A million orders are {kept_bytes() * MILLION / GIB:.2f} GiB" in text


def test_a_months_bill_follows_from_what_is_stated() -> None:
    *rows, last = table_with(COSTS, PARTS)
    columns = {f"{name}: month {month}": spent(orders, month) for name, orders in VOLUMES.items() for month in (1, 12)}
    assert list(last) == [PARTS, *columns]
    for column, parts in columns.items():
        assert {row[PARTS]: row[column] for row in rows} == {name: written(value) for name, value in parts.items()}
        assert last[column] == written(sum(parts.values(), Decimal(0)))


def test_the_first_table_is_the_months_bill_in_short() -> None:
    rows = table_with(COSTS, "orders a month", "month 1")
    assert [row["orders a month"] for row in rows] == list(VOLUMES)
    for row in rows:
        fixed, handling, reads, *keeping = spent(VOLUMES[row["orders a month"]], 12).values()
        assert list(row.values())[3:] == [written(fixed), written(handling + reads), written(sum(keeping, Decimal(0)))]
        for month in (1, 12):
            assert row[f"month {month}"] == f"about {in_all(VOLUMES[row['orders a month']], month):,.0f}"


def test_each_further_year_adds_what_the_text_says() -> None:
    text = " ".join(COSTS.read_text("utf-8").split())
    few, many, most = (written(in_all(orders, 36) - in_all(orders, 24)) for orders in VOLUMES.values())
    assert f"adds, to a month's bill, {few} dollars at 1,000 orders a month, {many} at 100,000 and {most} at 10" in text


def test_the_daily_reads_of_failed_orders_cost_what_the_text_says() -> None:
    (read,) = (row for row in table_with(COSTS, HANDLING) if row[HANDLING].startswith("Firestore: reads"))
    text = " ".join(COSTS.read_text("utf-8").split())
    assert f"A million of them cost {written(price(read['price']) * MILLION * MONTH_DAYS)} dollars a month" in text


def test_the_readme_says_the_same_prices() -> None:
    few, more, _ = table_with(COSTS, "orders a month", "month 1")
    text = " ".join(README.read_text("utf-8").split())
    assert few["month 1"] == few["month 12"]
    assert f"{few['orders a month']} orders a month: {few['month 1']} dollars" in text
    first, last = more["month 1"], more["month 12"].removeprefix("about ")
    assert f"{more['orders a month']}: {first} dollars in the first month and {last} in the twelfth" in text


def test_most_of_the_price_of_keeping_orders_is_backups_as_the_text_says() -> None:
    _, _, _, *keeping = spent(10_000_000, 12).values()
    assert keeping[-1] / sum(keeping) == pytest.approx(Decimal(2) / 3, rel=Decimal("0.05"))
    assert "Two thirds of what keeping the orders costs are backups" in " ".join(COSTS.read_text("utf-8").split())


def test_what_a_change_saves_follows_from_the_same_rules() -> None:
    rows = table_with(COSTS, CHANGE)
    for row in rows:
        settings = dict(re.findall(r"(\w+) = (\d+)", row[CHANGE]))
        saved = {orders: saving(settings, orders) for orders in (100_000, 10_000_000)}
        assert list(row.values())[1:] == [written(value) for value in saved.values()], row
    assert len(rows) == 5


def saving(settings: Mapping[str, str], orders: int) -> Decimal:
    """What other settings save in month 12."""
    if "min_instances" in settings:
        return sum((Decimal(row["dollars"]) for row in table_with(COSTS, FIXED)[:2]), Decimal(0))
    if "every_minutes" in settings:
        names = ("Firestore: reads of reconcile", "reconcile's CPU", "its memory")
        rows = [row for row in table_with(COSTS, HANDLING) if row[HANDLING].startswith(names)]
        runs = sum((Decimal(row["dollars"]) for row in rows), Decimal(0)) * orders / MILLION
        return runs * (1 - Decimal(60) / int(settings["every_minutes"]))
    fewer = Backups(**{name.removesuffix("_backup_days"): int(days) for name, days in settings.items()})
    return spent(orders, 12)["backups"] - bill().parts(orders, 12, fewer)["backups"]


# It is measured.


async def test_the_stated_sizes_are_those_of_an_order_of_today(module: Module) -> None:
    order, event, order_events = fulfilled_order(), card_event(), MemoryTopic()
    assert order.status is Status.FULFILLED
    assert not order.review
    path, document = f"orders/{order.id}", to_document(order)
    unindexed = set(re.findall(r'"(\w+)"', str(module.locals["unindexed_fields"])))
    entries = index_entries(
        path, document, unindexed, {module.resources["google_firestore_field.money_status"]["field"]}
    )
    await Announcer(order_events).announce(Status.PAID, order, f"{order.id}:announce_paid")
    measured = {
        "the event": len(body(event)),
        "its message's attributes": besides(attributes_of(event, TRACEPARENT)),
        "the thin event instead": len(body(thin_twin(event))),
        "an order event": sum(len(each.data) + besides(each.attributes) for each in order_events.stored),
        "the order document": document_bytes(path, document),
        f"its {len(entries)} index entries": sum(entries),
        "the receipt": len(bytes(LETTERS.receipt(order, f"{order.id}:send_receipt") or b"")),
    }
    assert {name: size(name) for name in measured} == {
        name: pytest.approx(value, rel=MEASURED_WITHIN) for name, value in measured.items()
    }


def test_the_new_attributes_have_the_bytes_that_are_told() -> None:
    """`object_id` and CloudEvents': the documents state one number."""
    attributes = attributes_of(card_event(), TRACEPARENT)
    new = {name: value for name, value in attributes.items() if name in NEW or name.startswith("ce-")}
    (costs,) = re.findall(r"CloudEvents' attributes are (\d+) bytes of the (\d+)", text_of(COSTS))
    (upgrade,) = re.findall(r"CloudEvents' attributes, about (\d+) bytes", text_of(EVENTS))
    assert costs == (upgrade, str(size("its message's attributes")))
    assert int(upgrade) == pytest.approx(besides(new) - TIME_AND_ID, rel=ROUNDED_WITHIN)


def thin_twin(event: Mapping[str, Any]) -> dict[str, Any]:
    """The thin event of a snapshot event, with ids as long as Stripe's."""
    session_id = event["data"]["object"]["id"]
    twin = thin(EventType.COMPLETED.thin) | {"id": f"evt_{'1' * 50}", "snapshot_event": event["id"]}
    request = {"id": f"req_{'1' * 14}", "idempotency_key": str(UUID(int=0))}
    twin["related_object"] |= {"id": session_id, "type": "checkout.session"}
    twin["related_object"]["url"] = f"/v1/checkout/sessions/{session_id}"
    return twin | {"reason": {"type": "request", "request": request}}


def besides(attributes: Mapping[str, str]) -> int:
    """The bytes of a message beside its data, as Pub/Sub counts them."""
    return sum(len(name) + len(value) for name, value in attributes.items()) + TIME_AND_ID


# It says what Terraform makes.


def test_the_backups_are_those_of_terraform(module: Module) -> None:
    declared = Backups(
        daily=default(module, "orders", "daily_backup_days"), weekly=default(module, "orders", "weekly_backup_days")
    )
    assert declared == Backups()
    database = module.resources["google_firestore_database.orders"]
    assert database["point_in_time_recovery_enablement"] == "POINT_IN_TIME_RECOVERY_ENABLED"
    schedules = module.of_type("google_firestore_backup_schedule")
    assert {name for name, block in schedules.items() if f"{name}_recurrence" in block} == {"daily", "weekly"}


def test_the_mounted_secrets_are_those_of_terraform(module: Module, functions: Mapping[str, Any]) -> None:
    webhook, subscriber = functions["stripe_webhook"], functions["on_checkout_session_completed"]
    assert {WEBHOOK_SECONDS: len(webhook["secrets"]), DELIVERY_SECONDS: len(subscriber["secrets"])} == MOUNTED
    assert how_many(FIXED, "secret versions: three secrets, and one older") == 3 + 1
    assert len(module.locals["declared_secrets"]) == 3


def test_the_functions_that_are_built_and_the_half_gib_are_those_of_terraform(functions: Mapping[str, Any]) -> None:
    assert {each["memory"] for each in functions.values()} == {"512Mi"}
    assert functions["on_stripe_event"]["enabled"] == "${var.events.handlers}"
    assert functions["on_checkout_session_expired"]["enabled"] == "${var.after_sale.abandoned_carts}"
    built = len(functions) - 2
    assert how_many(FIXED, "Cloud Build: four deployments, eight functions each, three minutes") == 4 * built * 3
    assert built == 8


def test_the_log_based_metrics_are_those_of_terraform(module: Module) -> None:
    declared = module.of_type("google_logging_metric")
    each = {name: len(re.findall(r'"(\w+)"', str(block.get("for_each", '"one"')))) for name, block in declared.items()}
    each |= {"this": len(module.locals["metrics"]), "any": len(declared["any"]["for_each"])}
    (row,) = (row for row in table_with(COSTS, FIXED) if row[FIXED].startswith("log-based metrics: sixteen"))
    assert row
    assert sum(each.values()) == 16, each


def test_no_more_conditions_on_metrics_are_declared_than_are_counted() -> None:
    text = "".join(path.read_text("utf-8") for path in sorted((ROOT / "terraform").glob("*.tf")))
    queries = re.findall(r"^ +query += (?!each\.)", text, re.MULTILINE)
    others = re.findall(r"^    (?:stripe_events_dead_letter|handlers_unacked) = \{$", text, re.MULTILINE)
    declared = len(queries) - len(others) + text.count("condition_threshold {")
    assert 5 < declared <= how_many(FIXED, "alerts: conditions on metrics")


def test_what_routed_events_and_handlers_add_to_the_fixed_costs_follows_from_the_same_prices() -> None:
    rows = [row for row in table_with(COSTS, FIXED) if row[FIXED].startswith(("alerts: ", "Cloud Build: "))]
    minute, condition, point = (price(row["price"].removesuffix(" per minute")) for row in rows)
    alerts = written(2 * condition + 2 * 2 * MONTH_SECONDS // 60 * point)
    built = written(4 * 3 * minute)
    said = f"Two more conditions of alerts cost {alerts} dollars a month, and one more function to build {built}"
    assert said in text_of(COSTS)


# The model itself.


def test_each_backup_is_as_large_as_the_database_was_when_it_was_made() -> None:
    assert copies(1, every_days=30, kept_days=30) == 0
    assert copies(2, every_days=30, kept_days=30) == 1
    assert copies(3, every_days=30, kept_days=30) == 2
    assert copies(3, every_days=30, kept_days=60) == 2 + 1
    assert copies(12, every_days=1, kept_days=0) == 0


def test_storage_recovery_and_backups_grow_with_the_months_and_the_rest_does_not() -> None:
    first, last = spent(1000, 1), spent(1000, 12)
    grown = {name for name in first if last[name] > first[name]}
    assert grown == {"storage", "point-in-time recovery", "backups"}


def test_a_bill_without_backups_has_none() -> None:
    assert replace(bill(), order_bytes=1).parts(1000, 12, Backups(daily=0, weekly=0))["backups"] == 0


@pytest.mark.parametrize(
    ("text", "value"), [("2.1 million GiB", "2100000"), ("about 1,452", "1452"), ("1", "1"), ("0.0196 TiB", "0.0196")]
)
def test_a_number_is_read_as_it_is_written(text: str, value: str) -> None:
    assert number(text) == Decimal(value)


def test_a_price_is_of_one() -> None:
    assert price("0.40 per million") == Decimal("0.0000004")
    assert price("0.09 per 100,000") == Decimal("0.0000009")
    assert price("40 per TiB") == price("40") == Decimal(40)
