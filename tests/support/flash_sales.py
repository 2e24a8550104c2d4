"""Settings of the model of a flash sale: one order, no limits, enough instances."""

from benchmark.model.service import Scaling
from benchmark.model.settings import FULFILL, LINE_ITEMS, NO_LIMITS, Settings, Times
from benchmark.model.stations import UNLIMITED
from benchmark.model.subscription import Delivery

POLICY = Delivery(
    window_start=5,
    window_linear=3000,
    window_most=UNLIMITED,
    minimum_backoff=10,
    maximum_backoff=600,
    max_attempts=100,
    retention=604_800,
)
TIMES = Times(
    webhook_cpu=0.001,
    publish=(0.03,),
    transit=(0.05,),
    subscriber_cpu=0.005,
    session=(0.2,),
    write=(0.025,),
    effects={LINE_ITEMS: (0.3,), FULFILL: (0.15,), "send_receipt": (0.4,)},
)


def fixed(instances: int, concurrency: int, patience: float = 10) -> Scaling:
    return Scaling(
        min_instances=instances,
        max_instances=instances,
        concurrency=concurrency,
        cold_start=0,
        patience=patience,
    )


BASE = Settings(
    orders=1,
    seconds=1,
    steady=True,
    webhook=fixed(1, 80),
    subscriber=fixed(10, 20),
    delivery=POLICY,
    times=TIMES,
    limits=NO_LIMITS,
    stripe_retry=3600,
)
