"""The stations of the model of a flash sale, against queues that were computed by hand or have a known formula."""

import math
import random
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.model.service import Scaling, Service
from benchmark.model.stations import UNLIMITED, Clock, Throttle, TokenBucket, ramp
from benchmark.model.subscription import Delivery, Subscription
from support.flash_sales import POLICY


def scaling(instances: int, concurrency: int, patience: float = 1e9, min_instances: int | None = None) -> Scaling:
    return Scaling(
        min_instances=instances if min_instances is None else min_instances,
        max_instances=instances,
        concurrency=concurrency,
        cold_start=3,
        patience=patience,
    )


class Shop:
    """A service whose requests keep their slot for `hold` seconds after their CPU time."""

    def __init__(self, of: Scaling, cpu: float, hold: float) -> None:
        self.clock, self.began, self.refused = Clock(), dict[int, float](), dict[int, float]()
        self.service, self._hold = Service("shop", self.clock, of, cpu), hold
        self.service.begin, self.service.refuse = self._begin, self._refuse

    def serve(self, arrivals: list[float]) -> "Shop":
        for order, at in enumerate(arrivals):
            self.clock.at(at, self.service.enter, order)
        self.clock.run()
        return self

    def _begin(self, order: int) -> None:
        self.began[order] = self.clock.now
        self.clock.at(self.clock.now + self._hold, self.service.leave)

    def _refuse(self, order: int) -> None:
        self.refused[order] = self.clock.now


def poisson(rate: float, count: int) -> list[float]:
    gap, now, found = random.Random(7).expovariate, 0.0, []  # noqa: S311 - a model
    for _ in range(count):
        now += gap(rate)
        found.append(now)
    return found


# The clock and the limits.


def test_the_clock_calls_what_is_due_in_the_order_of_time_and_then_of_asking() -> None:
    clock, seen = Clock(), list[tuple[float, str]]()
    for at, name in ((2.0, "b"), (1.0, "a"), (2.0, "c")):
        clock.at(at, lambda name: seen.append((clock.now, name)), name)
    clock.run()
    assert seen == [(1.0, "a"), (2.0, "b"), (2.0, "c")]


def test_a_throttle_delays_each_request_until_its_turn() -> None:
    throttle = Throttle("two a second", lambda _: 2)
    assert [throttle.reserve(0), throttle.reserve(0), throttle.reserve(0, count=3), throttle.reserve(0)] == [
        0,
        0.5,
        1,
        2.5,
    ]
    assert throttle.reserve(100) == 100
    assert (throttle.granted, throttle.met.longest, throttle.met.queue) == (7, 2.5, 5)


def test_a_throttle_is_met_by_the_first_that_is_delayed_for_five_seconds() -> None:
    throttle = Throttle("one a second", lambda _: 1)
    for _ in range(5):
        throttle.reserve(0)
    assert throttle.met.first > 0
    throttle.reserve(0.0)
    throttle.reserve(0.5)
    assert throttle.met.first == 0


def test_a_ramp_grows_by_half_in_each_five_minutes() -> None:
    rate = ramp(500, 1.5, 300)
    assert [rate(at) for at in (0, 299, 300, 600, 2100)] == [500, 500, 750, 1125, pytest.approx(500 * 1.5**7)]


def test_a_ramp_grants_a_million_calls_no_sooner_than_its_rates_allow() -> None:
    throttle = Throttle("ramp", ramp(500, 1.5, 300))
    last = [throttle.reserve(0) for _ in range(1_000_000)][-1]
    within_900 = 300 * (500 + 750 + 1125)
    assert last == pytest.approx(900 + (1_000_000 - within_900) / 1687.5, abs=1)


def test_a_token_bucket_grants_one_second_at_once_and_then_its_rate() -> None:
    bucket = TokenBucket("25 a second", 25)
    assert sum(bucket.take(0) for _ in range(100)) == 25
    assert sum(bucket.take(0.5) for _ in range(100)) == 12
    assert sum(bucket.take(60) for _ in range(100)) == 25
    assert (bucket.granted, bucket.met.refused, bucket.met.first) == (62, 238, 0)


@given(rate=st.floats(0.1, 100), gaps=st.lists(st.floats(0, 5), max_size=200))
def test_a_token_bucket_never_grants_more_than_its_rate_and_one_burst(rate: float, gaps: list[float]) -> None:
    bucket, now = TokenBucket("", rate), 0.0
    for gap in gaps:
        now += gap
        bucket.take(now)
    assert bucket.granted <= rate * now + max(rate, 1) + 1e-6


# A service.


def test_requests_beyond_the_slots_wait_for_one_in_their_order() -> None:
    shop = Shop(scaling(1, concurrency=2), cpu=0, hold=1).serve([0, 0, 0, 0, 0])
    assert list(shop.began.values()) == [0, 0, 1, 1, 2]


def test_requests_of_one_instance_share_its_cpu() -> None:
    shop = Shop(scaling(1, concurrency=80), cpu=0.5, hold=10).serve([0, 0, 0])
    assert list(shop.began.values()) == [0.5, 1, 1.5]
    assert list(Shop(scaling(3, concurrency=80), cpu=0.5, hold=10).serve([0, 0, 0]).began.values()) == [0.5, 0.5, 0.5]


def test_a_request_that_waits_too_long_is_refused_once() -> None:
    shop = Shop(scaling(1, concurrency=1, patience=10), cpu=0, hold=25).serve([0, 1, 2, 16])
    assert shop.began == {0: 0, 3: 25}
    assert shop.refused == {1: 11, 2: 12}
    assert shop.service.met.refused == 2


