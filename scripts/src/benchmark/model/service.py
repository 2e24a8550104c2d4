"""A function on Cloud Run: instances that take requests, scale, and refuse what waits too long."""

import heapq
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from benchmark.model.stations import Clock, Met


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """How a service scales. `target`: the share of the CPU, or of the concurrency, at which it adds instances.
    `patience`: how long a request waits for an instance before it is refused.
    """

    min_instances: int
    max_instances: int
    concurrency: int
    cold_start: float
    target: float = 0.6
    interval: float = 2.0
    patience: float = 10.0


class Service:
    """Instances of one function. A request takes a slot, waits for the CPU, and keeps its slot until `leave`.

    `begin(order)` is called when its CPU time is over, `refuse(order)` if it found no slot in time.
    """

    def __init__(self, name: str, clock: Clock, scaling: Scaling, cpu: float) -> None:
        self.met, self.cpu_met = Met(f"{name}: instances"), Met(f"{name}: CPU")
        self.begin: Callable[[int], None]
        self.refuse: Callable[[int], None]
        self.instances, self.busy, self.begun, self.active_seconds = scaling.min_instances, 0, 0, 0.0
        self._clock, self._scaling, self._cpu = clock, scaling, cpu
        self._cpu_free = [0.0] * scaling.min_instances  # a heap: when each instance's CPU is free
        self._waiting: deque[tuple[float, float, int]] = deque()  # (deadline, arrived, order), in this order
        self._starting, self._changed, self._evaluated, self._work = 0, 0.0, 0.0, 0.0

    def enter(self, order: int) -> None:
        """A request arrives."""
        now = self._clock.now
        if self.busy < self.instances * self._scaling.concurrency:
            self._start(order, now)
        else:
            deadline = now + self._scaling.patience
            self._waiting.append((deadline, now, order))
            self.met.queue = max(self.met.queue, len(self._waiting))
            self._clock.at(deadline, self._expire)
        if now - self._evaluated >= self._scaling.interval or (self._waiting and not self._starting):
            self._scale(now)

    def leave(self) -> None:
        """A request is answered: its slot is free."""
        self._account()
        self.busy -= 1
        self._admit()

    def _start(self, order: int, arrived: float) -> None:
        now = self._clock.now
        self._account()
        self.busy += 1
        self.begun += 1
        self.met.delayed(arrived, now - arrived)
        starts = max(now, self._cpu_free[0])
        heapq.heapreplace(self._cpu_free, starts + self._cpu)
        self._work += self._cpu
        self.cpu_met.delayed(now, starts - now)
        self._clock.at(starts + self._cpu, self.begin, order)

    def _admit(self) -> None:
        while self._waiting and self.busy < self.instances * self._scaling.concurrency:
            _, arrived, order = self._waiting.popleft()
            self._start(order, arrived)

    def _expire(self) -> None:
        now = self._clock.now
        while self._waiting and self._waiting[0][0] <= now:
            _, _, order = self._waiting.popleft()
            self.met.refuses(now)
            self.refuse(order)

    def _scale(self, now: float) -> None:
        """Adds the instances that the CPU or the requests need; takes none away, because a sale is short."""
        of, elapsed = self._scaling, now - self._evaluated
        wanted = (self.busy + len(self._waiting)) / (of.target * of.concurrency)
        if elapsed >= of.interval:
            wanted = max(wanted, self._work / elapsed / of.target)
            self._evaluated, self._work = now, 0.0
        for _ in range(min(of.max_instances, math.ceil(wanted)) - self.instances - self._starting):
            self._starting += 1
            self._clock.at(now + of.cold_start, self._ready)

    def _ready(self) -> None:
        self._account()
        self._starting -= 1
        self.instances += 1
        heapq.heappush(self._cpu_free, self._clock.now)
        self._admit()

    def _account(self) -> None:
        """Adds the seconds in which instances had a request: those are billed. Requests spread over all instances."""
        now = self._clock.now
        self.active_seconds += min(self.busy, self.instances) * (now - self._changed)
        self._changed = now
