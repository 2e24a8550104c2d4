"""A search through schedules of the real code: several messages, crashes between any two steps, lost replies, leases
that run out under their holder, effects that fail, are refused, or go on after their time is up. Not samples: every
schedule within the bounds.

Each step that touches the world waits at a gate. The search opens one gate after the other and decides what
happens there; it replays the real code from the start for each schedule.
"""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Self
from unittest import mock

import pytest

from fulfillment.domain.access import BEFORE, Level
from fulfillment.domain.decision import News
from fulfillment.domain.effects import owed
from fulfillment.domain.order import Order
from fulfillment.effects.runner import EffectExecutor, EffectExecutors
from fulfillment.errors import PermanentError, TransientError
from fulfillment.orders.store import Stored
from fulfillment.subscriber.delivery import Delivery
from local.fakes.memory_orders import MemoryOrders

FAULTS = ("crash", "lost", "expire", "fail", "refuse", "down", "late")
OF_THE_SALE = ("load_line_items", "fulfill", "announce_fulfilled", "announce_payment_failed")


@dataclass
class Gate:
    """Where a delivery waits: what it is about to do, and the verdict it gets."""

    kind: str
    verdict: "asyncio.Future[str]"


@dataclass
class Run:
    """A delivery under way."""

    message: int
    task: "asyncio.Task[None]"
    gate: Gate | None = None


@dataclass(frozen=True)
class Bounds:
    """How far the search goes: how many of each fault and in all, and how often a delivery is interrupted."""

    faults: tuple[str, ...]
    in_all: int = 1
    switches: int = 1


@dataclass
class World:
    """One schedule: the choices made so far lead, then the first possibility is taken each time. `levels`: the access
    level that each call was given, by its key.
    """

    said: Sequence[News]
    bounds: Bounds
    prefix: Sequence[int]
    kinds: Sequence[str] = OF_THE_SALE
    options: list[int] = field(default_factory=list)
    trail: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    performed: list[tuple[str, str]] = field(default_factory=list)
    late: list[tuple[str, str]] = field(default_factory=list)
    levels: defaultdict[str, set[Level]] = field(default_factory=lambda: defaultdict(set))
    parked: list[int] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    begun: list[int] = field(default_factory=list)
    now: datetime = datetime(2026, 11, 23, tzinfo=UTC)
    switches: int = 0
    current: Run | None = None

    def __post_init__(self) -> None:
        self.orders = GatedOrders(self)
        self.executors = EffectExecutors(
            {name: EffectExecutor(1000, self._performing(name)) for name in self.kinds}, budget=10_000
        )
        self.waiting = list(range(len(self.said)))

    def choose(self, possibilities: Sequence[str]) -> str:
        if len(possibilities) == 1:
            return possibilities[0]
        place = len(self.options)
        self.options.append(len(possibilities))
        chosen = possibilities[self.prefix[place] if place < len(self.prefix) else 0]
        self.trail.append(chosen)
        return chosen

    async def pass_gate(self, kind: str) -> str:
        run = next(run for run in self.runs if run.task is asyncio.current_task())
        run.gate = Gate(kind, asyncio.get_running_loop().create_future())
        verdict = await run.gate.verdict
        if verdict == "crash":
            run.task.cancel()
            await asyncio.sleep(0)
        return verdict

    def _performing(self, name: str) -> Callable[[Order, str], Awaitable[None]]:
        async def perform(order: Order, key: str) -> None:
            assert name == "load_line_items" or "load_line_items" not in owed(order.effects) or name.startswith("ann")
            self.levels[key].add((order.access or BEFORE).level)
            verdict = await self.pass_gate("perform")
            if verdict == "fail":
                raise ConnectionError
            if verdict == "refuse":
                raise PermanentError("refused for good")
            if verdict == "late":
                self.late.append((name, key))
                raise OutOfTime
            self.performed.append((name, key))
            await self.pass_gate("performed")

        return perform

    async def park(self, message: int) -> None:
        if await self.pass_gate("park") == "down":
            raise TransientError("down")
        self.parked.append(message)

    def document(self) -> Order | None:
        return self.orders.last.order if self.orders.last else None


class OutOfTime(Exception):
    """The time of a call is up. It goes on, as a thread does, and ends later."""


class Limit:
    """The runner's time limit: the search says when it has passed."""

    def __init__(self, _seconds: float) -> None:
        self._expired = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _kind: object, error: object, _stack: object) -> None:
        if isinstance(error, OutOfTime):
            self._expired = True
            raise TimeoutError from None

    def expired(self) -> bool:
        return self._expired


