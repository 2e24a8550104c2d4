"""BigQuery's views: they are GoogleSQL, and show what the product itself would make of the same messages.

They run on DuckDB (support.warehouse), not on BigQuery.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp
from sqlglot.errors import ParseError

from docs_tables.source import Module
from fulfillment.domain.ids import Owner
from fulfillment.domain.order import Order
from fulfillment.domain.status import Status
from fulfillment.domain.synthetic_events import synthetic_event
from fulfillment.domain.transitions import is_order
from fulfillment.topic.attributes import attributes_of
from local.fakes.stripe_events import COMPLETED, FAILED, SUCCEEDED, Json, body, event, session
from support.builders import NOW, order_of, parsed
from support.markdown import table_with
from support.samples import eras, renderings, schedules
from support.tools import ROOT
from support.warehouse import VIEWS, Warehouse, parse_sql, query_of

DOCUMENT = ROOT / "docs" / "sinks.md"
STATEMENTS = re.findall(r"^```sql\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL)
TRACEPARENT = f"00-{'0' * 32}-{'0' * 16}-01"
STRIPE_EVENTS = "checkout-stripe-events-bigquery"
ORDERS = [COMPLETED, SUCCEEDED, FAILED]
SESSIONS = ["cs_test_a1", "cs_test_a2"]


@pytest.fixture(scope="module", name="opened")
def opened_warehouse() -> Warehouse:
    return Warehouse()


@pytest.fixture
def warehouse(opened: Warehouse) -> Iterator[Warehouse]:
    opened.clear()
    yield opened
    opened.clear()


def write(warehouse: Warehouse, *said: Json) -> None:
    for each in said:
        warehouse.write(attributes_of(each, TRACEPARENT), body(each))


def thin(of: Json, **changes: Any) -> Json:
    """The thin twin of a snapshot event."""
    session_id = of["data"]["object"]["id"]
    return {
        "id": f"{of['id']}_thin",
        "object": "v2.core.event",
        "type": f"v1.{of['type']}",
        "created": "2026-11-23T12:00:00.000Z",
        "livemode": of["livemode"],
        "related_object": {
            "id": session_id,
            "type": "checkout.session",
            "url": f"/v1/checkout/sessions/{session_id}",
        },
        "snapshot_event": of["id"],
    } | changes


def shown_of(order: Order) -> dict[str, Any]:
    """The row that the view `orders` should show of an order."""
    customer = order.customer
    return {
        "session_id": order.id,
        "status": order.status.value,
        "event_id": order.source,
        "paid_at": order.paid_at,
        "account": order.account,
        "context": order.context,
        "livemode": order.livemode,
        "mode": order.mode,
        "payment_status": order.payment_status,
        "amount_total": order.amount_total,
        "currency": order.currency,
        "customer": customer and customer.id,
        "customer_email": customer and customer.email,
        "client_reference_id": order.client_reference_id,
        "payment_intent": order.payment_intent,
        "subscription": order.subscription,
        "invoice": order.invoice,
        "payment_link": order.payment_link,
        "session_created_at": order.session_created_at,
    }


def orders_in(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    """The rows of the view `orders` by session, without its largest columns."""
    rows = warehouse.rows("orders")
    assert len({row["session_id"] for row in rows}) == len(rows)
    return {
        row["session_id"]: {name: row[name] for name in row if name not in {"session", "publish_time"}} for row in rows
    }


def columns(view: str) -> list[str]:
    query = parse_sql(query_of(view))
    assert isinstance(query, exp.Query)
    return query.named_selects


# They are GoogleSQL.


@pytest.mark.parametrize("view", sorted(path.stem for path in VIEWS.glob("*.sql")))
def test_a_view_is_googlesql(view: str) -> None:
    assert len(columns(view)) > 10


def test_what_is_not_googlesql_is_refused() -> None:
    with pytest.raises(ParseError):
        parse_sql("SELECT JSON_VALUE(data, '$.id' FROM events")
    with pytest.raises(ValueError, match="rows"):
        parse_sql("SELECT 1 AS rows")


def test_no_two_columns_of_a_view_have_one_name() -> None:
    for path in VIEWS.glob("*.sql"):
        assert len(set(columns(path.stem))) == len(columns(path.stem)), path.name


# Orders.


@given(st.data())
def test_an_order_is_what_the_product_makes_of_the_same_events(opened: Warehouse, data: st.DataObject) -> None:
    opened.clear()
    said = [each for name in SESSIONS for each in data.draw(renderings(name))]
    write(opened, *data.draw(schedules(said)))
    orders = [order_of(*(each for each in said if each["data"]["object"]["id"] == name)) for name in SESSIONS]
    assert orders_in(opened) == {order.id: shown_of(order) for order in orders}


def test_every_sample_of_every_era_is_the_order_that_the_product_makes_of_it(warehouse: Warehouse) -> None:
    compared = 0
    for name, sample in eras():
        if sample["type"] not in ORDERS or not is_order(parsed(sample).checkout):
            continue
        warehouse.clear()
        write(warehouse, sample)
        order = order_of(sample)
        assert orders_in(warehouse) == {order.id: shown_of(order)}, name
        compared += 1
    assert compared > 20


@pytest.mark.parametrize("arrival", [1, -1])
def test_a_delayed_payment_that_came_is_paid_whatever_arrives_last(warehouse: Warehouse, arrival: int) -> None:
    waits = event(COMPLETED, session("cs_test_a1", payment_status="unpaid"))
    fails = event(FAILED, session("cs_test_a1", payment_status="unpaid"))
    comes = event(SUCCEEDED, session("cs_test_a1"))
    write(warehouse, *[waits, fails, comes][::arrival])
    assert orders_in(warehouse)["cs_test_a1"] == shown_of(order_of(waits, fails, comes))
    assert orders_in(warehouse)["cs_test_a1"]["status"] == "paid"


def test_an_event_that_reconcile_found_counts_and_stripes_own_leads(warehouse: Warehouse) -> None:
    found = synthetic_event(session("cs_test_a1"), owner=Owner(), api_version="2026-10-28.endive", at=NOW)
    assert found
    write(warehouse, dict(found.event))
    assert orders_in(warehouse)["cs_test_a1"]["event_id"] == "reconcile:cs_test_a1:paid"
    own = event(COMPLETED, session("cs_test_a1"))
    write(warehouse, own)
    assert orders_in(warehouse)["cs_test_a1"] == shown_of(order_of(dict(found.event), own))


def test_a_connected_accounts_order_shows_whose_it_is(warehouse: Warehouse) -> None:
    said = event(COMPLETED, session("cs_test_a1"), account="acct_1Shop", context="acct_1Shop")
    write(warehouse, said)
    assert orders_in(warehouse)["cs_test_a1"] == shown_of(order_of(said))


def test_amounts_are_the_merchants_and_not_the_buyers(warehouse: Warehouse) -> None:
    conversion = {"amount_subtotal": 3000, "amount_total": 3500, "fx_rate": "0.92", "source_currency": "usd"}
    before = session("cs_test_a1", amount_total=3220, currency="eur", currency_conversion=conversion)
    since = session("cs_test_a2", presentment_details={"presentment_amount": 3220, "presentment_currency": "eur"}) | {
        "currency_conversion": conversion | {"source_currency": "gbp"}
    }
    said = [event(COMPLETED, before), event(COMPLETED, since)]
    write(warehouse, *said)
    assert orders_in(warehouse) == {order.id: shown_of(order) for order in map(order_of, said)}
    assert {(row["amount_total"], row["currency"]) for row in orders_in(warehouse).values()} == {(3500, "usd")}


def test_a_session_that_sells_nothing_and_an_event_of_another_type_are_no_orders(warehouse: Warehouse) -> None:
    write(
        warehouse,
        event(COMPLETED, session("cs_test_a1", mode="setup", payment_status="no_payment_required")),
        event("checkout.session.expired", session("cs_test_a2")),
        event("invoice.paid", {"id": "in_1", "object": "invoice"}),
        event(COMPLETED, session("not an id of a session")),
    )
    assert orders_in(warehouse) == {}


def test_an_order_with_thin_events_alone_is_a_row_without_fields(warehouse: Warehouse) -> None:
    twin = thin(event(COMPLETED, session("cs_test_a1")))
    write(warehouse, twin)
    row = orders_in(warehouse)["cs_test_a1"]
    assert {name: value for name, value in row.items() if value is not None} == {
        "session_id": "cs_test_a1",
        "event_id": twin["id"],
        "livemode": False,
    }


@pytest.mark.parametrize(("event_type", "status"), [(SUCCEEDED, Status.PAID), (FAILED, Status.PAYMENT_FAILED)])
def test_a_thin_event_adds_the_claim_that_its_type_makes(warehouse: Warehouse, event_type: str, status: Status) -> None:
    waits = event(COMPLETED, session("cs_test_a1", payment_status="unpaid"))
    write(warehouse, thin(event(event_type, session("cs_test_a1"))), waits)
    assert orders_in(warehouse)["cs_test_a1"] == shown_of(order_of(waits)) | {"status": status.value}


def test_a_snapshot_leads_its_thin_twin(warehouse: Warehouse) -> None:
    said = event(COMPLETED, session("cs_test_a1"))
    write(warehouse, thin(said, id="evt_0"), said)
    assert orders_in(warehouse)["cs_test_a1"] == shown_of(order_of(said))


# Events.


def test_an_event_is_shown_once_as_it_was_published_first(warehouse: Warehouse) -> None:
    said = event(COMPLETED, session("cs_test_a1"), account="acct_1Shop")
    attributes = attributes_of(said, TRACEPARENT)
    warehouse.write(attributes, body(said))
    warehouse.write(attributes, body(said | {"api_version": "2020-08-27"}), STRIPE_EVENTS)
    warehouse.write(attributes | {"source": "archive"}, body(said))
    (row,) = warehouse.rows("events_once")
    assert json.loads(row.pop("data")) == said
    assert row.pop("body") == body(said).decode()
    assert json.loads(row.pop("attributes")) == attributes
    assert row.pop("created").timestamp() == said["created"]
    assert row.pop("publish_time")
    assert row == {
        "event_id": said["id"],
        "event_type": COMPLETED,
        "object_id": "cs_test_a1",
        "session_id": "cs_test_a1",
        "account": "acct_1Shop",
        "context": None,
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "source": None,
        "snapshot_event": None,
        "message_id": row["message_id"],
    }


def test_a_thin_event_and_its_snapshot_are_two_events_that_know_each_other(warehouse: Warehouse) -> None:
    said = event("invoice.paid", {"id": "in_1", "object": "invoice"})
    twin = thin(event(COMPLETED, session("cs_test_a1")), type="v1.invoice.paid", snapshot_event=said["id"])
    write(warehouse, said, twin, twin, said)
    rows = {row["event_id"]: row for row in warehouse.rows("events_once")}
    assert {name: row["snapshot_event"] for name, row in rows.items()} == {said["id"]: None, twin["id"]: said["id"]}
    assert rows[twin["id"]]["created"].isoformat() == "2026-11-23T12:00:00+00:00"


def test_events_without_an_id_are_all_shown(warehouse: Warehouse) -> None:
    for number in range(2):
        said = event(COMPLETED, session("cs_test_a1"), id=number)
        warehouse.write(attributes_of(said, TRACEPARENT), body(said))
    assert [row["event_id"] for row in warehouse.rows("events_once")] == [None, None]


@given(st.data())
def test_every_event_is_shown_and_none_twice(opened: Warehouse, data: st.DataObject) -> None:
    opened.clear()
    said = data.draw(renderings())
    write(opened, *data.draw(schedules(said)))
    assert sorted(row["event_id"] for row in opened.rows("events_once")) == sorted({each["id"] for each in said})


# The document.


def test_the_document_names_every_column_of_the_table(module: Module) -> None:
    schema = str(module.resources["google_bigquery_table.events"]["schema"])
    declared = re.findall(r'name = "(\w+)", type = "(\w+)"', schema)
    documented = [(row["column"].strip("`"), row["type"].strip("`")) for row in table_with(DOCUMENT, "column", "type")]
    assert documented == declared
    assert len(declared) == 5


@pytest.mark.parametrize("view", sorted(path.stem for path in VIEWS.glob("*.sql")))
def test_the_document_names_every_column_of_a_view(view: str) -> None:
    (told,) = re.findall(rf"^\*\*`{view}`\*\*.*?(?=\n\n)", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert [name for name in columns(view) if f"`{name}`" not in told] == []


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_of_the_document_runs(warehouse: Warehouse, statement: str) -> None:
    write(warehouse, event(COMPLETED, session("cs_live_a1")), event("invoice.payment_failed", {"id": "in_1"}))
    warehouse.run(statement)


def test_the_documents_sales_are_those_of_the_orders(warehouse: Warehouse) -> None:
    sold = [event(COMPLETED, session(name), created=1795446600) for name in SESSIONS]
    write(warehouse, *sold, *sold, event(COMPLETED, session("cs_test_a3", payment_status="unpaid")))
    (row,) = warehouse.run(STATEMENTS[0])
    assert row == {"day": order_of(sold[0]).paid_at.date(), "currency": "usd", "sales": 2, "minor_units": 7000}  # type: ignore[union-attr]


def test_the_documents_deletion_takes_one_buyer_and_leaves_the_others(warehouse: Warehouse) -> None:
    jenny = {"email": "Jenny@Example.com", "name": "Jenny"}
    write(
        warehouse,
        event(COMPLETED, session("cs_live_b1", customer_details=jenny)),
        event("invoice.paid", {"id": "in_1", "customer": "cus_1Jenny"}),
        event(SUCCEEDED, session("cs_live_a1")),
        event(COMPLETED, session("cs_live_c1")),
    )
    assert len(warehouse.run(STATEMENTS[-2])) == 2
    warehouse.run(STATEMENTS[-1])
    assert [row["session_id"] for row in warehouse.rows("events_once")] == ["cs_live_c1"]
