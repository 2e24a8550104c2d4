"""One run: sells orders during the faults, then ends the faults, replays dead letters, and judges the result."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chaos import cases, logs, model, operator_actions, plan, testbed
from chaos.case import Case
from chaos.fault_injector import FaultInjector
from chaos.judge import Evidence, Verdict, judge
from chaos.plan import Plan
from chaos.profiles import Profile
from chaos.sender import Sender
from chaos.testbed import Testbed
from fulfillment.domain.order import Order
from fulfillment.topic.message import Message
from local.runtime.pipe import ORDER_EVENTS, STRIPE_EVENTS

QUIET_SECONDS = 3
Tell = Callable[[str], None]


@dataclass
class Run:
    """A run and its results."""

    seed: int
    profile: Profile
    cases: Sequence[Case]
    plan: Plan
    sender: Sender
    fault_injector: FaultInjector
    testbed: Testbed
    tell: Tell
    parked: list[Message] = field(default_factory=list)
    orders: dict[str, Order] = field(default_factory=dict)
    routed: dict[str | None, Message] = field(default_factory=dict)
    verdict: Verdict = field(default_factory=Verdict)
    settled_in: float = 0.0

    async def play(self) -> None:
        """Runs from the first sale to the verdict."""
        self.testbed.world.sell(self.cases)
        self.tell(f"{len(self.cases)} orders in {self.profile.seconds:g} s, and everything breaks")
        async with _background(self._watch()):
            breaking = asyncio.create_task(self.fault_injector.carry_out(self.plan))
            sending = asyncio.create_task(self.sender.send_all(self.cases, self.profile.seconds * 0.9))
            await asyncio.sleep(self.profile.seconds / 2)
            await _call_all(operator_actions.MIDDLE, self.testbed)
            await breaking
            self.tell("the faults have ended; now all orders must settle")
            async with asyncio.timeout(self.profile.patience):
                await sending
            await _call_all(operator_actions.END, self.testbed)
            await self._settle()
        self.verdict = judge(self._evidence())

    async def _settle(self) -> None:
        """Replays dead letters until every order is as expected and none is left, at most `patience` seconds."""
        began = time.monotonic()
        self.testbed.world.fix()
        while (waited := time.monotonic() - began) < self.profile.patience:
            letters = operator_actions.take_parked(self.testbed)
            self.parked += letters
            replayed = await operator_actions.replay(self.testbed, letters)
            not_yet = await self._open()
            if not replayed and not not_yet:
                self.settled_in = waited
                break
            again = f"; dead letters of {replayed} reasons are replayed" * bool(replayed)
            self.tell(f"{waited:3.0f} s: {len(not_yet)} orders are not yet as they must be{again}")
            await asyncio.sleep(QUIET_SECONDS)
        await asyncio.sleep(QUIET_SECONDS)
        self._look()

    async def _open(self) -> list[Case]:
        """The cases whose order is not yet as expected."""
        found = await asyncio.gather(*(self.testbed.order(case.session_id) for case in self.cases))
        self.orders = {each.order.id: each.order for each in found if each}
        return [case for case in self.cases if case.expects == "order" and not self._is_right(case)]

    def _is_right(self, case: Case) -> bool:
        order = self.orders.get(case.session_id)
        return order is not None and not model.differences(case, order)

    async def _watch(self) -> None:
        while True:
            self._look()
            await asyncio.sleep(1)

    def _look(self) -> None:
        self.testbed.world.note(self.testbed.admin.take(ORDER_EVENTS))
        while taken := self.testbed.admin.take(STRIPE_EVENTS):
            self.routed |= {each.id: each for each in taken}

    def _evidence(self) -> Evidence:
        return Evidence(
            cases=self.cases,
            orders=self.orders,
            parked=self.parked,
            routed=list(self.routed.values()),
            bodies=self.sender.bodies,
            calls=self.testbed.world.calls(),
            killed=self.fault_injector.killed,
            incidents=self.fault_injector.incidents,
            forged_taken=self.sender.forged_taken,
            late=logs.late(logs.records(self.testbed.processes)),
        )


async def perform(seed: int, profile: Profile, folder: Path, tell: Tell) -> Run:
    """The whole run of a seed. The programs' logs stay in the folder."""
    drawn, sold = plan.draw(seed, profile), cases.draw(seed, profile.orders)
    async with testbed.built(folder, profile, drawn) as built:
        run = Run(seed, profile, sold, drawn, Sender(built.webhook_url, seed), FaultInjector(built), built, tell)
        await run.play()
        return run


async def _call_all(listed: Sequence[operator_actions.OperatorAction], on: Testbed) -> None:
    for action in listed:
        await action(on)


@asynccontextmanager
async def _background(work: Awaitable[None]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