class GatedOrders(MemoryOrders):
    """The store in memory; each step waits at its gate, and a reply may be lost after the work was done."""

    def __init__(self, world: World) -> None:
        super().__init__(lambda: world.now)
        self._world = world
        self.last: Stored | None = None

    def _write(self, order: Order) -> Stored:
        self.last = super()._write(order)
        return self.last

    async def create(self, order: Order) -> Stored | None:
        return await self._gated(super().create(order))

    async def replace(self, order: Order, version: Any) -> Stored | None:
        return await self._gated(super().replace(order, version))

    async def get(self, order_id: str) -> Stored | None:
        await self._world.pass_gate("read")
        return await super().get(order_id)

    async def _gated(self, write: Any) -> Stored | None:
        try:
            verdict = await self._world.pass_gate("write")
            written: Stored | None = await write
        finally:
            write.close()
        if await self._world.pass_gate("written") == "crash" or verdict == "lost":
            return None  # the library asks again, and finds its own write in the way
        return written


FAULTS_AT = {
    "write": ("crash", "lost", "expire"),
    "written": ("crash",),
    "read": ("crash",),
    "perform": ("crash", "fail", "refuse", "expire", "late"),
    "performed": ("crash", "expire"),
    "park": ("crash", "down"),
}


async def play(world: World) -> None:
    """Plays one schedule to its end: every message acknowledged."""
    for _step in range(400):
        if not world.runs and not world.waiting and not world.late:
            return
        await settle(world)
        check_debt_has_a_message(world)
        run = whose_turn(world)
        if run is None:
            continue
        await step(world, run)
    pytest.fail(f"no end in sight: {world.trail}")


def whose_turn(world: World) -> Run | None:
    """Goes on with the same delivery, unless a switch is left and chosen; None if a new delivery was begun."""
    possible = ["on"] if world.current in world.runs else []
    possible += ["a late call ends"] if world.late else []
    others = [run for run in world.runs if run is not world.current]
    if world.current not in world.runs or world.switches < world.bounds.switches:
        possible += ["other"] if others else []
        if len(world.runs) < 2:
            waiting = dict.fromkeys(world.waiting)
            # A message that was refused comes again later, not at once and forever while another is at it.
            possible += [f"deliver {each}" for each in waiting if not world.runs or world.begun.count(each) < 2]
    chosen = world.choose(possible)
    if chosen == "on":
        return world.current
    if chosen == "a late call ends":
        world.performed.append(world.late.pop(0))
        return None
    if world.current in world.runs:
        world.switches += 1
    if chosen == "other":
        world.current = others[0]
        return world.current
    world.current = deliver(world, int(chosen.split()[1]))
    return None


def deliver(world: World, message: int) -> Run:
    if not world.runs:  # no run is under way, and time passes until Pub/Sub delivers again
        world.now += timedelta(seconds=world.executors.lease)
    world.waiting.remove(message)
    world.begun.append(message)
    delivery = Delivery(orders=world.orders, executors=world.executors, news=world.said[message])

    async def park(_error: PermanentError) -> None:
        await world.park(message)

    async def run() -> None:
        await delivery.run(park)

    started = Run(message, asyncio.create_task(run()))
    world.runs.append(started)
    return started


async def step(world: World, run: Run) -> None:
    """Opens the gate of a delivery, with or without a fault."""
    gate = run.gate
    assert gate is not None
    left = (
        [fault for fault in world.bounds.faults if fault not in world.used]
        if len(world.used) < world.bounds.in_all
        else []
    )
    verdict = world.choose(["ok", *(fault for fault in FAULTS_AT[gate.kind] if fault in left)])
    if verdict != "ok":
        world.used.append(verdict)
    if verdict == "expire":
        world.now += timedelta(seconds=world.executors.lease + 1)
    run.gate = None
    gate.verdict.set_result(verdict)
    await settle(world)


async def settle(world: World) -> None:
    """Until every delivery waits at a gate or has ended; what has not acknowledged comes again."""
    while True:
        moving = [run for run in world.runs if run.gate is None and not run.task.done()]
        if not moving:
            break
        await asyncio.sleep(0)
    for run in [run for run in world.runs if run.task.done()]:
        world.runs.remove(run)
        if run.task.cancelled():
            world.waiting.append(run.message)
            continue
        error = run.task.exception()
        assert error is None or isinstance(error, TransientError), (error, world.trail)
        if error is not None:
            world.waiting.append(run.message)


def check_debt_has_a_message(world: World) -> None:
    order = world.document()
    if order is not None and owed(order.effects):
        assert world.waiting or world.runs, f"a debt without a message: {world.trail}"


def schedules(said: Sequence[News], bounds: Bounds, kinds: Sequence[str] = OF_THE_SALE) -> Iterator[World]:
    """The world at the end of every schedule within the bounds, depth first."""
    prefix: list[int] = []
    limited = mock.patch("fulfillment.effects.runner.asyncio", SimpleNamespace(timeout=Limit))
    with limited, asyncio.Runner() as runner:
        while True:
            world = World(said, bounds, prefix, kinds)
            runner.run(play(world))
            yield world
            taken = [*prefix, *itertools.repeat(0, len(world.options) - len(prefix))][: len(world.options)]
            while taken and taken[-1] + 1 >= world.options[len(taken) - 1]:
                taken.pop()
            if not taken:
                return
            taken[-1] += 1
            prefix = taken
