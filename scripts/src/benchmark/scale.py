"""A flash sale of a million orders in ten minutes, by a model: what is met first, how long buyers wait, what it costs.

The model is fed with the CPU that was measured here, and with published limits. It must agree with the measured run at
the rates that this machine can do.
"""

import gc
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from benchmark import end_to_end, load, subscriber
from benchmark.ack import publish_seconds
from benchmark.figures import Goal, Part, Spread, Table, number
from benchmark.model.bill import dollars
from benchmark.model.quotas import ASSUMED, CHECKOUT_PATIENCE, FACTS
from benchmark.model.sale import Sale
from benchmark.model.settings import Settings
from benchmark.scenarios import SHIPPED, Measured, flash_sales, this_machine
from benchmark.servers import Bench
from benchmark.worker import post
from local.fakes.stripe_events import COMPLETED, event, new_id, session
from local.runtime.pipe import WEBHOOK

CALIBRATED_AT = 5
RATES = (10, 40, 80)
SECONDS = 8
COUNT = 2_000
_TOPIC = "scale"


def measure(bench: Bench, files: Path, _rounds: int, share: float) -> Part:
    """Measures the service times, compares the model with this machine, then sells."""
    measured = _service_times(bench, files, int(COUNT * share))
    compared, goals = _compare(bench, measured, share)
    sales = {title: _run(settings) for title, settings in flash_sales(measured, share).items()}
    tables = [compared, _waits(sales), _met(sales), _costs(sales), _assumed(measured)]
    return Part(tables, goals + _goals(sales))


