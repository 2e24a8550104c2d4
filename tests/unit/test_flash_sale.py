"""The model of a flash sale: one order by hand, many orders by law, and the settings as they are shipped."""

import re
import statistics
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.model import bill, quotas, sale
from benchmark.model.sale import Sale
from benchmark.model.service import Scaling
from benchmark.model.settings import FULFILL, LINE_ITEMS, NO_LIMITS, Limits, Settings
from benchmark.model.stations import UNLIMITED
from benchmark.scenarios import (
    NO_LINE_ITEMS,
    RECOMMENDED,
    RECOMMENDED_STRIPE_READS,
    RECOMMENDED_VARIABLES,
    SHIPPED,
    THIN,
    WARMED_UP,
    Measured,
    flash_sales,
    shipped_variables,
    this_machine,
)
from fulfillment.domain.effects import OWED_ON_ENTERING
from fulfillment.domain.status import Status
from fulfillment.orders import firestore
from fulfillment.stripe_api import READ_SECONDS
from support.cost_model import price
from support.flash_sales import BASE, POLICY, TIMES, fixed
from support.markdown import table_with
from support.tools import ROOT

MEASURED = Measured(webhook_cpu=0.0005, publish=0.001, subscriber_cpu=0.004, delivery=(0.01, 0.02))


def test_one_order_alone_takes_the_sum_of_its_steps() -> None:
    done = Sale(BASE).run()
    assert done.ack_waits[0] == pytest.approx(0.001 + 0.03)
    assert done.fulfillment_waits[0] == pytest.approx(0.05 + 0.005 + 0.025 + 0.3 + 0.025 + 0.15 + 0.025)
    assert done.ended == pytest.approx(done.ack_waits[0] + done.fulfillment_waits[0] + 0.4 + 0.025)
    assert (done.done, done.parked, done.firestore.granted, done.stripe.granted) == (1, 0, 4, 1)


def test_orders_wait_for_stripe_where_its_limit_is_the_smallest() -> None:
    limited = replace(BASE, orders=1000, seconds=1, limits=replace(NO_LIMITS, stripe_reads=25))
    done = Sale(limited).run()
    assert done.done == 1000
    assert done.ended >= (1000 - 25) / 25
    assert done.stripe.granted == 1000
    assert max(done.subscription.attempts) > 1


def test_a_redelivery_goes_on_where_the_last_delivery_ended() -> None:
    times = replace(TIMES, effects={"first": (0.1,), LINE_ITEMS: (0.3,)})
    one_read_in_25_seconds = replace(NO_LIMITS, stripe_reads=0.04)
    sold = Sale(replace(BASE, orders=2, seconds=0.1, times=times, limits=one_read_in_25_seconds)).run()
    assert list(sold.subscription.attempts) == [1, 2]
    at_once, failed, redelivered = 1 + 2, 1 + 1 + 1, 3 + 1
    assert sold.firestore.granted == at_once + failed + redelivered


def test_refused_reads_of_stripe_are_tried_again_with_growing_pauses() -> None:
    sold = Sale(replace(BASE, orders=2, seconds=0.1, limits=replace(NO_LIMITS, stripe_reads=0.04))).run()
    assert 5 < sold.stripe.met.refused < 20


def test_a_thin_event_costs_one_more_read_of_stripe_before_the_order_is_there() -> None:
    snapshot, thin = Sale(BASE).run(), Sale(replace(BASE, thin=True)).run()
    assert thin.ack_waits[0] == snapshot.ack_waits[0]
    assert thin.fulfillment_waits[0] == pytest.approx(snapshot.fulfillment_waits[0] + 0.025 + 0.2)
    assert (snapshot.sessions.granted, thin.sessions.granted, thin.stripe.granted) == (0, 1, 1)
    assert thin.firestore.granted == snapshot.firestore.granted + 1


def test_sessions_and_line_items_are_two_endpoints_so_thin_orders_come_as_fast() -> None:
    limited = replace(BASE, orders=1000, seconds=1, limits=replace(NO_LIMITS, stripe_reads=25))
    snapshot, thin = Sale(limited).run(), Sale(replace(limited, thin=True)).run()
    assert (thin.done, thin.parked, thin.stripe.granted) == (1000, 0, 1000)
    assert thin.sessions.granted == 1000
    assert thin.ended >= (1000 - 25) / 25
    assert thin.ended == pytest.approx(snapshot.ended, rel=0.5)


def test_a_session_is_read_once_for_an_order_that_is_there() -> None:
    times = replace(TIMES, effects={LINE_ITEMS: (0.3,)})
    one_read_in_25_seconds = replace(NO_LIMITS, stripe_reads=0.04)
    of = replace(BASE, orders=2, seconds=0.1, times=times, limits=one_read_in_25_seconds, thin=True)
    sold = Sale(of).run()
    assert (sold.done, sold.sessions.granted, sold.stripe.granted) == (2, 2, 2)


