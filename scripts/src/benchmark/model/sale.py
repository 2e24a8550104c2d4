"""The way of each order of a sale: Stripe's request, the ack, the push, and each effect with its write.

An order is a card payment: one event, one message, one document. Everything that a step waits for is a station.
"""

import random
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmark.model.service import Service
from benchmark.model.settings import FULFILL, LINE_ITEMS, Settings
from benchmark.model.stations import Clock, Met, Throttle, TokenBucket, ramp
from benchmark.model.subscription import Subscription

READ_SECONDS, RETRY_FIRST, RETRY_MOST = 20.0, 0.5, 4.0  # functions/fulfillment/stripe_client.py: one read, its pauses
RPC_SECONDS = 10.0  # functions/fulfillment/orders/firestore.py: the time for one call
REDELIVERED_CALLS = 3  # a refused create, a read, a compare-and-set: docs/performance.md


@dataclass(frozen=True)
class _Read:
    """A read of Stripe: what grants it, how long it takes, and what follows if it is granted or not."""

    bucket: TokenBucket
    seconds: Sequence[float]
    then: Callable[[int], None]
    otherwise: Callable[[int], None]


class Sale:
    """One run of the model. The times of the orders are in `ack_waits` and `fulfillment_waits`, by order."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.clock = settings, Clock()
        limits, times, count = settings.limits, settings.times, settings.orders
        # Two sources: the same orders arrive at the same times, whatever the other settings.
        self._gap = random.Random(settings.seed).expovariate  # noqa: S311 - a model, not a secret
        self._random = random.Random(settings.seed + 1).random  # noqa: S311
        self._arrived, self._acked = array("d", [0]) * count, array("d", [0]) * count
        self.ack_waits, self.fulfillment_waits = array("d", [-1]) * count, array("d", [-1]) * count
        self._step, self._effects = array("H", [0]) * count, list(times.effects.items())
        self.done, self.ended = 0, 0.0
        self.publishes = Throttle("Pub/Sub: publish quota", lambda _: limits.publishes)
        self.pushes = Throttle("Pub/Sub: push quota", lambda _: limits.pushes)
        self.stripe = TokenBucket("Stripe: reads", limits.stripe_reads)
        self.sessions = TokenBucket("Stripe: reads of sessions", limits.stripe_reads)
        self._session = _Read(self.sessions, times.session, self._open, self._fail)
        self._line_items = _Read(
            self.stripe,
            times.effects.get(LINE_ITEMS, ()),
            lambda order: self._write(order, self._wrote),
            lambda order: self._write(order, self._fail),
        )
        rate = ramp(limits.firestore, limits.firestore_growth, limits.firestore_seconds)
        self.firestore = Throttle("Firestore: ramp-up", rate)
        self.webhook = Service("webhook", self.clock, settings.webhook, times.webhook_cpu)
        self.webhook.begin, self.webhook.refuse = self._publish, self._refuse
        self.subscriber = Service("subscriber", self.clock, settings.subscriber, times.subscriber_cpu)
        self.subscription = Subscription(self.clock, settings.delivery, self.pushes, self.subscriber.enter, count)
        self.subscriber.begin, self.subscriber.refuse = self._begin, self.subscription.nack

    def run(self) -> "Sale":
        """Runs until no order waits for anything."""
        self.clock.at(0.0, self._arrive, 0)
        self.clock.run()
        return self

    @property
    def stations(self) -> list[Met]:
        """What each station has made wait."""
        services = [self.webhook.met, self.webhook.cpu_met, self.subscriber.met, self.subscriber.cpu_met]
        stripe = [self.stripe.met, self.sessions.met]
        return [*services, self.publishes.met, self.subscription.met, self.pushes.met, *stripe, self.firestore.met]

    @property
    def parked(self) -> int:
        """Messages that went to the dead letter, or that Pub/Sub no longer kept."""
        return self.subscription.dead + self.subscription.expired

    def _draw(self, samples: Sequence[float]) -> float:
        return samples[int(self._random() * len(samples))]

    def _arrive(self, order: int) -> None:
        self._arrived[order] = self.clock.now
        if order + 1 < self.settings.orders:
            rate = self.settings.orders / self.settings.seconds
            gap = 1 / rate if self.settings.steady else self._gap(rate)
            self.clock.at(self.clock.now + gap, self._arrive, order + 1)
        self.webhook.enter(order)

    def _refuse(self, order: int) -> None:
        """Cloud Run answered 429: Stripe sends the event again, and the buyer no longer waits."""
        self.clock.at(self.clock.now + self.settings.stripe_retry, self.webhook.enter, order)

    def _publish(self, order: int) -> None:
        granted = self.publishes.reserve(self.clock.now)
        self.clock.at(granted + self._draw(self.settings.times.publish), self._ack, order)

    def _ack(self, order: int) -> None:
        now = self.clock.now
        self.webhook.leave()
        self._acked[order], self.ack_waits[order] = now, now - self._arrived[order]
        self.clock.at(now + self._draw(self.settings.times.transit), self.subscription.publish, order)

    def _begin(self, order: int) -> None:
        """A delivery begins. A thin event's order is looked up first, and its session read if there is no order yet:
        functions/fulfillment/subscriber/thin_sales.py.
        """
        if self.settings.thin:
            self._write(order, self._look_up)
        else:
            self._open(order)

    def _look_up(self, order: int) -> None:
        if self._step[order]:
            self._open(order)
        else:
            self._read(self._session, order, self.clock.now + READ_SECONDS, RETRY_FIRST)

    def _open(self, order: int) -> None:
        """Writes the order and its lease."""
        first = self._step[order] == 0
        self._write(order, self._opened, 1 if first else REDELIVERED_CALLS)

    def _opened(self, order: int) -> None:
        self._step[order] = max(1, self._step[order])
        self._next(order)

    def _write(self, order: int, then: Callable[[int], None], calls: int = 1) -> None:
        """One call of Firestore, or several. A call that would wait longer than its limit fails the delivery."""
        now = self.clock.now
        if self.firestore.delay(now) > RPC_SECONDS:
            self.firestore.met.refuses(now)
            self.clock.at(now + RPC_SECONDS, self._fail, order)
        else:
            granted = self.firestore.reserve(now, calls)
            self.clock.at(granted + self._draw(self.settings.times.write), then, order)

    def _next(self, order: int) -> None:
        """The next effect, or the end of the delivery."""
        step = self._step[order]
        if step > len(self._effects):
            self._finish(order)
        elif self._effects[step - 1][0] == LINE_ITEMS:
            self._read(self._line_items, order, self.clock.now + READ_SECONDS, RETRY_FIRST)
        else:
            takes = self._draw(self._effects[step - 1][1])
            self.clock.at(self.clock.now + takes, self._write, order, self._wrote)

    def _read(self, read: _Read, order: int, deadline: float, pause: float) -> None:
        """Reads Stripe. Refused reads are tried again, until the time for a read is over."""
        now = self.clock.now
        if read.bucket.take(now):
            self.clock.at(now + self._draw(read.seconds), read.then, order)
        elif (again := now + self._random() * pause) < deadline:
            self.clock.at(again, self._read, read, order, deadline, min(2 * pause, RETRY_MOST))
        else:
            self.clock.at(deadline, read.otherwise, order)

    def _wrote(self, order: int) -> None:
        if self._effects[self._step[order] - 1][0] == FULFILL:
            self.fulfillment_waits[order] = self.clock.now - self._acked[order]
        self._step[order] += 1
        self._next(order)

    def _fail(self, order: int) -> None:
        """The delivery ends, and something is still owed."""
        self.subscriber.leave()
        self.subscription.nack(order)

    def _finish(self, order: int) -> None:
        self.done, self.ended = self.done + 1, self.clock.now
        self.subscriber.leave()
        self.subscription.ack(order)