def _service_times(bench: Bench, files: Path, count: int) -> Measured:
    bench.topic(_TOPIC)
    webhook, orders = bench.start(WEBHOOK, EVENTS_TOPIC=_TOPIC), bench.start(subscriber.OURS)
    requests, _ = load.prepare(files / "scale", count)
    for name in ("scale-warm", "scale-pushes"):  # a push of the same order again would be less work
        load.write(files / name, ((_push(), {}) for _ in range(count)))
    load.post(webhook.url, requests, count // 10, 16)
    load.post(orders.url, files / "scale-warm", count // 10, subscriber.CONNECTIONS)
    webhook_cpu = post(bench, webhook, requests, count, 16).cpu / 1e6
    subscriber_cpu = post(bench, orders, files / "scale-pushes", count, subscriber.CONNECTIONS).cpu / 1e6
    delivery = []
    with httpx.Client() as client:
        for _ in range(count // 10):
            content, began = _push(), time.perf_counter()
            client.post(orders.url, content=content).raise_for_status()
            delivery.append(time.perf_counter() - began)
    for server in (webhook, orders):
        bench.processes.stop(server.name)
    return Measured(
        webhook_cpu=webhook_cpu, publish=publish_seconds(bench), subscriber_cpu=subscriber_cpu, delivery=delivery
    )


def _push() -> bytes:
    return subscriber.push(event(COMPLETED, session(new_id("cs_test")), id=new_id("evt")))


def _run(settings: Settings) -> Sale:
    """The garbage collector would walk through a million waiting orders again and again."""
    gc.disable()
    try:
        return Sale(settings).run()
    finally:
        gc.enable()


def _compare(bench: Bench, measured: Measured, share: float) -> tuple[Table, list[Goal]]:
    """The measured run at each rate, and the model's. How long the emulator takes to push is taken from a slow run."""
    servers = end_to_end.start(bench)
    _, slow = end_to_end.steady(bench, servers, int(CALIBRATED_AT * 20 * share), CALIBRATED_AT)
    alone = statistics.median(measured.delivery)
    transit = [max(0.0, each - alone) for each in slow]
    rows, goals = [], []
    for rate in RATES:
        count = int(rate * SECONDS * share)
        _, took = end_to_end.steady(bench, servers, count, rate)
        waits = _run(this_machine(measured, transit, rate, count)).fulfillment_waits
        real, model = (max(statistics.median(each), 0.001) for each in (took, waits))
        both = [(real, end_to_end.p99(took)), (model, end_to_end.p99(waits))]
        rows.append([f"{rate}", *(number(each * 1000) for pair in both for each in pair)])
        factor = Spread.of([max(real / model, model / real)])
        goals.append(
            Goal(f"model and measurement at {rate} orders/s, larger p50 of smaller", factor, most=2, unit=" times")
        )
    end_to_end.stop(bench, servers)
    columns = ["orders/s", "measured p50 ms", "p99 ms", "model p50 ms", "p99 ms"]
    note = f"From the ack to the fulfilled order. The push's own time is taken from a run at {CALIBRATED_AT} a second."
    return Table("Flash sale: the model against this machine", columns, rows, note), goals


def _waits(sales: Mapping[str, Sale]) -> Table:
    rows = []
    for title, sale in sales.items():
        within = _within(sale)
        acks = [number(each * 1000) for each in _quantiles(sale.ack_waits)]
        fulfilled = [number(each / 60) for each in _quantiles(sale.fulfillment_waits)]
        rest = [f"{sale.subscription.nacks:,}", max(sale.subscription.attempts), f"{sale.parked:,}"]
        rows.append([title, *acks, f"{within:.4f}", *fulfilled, number(sale.ended / 60), *rest])
    columns = ["setting", "ack p50 ms", "p99 ms", "longest ms", f"within {CHECKOUT_PATIENCE.value:g} s"]
    columns += ["fulfilled p50 min after the ack", "p99 min", "longest min", "all done at min"]
    columns += ["deliveries that failed", "most of one message", "dead letters"]
    first = next(iter(sales.values())).settings
    note = f"{first.orders:,} card orders in {first.seconds:g} s, with all effects that the setting has. By the model."
    return Table("Flash sale: how long buyers wait", columns, rows, note)


def _within(sale: Sale) -> float:
    """The share of the orders whose first request was acknowledged while Checkout waits."""
    return sum(each <= CHECKOUT_PATIENCE.value for each in sale.ack_waits) / sale.settings.orders


def _quantiles(values: Sequence[float]) -> tuple[float, float, float]:
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], ordered[-1]


def _met(sales: Mapping[str, Sale]) -> Table:
    """Each setting's stations that were met, the first one first."""
    rows = []
    for title, sale in sales.items():
        for met in sorted(sale.stations, key=lambda met: met.first):
            if met.first <= sale.ended:
                queue = f"{met.queue:,}" if met.queue else ""
                rows.append([title, met.station, number(met.first), number(met.longest), queue, f"{met.refused:,}"])
    columns = ["setting", "station", "met at s", "longest delay s", "longest queue", "refused"]
    note = (
        "A station is met when it refuses, or delays for five seconds. The other stations were never met. "
        "Messages wait at the push window for all that comes after it."
    )
    return Table("Flash sale: what is met first", columns, rows, note)


def _costs(sales: Mapping[str, Sale]) -> Table:
    bills = [dollars(sale) for sale in sales.values()]
    rows = [[part, *(f"{bill[part]:.2f}" for bill in bills)] for part in bills[0]]
    rows.append(["**together**", *(f"**{sum(bill.values()):.2f}**" for bill in bills)])
    note = "US dollars, without reconcile, storage and backups: docs/costs.md."
    return Table("Flash sale: what it costs", ["part", *sales], rows, note)


def _assumed(measured: Measured) -> Table:
    here = {
        "webhook: CPU for an event, ms": measured.webhook_cpu,
        "subscriber: CPU for an order with its hook, ms": measured.subscriber_cpu,
    }
    rows = [[what, number(value * 1000), "measured here"] for what, value in here.items()]
    rows += [[fact.what, f"{fact.value:g} {fact.unit}".strip(), _source(fact.source)] for fact in FACTS]
    return Table("Flash sale: what the model assumes", ["what", "value", "source"], rows)


def _source(source: str) -> str:
    return source if source == ASSUMED else f"[published]({source})"


def _goals(sales: Mapping[str, Sale]) -> list[Goal]:
    share = f"acks of a flash sale within {CHECKOUT_PATIENCE.value:g} s, {SHIPPED}"
    dead = [
        Goal(f"dead letters of a flash sale, {title}", Spread.of([sale.parked]), most=0)
        for title, sale in sales.items()
    ]
    return [Goal(share, Spread.of([_within(sales[SHIPPED])]), least=0.99), *dead]