def test_the_first_request_of_a_service_without_instances_waits_for_the_cold_start() -> None:
    shop = Shop(scaling(5, concurrency=1, min_instances=0), cpu=0, hold=1).serve([0, 0])
    assert list(shop.began.values()) == [3, 3]
    assert shop.service.instances <= 5


def test_a_busy_service_adds_instances_up_to_its_limit() -> None:
    for most in (2, 7):
        shop = Shop(scaling(most, concurrency=10, min_instances=1), cpu=0, hold=5).serve(
            [at / 50 for at in range(2000)]
        )
        assert shop.service.instances == most


def test_a_service_adds_instances_for_its_cpu_alone() -> None:
    shop = Shop(scaling(10, concurrency=1000, min_instances=1), cpu=0.02, hold=0).serve(
        [at / 100 for at in range(6000)]
    )
    assert shop.service.instances == 4  # two vCPUs, at 60 % each


def test_the_wait_for_one_cpu_is_that_of_pollaczek_and_khinchine() -> None:
    arrivals = poisson(1, 100_000)
    shop = Shop(scaling(1, concurrency=10**6), cpu=0.8, hold=0).serve(arrivals)
    wait = sum(shop.began[order] - at - 0.8 for order, at in enumerate(arrivals)) / len(arrivals)
    assert wait == pytest.approx(0.8 * 0.8 / (2 * (1 - 0.8)), rel=0.1)


def test_the_requests_under_way_are_those_of_littles_law() -> None:
    arrivals = poisson(50, 50_000)
    shop = Shop(scaling(1000, concurrency=1), cpu=0, hold=2).serve(arrivals)
    assert shop.service.active_seconds / arrivals[-1] == pytest.approx(50 * 2, rel=0.02)


# A subscription.


class Receiver:
    """Answers each push after a second: an ack, or a nack for each attempt that `fails` names."""

    def __init__(self, policy: Delivery, orders: int, fails: int = 0, seconds: float = 1) -> None:
        self.clock, self.pushed, self.most, self._outstanding = Clock(), dict[int, list[float]](), 0, 0
        self._fails, self._seconds = fails, seconds
        quota = Throttle("", lambda _: UNLIMITED)
        self.subscription = Subscription(self.clock, policy, quota, self._push, orders)
        for order in range(orders):
            self.clock.at(0, self.subscription.publish, order)
        self.clock.run()

    def _push(self, order: int) -> None:
        self._outstanding += 1
        self.most = max(self.most, self._outstanding)
        self.pushed.setdefault(order, []).append(self.clock.now)
        self.clock.at(self.clock.now + self._seconds, self._answer, order)

    def _answer(self, order: int) -> None:
        self._outstanding -= 1
        failed = self.subscription.attempts[order] <= self._fails
        (self.subscription.nack if failed else self.subscription.ack)(order)


def gaps(times: list[float]) -> Iterator[float]:
    return (later - earlier for earlier, later in pairwise(times))


def test_a_refused_message_comes_again_after_growing_pauses() -> None:
    (pushed,) = Receiver(POLICY, 1, fails=8).pushed.values()
    assert list(gaps(pushed)) == [1 + pause for pause in (10, 20, 40, 80, 160, 320, 600, 600)]


def test_a_message_goes_to_the_dead_letter_after_its_last_attempt() -> None:
    receiver = Receiver(POLICY, 1, fails=1000)
    assert len(receiver.pushed[0]) == 100
    assert (receiver.subscription.dead, receiver.subscription.expired, receiver.subscription.nacks) == (1, 0, 100)


def test_the_attempts_last_for_fifteen_hours_if_each_push_comes_as_soon_as_it_may() -> None:
    pushed = Receiver(POLICY, 1, fails=1000).pushed[0]
    assert pushed[-1] > 15 * 3600
    assert sum(at < 11.2 * 3600 for at in pushed) < 75


def test_a_message_that_is_older_than_its_retention_is_lost_and_counted() -> None:
    policy = Delivery(**{**vars(POLICY), "retention": 100})
    receiver = Receiver(policy, 1, fails=1000)
    assert receiver.subscription.expired == 1
    assert receiver.pushed[0][-1] <= 100


def test_the_window_doubles_with_each_round_of_acks() -> None:
    receiver = Receiver(POLICY, 155)
    at = [round(times[0]) for times in receiver.pushed.values()]
    assert [at.count(second) for second in range(5)] == [5, 10, 20, 40, 80]


def test_the_window_grows_by_one_with_an_ack_and_shrinks_by_one_with_a_nack() -> None:
    pushed: list[int] = []
    subscription = Subscription(Clock(), POLICY, Throttle("", lambda _: math.inf), pushed.append, 100)
    for order in range(100):
        subscription.publish(order)
    assert len(pushed) == 5
    subscription.ack(0)
    assert len(pushed) == 5 + 2
    subscription.nack(1)
    assert len(pushed) == 7
    subscription.nack(2)
    assert len(pushed) == 7 + 1  # never fewer than at first


def test_the_window_stops_at_three_thousand_for_a_slow_subscriber() -> None:
    assert Receiver(POLICY, 30_000, seconds=1.5).most == 3000


def test_the_window_grows_slowly_beyond_three_thousand_for_a_fast_subscriber() -> None:
    assert 3000 < Receiver(POLICY, 30_000, seconds=0.5).most < 3020


@pytest.mark.parametrize("most", [1, 2, 7])
def test_the_window_has_no_more_pushes_than_its_limit(most: int) -> None:
    policy = Delivery(**{**vars(POLICY), "window_start": 1, "window_most": most})
    assert Receiver(policy, 100).most == most