def test_a_delivery_that_cannot_read_its_session_writes_nothing_and_comes_again() -> None:
    times = replace(TIMES, effects={FULFILL: (0.15,)})
    one_read_in_25_seconds = replace(NO_LIMITS, stripe_reads=0.04)
    of = replace(BASE, orders=2, seconds=0.1, times=times, limits=one_read_in_25_seconds, thin=True)
    sold = Sale(of).run()
    assert list(sold.subscription.attempts) == [1, 2]
    looked_up, written = 3, 2 * 2
    assert (sold.done, sold.firestore.granted) == (2, looked_up + written)


def test_an_ack_that_cloud_run_refuses_comes_again_with_stripes_next_request() -> None:
    slow = replace(TIMES, publish=(15.0,))
    done = Sale(replace(BASE, orders=2, seconds=0.001, webhook=fixed(1, 1, patience=10), times=slow)).run()
    assert sorted(round(each) for each in done.ack_waits) == [15, 3625]
    assert done.done == 2


def test_a_write_that_would_wait_longer_than_its_limit_fails_the_delivery_and_loses_nothing() -> None:
    slow = replace(NO_LIMITS, firestore=1)
    done = Sale(replace(BASE, orders=50, seconds=0.1, limits=slow)).run()
    assert done.firestore.met.refused > 0
    assert (done.done, done.parked) == (50, 0)


scalings = st.builds(
    Scaling,
    min_instances=st.integers(0, 2),
    max_instances=st.integers(2, 5),
    concurrency=st.integers(1, 10),
    cold_start=st.floats(0, 5),
    patience=st.floats(0.1, 10),
)
sales = st.builds(
    Settings,
    orders=st.integers(1, 120),
    seconds=st.floats(0.1, 60),
    steady=st.booleans(),
    thin=st.booleans(),
    webhook=scalings,
    subscriber=scalings,
    delivery=st.builds(
        type(POLICY),
        window_start=st.integers(1, 5),
        window_linear=st.integers(5, 50),
        window_most=st.just(UNLIMITED),
        minimum_backoff=st.just(10.0),
        maximum_backoff=st.just(600.0),
        max_attempts=st.integers(1, 100),
        retention=st.floats(60, 604_800),
    ),
    times=st.just(TIMES),
    limits=st.builds(
        Limits,
        publishes=st.floats(1, 1e6),
        pushes=st.floats(1, 1e6),
        stripe_reads=st.floats(0.5, 1e6),
        firestore=st.floats(1, 1e6),
        firestore_growth=st.just(1.5),
        firestore_seconds=st.just(300.0),
    ),
    stripe_retry=st.just(3600.0),
    seed=st.integers(0, 1000),
)


@settings(deadline=None, max_examples=60)
@given(of=sales)
def test_every_order_is_acknowledged_and_then_done_or_parked(of: Settings) -> None:
    sold = Sale(of).run()
    assert min(sold.ack_waits) > 0
    assert sold.done + sold.parked == of.orders
    assert sum(each >= 0 for each in sold.fulfillment_waits) >= sold.done
    assert sum(sold.subscription.attempts) == sold.subscription.nacks + sold.done
    assert (sold.webhook.busy, sold.subscriber.busy) == (0, 0)


@settings(deadline=None, max_examples=40)
@given(instances=st.integers(1, 5), more=st.integers(1, 5), seed=st.integers(0, 1000), seconds=st.floats(0.5, 30))
def test_more_instances_never_make_a_wait_longer(instances: int, more: int, seed: int, seconds: float) -> None:
    crowd = replace(BASE, orders=200, seconds=seconds, steady=False, seed=seed)
    window = replace(POLICY, window_start=3000)
    few, many = (
        Sale(replace(crowd, delivery=window, subscriber=fixed(count, 2, patience=1e9))).run().fulfillment_waits
        for count in (instances, instances + more)
    )
    assert statistics.mean(many) <= statistics.mean(few) + 1e-9
    assert max(many) <= max(few) + 1e-9


def test_the_same_settings_give_the_same_sale() -> None:
    of = replace(BASE, orders=300, steady=False, limits=replace(NO_LIMITS, stripe_reads=25))
    first, second = Sale(of).run(), Sale(of).run()
    assert first.fulfillment_waits == second.fulfillment_waits
    assert first.fulfillment_waits != Sale(replace(of, seed=2)).run().fulfillment_waits


# The settings.


def test_the_shipped_settings_are_the_defaults_of_terraform() -> None:
    shipped = flash_sales(MEASURED, 1)[SHIPPED]
    text = (ROOT / "terraform" / "variables.tf").read_text("utf-8")
    subscribers = text[text.index('variable "subscribers"') :]
    for key, value in {
        "max_instances": shipped.subscriber.max_instances,
        "concurrency": shipped.subscriber.concurrency,
        "max_delivery_attempts": shipped.delivery.max_attempts,
        "maximum_backoff": int(shipped.delivery.maximum_backoff),
    }.items():
        assert re.search(rf"{key} += optional\(number, {value}\)", subscribers), key
    assert (shipped.orders, shipped.seconds) == (1_000_000, 600)
    assert f'"{int(shipped.delivery.retention)}s"' in (ROOT / "terraform" / "subscribers.tf").read_text("utf-8")


