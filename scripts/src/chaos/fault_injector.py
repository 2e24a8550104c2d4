"""Carries out the plan, second by second, and keeps a record of the faults and kills."""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

from chaos.incidents import Incident
from chaos.plan import Fault, Kill, Plan
from chaos.testbed import Testbed


@dataclass(frozen=True)
class Killed:
    """A function that was killed, and by the machine's clock when that began, and when it was dead."""

    function: str
    at: float
    dead_at: float


@dataclass
class FaultInjector:
    """Breaks a testbed."""

    testbed: Testbed
    incidents: list[Incident] = field(default_factory=list)
    killed: list[Killed] = field(default_factory=list)

    async def carry_out(self, plan: Plan) -> None:
        """Returns once all faults have ended and all functions run again."""
        began = asyncio.get_running_loop().time()
        tasks: Sequence[Awaitable[None]] = [self._fault(began, fault) for fault in plan.faults]
        await asyncio.gather(*tasks, self._kill_all(began, plan.kills))
        for link in self.testbed.links.values():
            link.end()

    async def _fault(self, began: float, fault: Fault) -> None:
        await _until(began + fault.at)
        link = self.testbed.links[fault.link]
        if link.incident:  # one thing at a time
            return
        self.incidents.append(link.begin(fault.kind, fault.delay))
        await asyncio.sleep(fault.seconds)
        link.end()

    async def _kill_all(self, began: float, kills: Sequence[Kill]) -> None:
        for kill in kills:
            await _until(began + kill.at)
            at = time.time()
            await asyncio.to_thread(self.testbed.kill, kill.function)
            self.killed.append(Killed(kill.function, at, time.time()))
            await asyncio.sleep(kill.pause)
            self.testbed.start(kill.function)


async def _until(moment: float) -> None:
    await asyncio.sleep(max(0, moment - asyncio.get_running_loop().time()))
