"""Pub/Sub's push to a function: the window of concurrent requests, redelivery with backoff, the dead letter."""

from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmark.model.stations import Clock, Met, Throttle

_HEALTHY_SECONDS, _HEALTHY_ACKS = 1.0, 0.99
_WEIGHT = 0.01  # of the latest request in the averages


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """The settings of a subscription, and Pub/Sub's published window: it starts small, grows with each ack and
    shrinks with each nack; above `window_linear` it grows slowly, and only while subscribers are fast and healthy.
    """

    window_start: int
    window_linear: int
    window_most: float
    minimum_backoff: float
    maximum_backoff: float
    max_attempts: int
    retention: float


@dataclass
class Subscription:
    """Pushes orders with `push(order)`. The receiver answers with `ack` or `nack`."""

    clock: Clock
    policy: Delivery
    quota: Throttle
    push: Callable[[int], None]
    orders: int
    met: Met = field(init=False)
    attempts: "array[int]" = field(init=False)

    def __post_init__(self) -> None:
        self.met = Met("Pub/Sub: push window")
        self.attempts, self.nacks, self.dead, self.expired = array("H", [0]) * self.orders, 0, 0, 0
        self._published, self._pushed = array("d", [0]) * self.orders, array("d", [0]) * self.orders
        self._backlog: deque[tuple[float, int]] = deque()
        self._window, self._outstanding = float(self.policy.window_start), 0
        self._latency, self._acks = 0.0, 1.0

    def publish(self, order: int) -> None:
        """A message is stored, and may be pushed."""
        self._published[order] = self.clock.now
        self._offer(order)

    def ack(self, order: int) -> None:
        """The message is done."""
        self._answered(order, 1.0)
        linear = self.policy.window_linear
        if self._window < linear:
            self._window += 1
        elif self._latency > _HEALTHY_SECONDS or self._acks < _HEALTHY_ACKS:
            self._window = float(linear)
        else:
            self._window += 1 / self._window
        self._window = min(self._window, self.policy.window_most)
        self._fill()

    def nack(self, order: int) -> None:
        """The message is pushed again later, unless it was its last attempt."""
        self._answered(order, 0.0)
        self._window = max(self.policy.window_start, min(self._window, self.policy.window_linear) - 1)
        self.nacks += 1
        attempts, policy = self.attempts[order], self.policy
        if attempts >= policy.max_attempts:
            self.dead += 1
        else:
            backoff = min(policy.minimum_backoff * 2 ** min(attempts - 1, 20), policy.maximum_backoff)
            self.clock.at(self.clock.now + backoff, self._offer, order)
        self._fill()

    def _offer(self, order: int) -> None:
        self._backlog.append((self.clock.now, order))
        self._fill()
        self.met.queue = max(self.met.queue, len(self._backlog))

    def _fill(self) -> None:
        """Pushes as many messages as the window allows."""
        now = self.clock.now
        while self._backlog and self._outstanding < int(self._window):
            due, order = self._backlog.popleft()
            self.met.delayed(due, now - due)
            if now - self._published[order] > self.policy.retention:
                self.expired += 1
                continue
            self._outstanding += 1
            self.attempts[order] += 1
            self._pushed[order] = now
            granted = self.quota.reserve(now)
            if granted > now:
                self.clock.at(granted, self.push, order)
            else:
                self.push(order)

    def _answered(self, order: int, ack: float) -> None:
        self._outstanding -= 1
        self._latency += _WEIGHT * (self.clock.now - self._pushed[order] - self._latency)
        self._acks += _WEIGHT * (ack - self._acks)