def test_the_recommended_settings_are_variables_of_terraform_and_stand_in_the_document() -> None:
    text = (ROOT / "docs" / "performance.md").read_text("utf-8")
    for name, values in RECOMMENDED_VARIABLES.items():
        assert values.keys() <= shipped_variables()[name].keys()
        said = ", ".join(f"{key} = {value}" for key, value in values.items())
        assert f"{name} = {{ {said} }}" in text
    assert f"{RECOMMENDED_STRIPE_READS:,} reads a second" in text


def test_only_what_is_recommended_differs_from_what_is_shipped() -> None:
    shipped, recommended, warm = (flash_sales(MEASURED, 0.1)[title] for title in (SHIPPED, RECOMMENDED, WARMED_UP))
    same = replace(shipped, subscriber=recommended.subscriber, limits=recommended.limits)
    assert same == recommended
    assert replace(recommended, limits=warm.limits) == warm
    assert replace(shipped, thin=True) == flash_sales(MEASURED, 0.1)[THIN]
    no_items = flash_sales(MEASURED, 0.1)[NO_LINE_ITEMS]
    assert shipped.times.effects.keys() - no_items.times.effects.keys() == {LINE_ITEMS}
    assert replace(no_items, times=shipped.times) == shipped
    assert recommended.orders / recommended.seconds == pytest.approx(1_000_000 / 600)


def test_an_order_owes_in_the_model_what_it_owes_in_the_code() -> None:
    of = flash_sales(MEASURED, 0.0001)[SHIPPED]
    assert tuple(of.times.effects) == OWED_ON_ENTERING[Status.PAID] + OWED_ON_ENTERING[Status.FULFILLED]
    sold = Sale(replace(of, limits=NO_LIMITS)).run()
    assert sold.firestore.granted == 6 * of.orders  # the writes that docs/costs.md counts


def test_the_model_has_the_time_limits_of_the_code() -> None:
    assert (sale.READ_SECONDS, sale.RPC_SECONDS) == (READ_SECONDS, firestore.RPC_SECONDS)


def test_a_quick_flash_sale_is_fulfilled_in_every_setting() -> None:
    for title, of in flash_sales(MEASURED, 0.005).items():
        sold = Sale(of).run()
        assert (sold.done, sold.parked) == (of.orders, 0), title


def test_the_pipe_of_this_machine_has_no_limit_but_two_pushes_at_a_time() -> None:
    sold = Sale(this_machine(MEASURED, (0.05,), 10, 100)).run()
    assert statistics.median(sold.fulfillment_waits) == pytest.approx(0.065, abs=0.01)
    assert Sale(this_machine(MEASURED, (0.05,), 1000, 100)).run().fulfillment_waits[-1] > 0.3


# Facts and prices.


def test_every_fact_has_a_source() -> None:
    assert len(quotas.FACTS) > 15
    for fact in quotas.FACTS:
        assert fact.source == quotas.ASSUMED or re.match(
            r"https://(docs\.stripe\.com|cloud\.google\.com)/", fact.source
        )


def test_the_prices_are_those_of_the_document_on_costs() -> None:
    costs: Path = ROOT / "docs" / "costs.md"
    found = {
        row["for a million card orders"]: float(price(row["price"]))
        for row in table_with(costs, "for a million card orders")[:-1]
    }
    stated = {
        "requests": bill.REQUEST,
        "their CPU": bill.VCPU_SECOND,
        "their memory": bill.GIB_SECOND,
        "Pub/Sub: an event": bill.TIB_OF_MESSAGES,
        "Firestore: writes": bill.WRITE,
        "logs": bill.GIB_OF_LOGS,
        "data sent": bill.GIB_SENT,
    }
    for beginning, dollars in stated.items():
        assert next(value for name, value in found.items() if name.startswith(beginning)) == pytest.approx(dollars)


def test_a_bill_counts_each_operation_once() -> None:
    sold = Sale(replace(BASE, orders=1000, seconds=100)).run()
    parts = bill.dollars(sold)
    assert parts["requests"] == pytest.approx(2000 * bill.REQUEST)
    assert parts["Firestore"] == pytest.approx(4000 * bill.WRITE)
    assert parts["Pub/Sub"] == pytest.approx((11 * 4620 + 2 * 2800) * 1000 / 2**40 * 40)


def test_a_thin_event_has_fewer_bytes() -> None:
    thin = bill.dollars(Sale(replace(BASE, orders=1000, seconds=100, thin=True)).run())
    assert thin["Pub/Sub"] == pytest.approx((11 * 1320 + 2 * 2800) * 1000 / 2**40 * 40)


def test_the_bytes_of_the_bill_are_those_of_the_document_on_costs() -> None:
    column = "of one card order with two line items"
    stated = {row[column]: int(row["bytes"].replace(",", "")) for row in table_with(ROOT / "docs" / "costs.md", column)}
    attributes = stated["its message's attributes, id and time"]
    assert stated["the event, as Stripe sends it"] + attributes == bill.EVENT_BYTES
    assert stated["the thin event instead"] + attributes == bill.THIN_EVENT_BYTES
    assert stated["an order event, with its attributes"] == bill.ORDER_EVENT_BYTES
