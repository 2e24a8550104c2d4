"""The settings of the model: a flash sale with what Terraform ships, with what docs/performance.md recommends, and the
pipe of this machine.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.model import quotas
from benchmark.model.bill import EVENT_BYTES
from benchmark.model.service import Scaling
from benchmark.model.settings import FULFILL, LINE_ITEMS, NO_LIMITS, Limits, Settings, Times
from benchmark.model.stations import UNLIMITED
from benchmark.model.subscription import Delivery
from docs_tables.source import Module

ORDERS, SECONDS = 1_000_000, 600
SHIPPED = "shipped defaults"
NO_LINE_ITEMS = "shipped defaults, no line items"
THIN = "shipped defaults, thin events"
RECOMMENDED = "recommended"
WARMED_UP = "recommended, Firestore warmed up"
RECOMMENDED_VARIABLES: Mapping[str, Mapping[str, float]] = {"subscribers": {"max_instances": 100, "concurrency": 40}}
"""The variables that docs/performance.md recommends for a flash sale."""
RECOMMENDED_STRIPE_READS = 2_000
WARM_FIRESTORE = 15_000
_WARM_WEBHOOKS = 1  # in live mode: terraform/webhook.tf
_RETENTION_SECONDS = 604_800  # terraform/subscribers.tf
_VARIABLES = ("webhook", "subscribers")
_TERRAFORM = Path(__file__).parents[3] / "terraform"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured on this machine, in seconds. `delivery`: each delivery's time, one after the other."""

    webhook_cpu: float
    publish: float
    subscriber_cpu: float
    delivery: Sequence[float]


def shipped_variables() -> dict[str, dict[str, float]]:
    """The numbers in the defaults of Terraform's variables `webhook` and `subscribers`."""
    variables = Module.read(_TERRAFORM).variables
    found = {name: re.findall(r"(\w+) = optional\(number, (\d+)\)", variables[name]["type"]) for name in _VARIABLES}
    return {name: {key: float(value) for key, value in pairs} for name, pairs in found.items()}


def flash_sales(measured: Measured, share: float) -> dict[str, Settings]:
    """A sale in each setting. With a share, so many orders in so much less time: the rate stays."""
    shipped = shipped_variables()
    defaults = _sale(shipped, measured, share)
    recommended = {name: shipped[name] | dict(RECOMMENDED_VARIABLES.get(name, {})) for name in shipped}
    base = _sale(recommended, measured, share)
    more_reads = replace(base, limits=replace(base.limits, stripe_reads=RECOMMENDED_STRIPE_READS))
    warm = replace(more_reads, limits=replace(more_reads.limits, firestore=WARM_FIRESTORE))
    keyless = {name: samples for name, samples in defaults.times.effects.items() if name != LINE_ITEMS}
    no_items = replace(defaults, times=replace(defaults.times, effects=keyless))
    thin = replace(defaults, thin=True)
    return {SHIPPED: defaults, THIN: thin, NO_LINE_ITEMS: no_items, RECOMMENDED: more_reads, WARMED_UP: warm}


def _sale(variables: Mapping[str, Mapping[str, float]], measured: Measured, share: float) -> Settings:
    webhook, subscribers = variables["webhook"], variables["subscribers"]
    return Settings(
        orders=int(ORDERS * share),
        seconds=SECONDS * share,
        webhook=_scaling({"min_instances": _WARM_WEBHOOKS, **webhook}),
        subscriber=_scaling(subscribers),
        delivery=Delivery(
            window_start=int(quotas.PUSH_WINDOW_START.value),
            window_linear=int(quotas.PUSH_WINDOW_LINEAR.value),
            window_most=UNLIMITED,
            minimum_backoff=subscribers["minimum_backoff"],
            maximum_backoff=subscribers["maximum_backoff"],
            max_attempts=int(subscribers["max_delivery_attempts"]),
            retention=_RETENTION_SECONDS,
        ),
        times=_cloud_times(measured),
        limits=Limits(
            publishes=quotas.PUBLISH_QUOTA.value * 1e6 / EVENT_BYTES,
            pushes=quotas.PUSH_QUOTA.value * 1e6 / EVENT_BYTES,
            stripe_reads=quotas.STRIPE_READS.value,
            firestore=quotas.FIRESTORE_START.value,
            firestore_growth=quotas.FIRESTORE_GROWTH.value,
            firestore_seconds=quotas.FIRESTORE_SECONDS,
        ),
        stripe_retry=quotas.STRIPE_RETRY.value,
    )


def _scaling(variable: Mapping[str, float]) -> Scaling:
    return Scaling(
        min_instances=int(variable["min_instances"]),
        max_instances=int(variable["max_instances"]),
        concurrency=int(variable["concurrency"]),
        cold_start=quotas.COLD_START.value,
        target=quotas.SCALING_TARGET.value,
        interval=quotas.SCALING_INTERVAL.value,
        patience=quotas.REQUEST_PATIENCE.value,
    )


def _cloud_times(measured: Measured) -> Times:
    """All effects are configured. An announcement is a Publish call."""
    publish = (quotas.PUBLISH_SECONDS.value,)
    return Times(
        webhook_cpu=measured.webhook_cpu,
        publish=publish,
        transit=(quotas.TRANSIT_SECONDS.value,),
        subscriber_cpu=measured.subscriber_cpu,
        session=(quotas.SESSION_SECONDS.value,),
        write=(quotas.WRITE_SECONDS.value,),
        effects={
            LINE_ITEMS: (quotas.STRIPE_SECONDS.value,),
            FULFILL: (quotas.HOOK_SECONDS.value,),
            "send_receipt": (quotas.MAIL_SECONDS.value,),
            "announce_paid": publish,
            "announce_fulfilled": publish,
        },
    )


def this_machine(measured: Measured, transit: Sequence[float], rate: float, orders: int) -> Settings:
    """The pipe on the emulators, which have no limits: one instance of each function, two pushes at a time. A
    delivery's effect stands for all that it does.
    """
    one = Scaling(min_instances=1, max_instances=1, concurrency=1000, cold_start=0)
    return Settings(
        orders=orders,
        seconds=orders / rate,
        steady=True,
        webhook=one,
        subscriber=one,
        delivery=Delivery(
            window_start=2,
            window_linear=2,
            window_most=2,
            minimum_backoff=1,
            maximum_backoff=1,
            max_attempts=100,
            retention=_RETENTION_SECONDS,
        ),
        times=Times(
            webhook_cpu=measured.webhook_cpu,
            publish=(measured.publish,),
            transit=transit,
            subscriber_cpu=measured.subscriber_cpu,
            session=(0.0,),
            write=(0.0,),
            effects={FULFILL: [max(0.0, each - measured.subscriber_cpu) for each in measured.delivery]},
        ),
        limits=NO_LIMITS,
        stripe_retry=1,
    )
