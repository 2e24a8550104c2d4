"""What an operator does in the middle of a run, and after it: each is called with the testbed if it is listed here.

Whoever adds a command that fixes lists a function that runs it, and the run proves that it may run at any time.
"""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Callable, Sequence

from chaos.testbed import PROJECT, WATCHED, Testbed
from fulfillment.topic.message import Message
from local.runtime.neighbors import API_KEY
from local.runtime.processes import ProgramFailed

_IN_THE_MIDDLE = 2.0  # seconds: some orders further than the start of the program
POISON = frozenset(("malformed_event", "malformed_message"))
OperatorAction = Callable[[Testbed], Awaitable[None]]


def take_parked(testbed: Testbed) -> list[Message]:
    """Every dead letter since the last look. The operator's own are not touched: they have a subscription of theirs."""
    letters: list[Message] = []
    while found := testbed.admin.take(WATCHED):
        letters += found
    return letters


async def replay(testbed: Testbed, letters: Sequence[Message]) -> int:
    """Has the operator send again what is there for these reasons; not the poison, which no parser reads yet. For how
    many reasons it was called.
    """
    reasons = {reason_of(letter) for letter in letters} - POISON
    for reason in sorted(reasons):
        command = [sys.executable, "-m", "ops", "dead-letters", "replay", "--reason", reason, "--yes"]
        env = {**os.environ, **testbed.emulators.env, "GOOGLE_CLOUD_PROJECT": PROJECT}
        ran = await asyncio.create_subprocess_exec(*command, env=env, stdout=DEVNULL, stderr=PIPE)
        _out, said = await ran.communicate()
        if ran.returncode:
            raise ProgramFailed(f"scripts/ops dead-letters replay --reason {reason} --yes:\n{said.decode()}")
    return len(reasons)


def reason_of(letter: Message) -> str:
    """Why it is a dead letter, in the word of scripts/ops."""
    return letter.attributes.get("reason", "attempts_exhausted").partition(":")[0]


async def reconcile(testbed: Testbed) -> None:
    """Finds what Stripe never told, by the operator's command: the code of the function of that name."""
    ran = await _reconciling(testbed)
    out, said = await ran.communicate()
    if ran.returncode not in {0, 1} or b'"published"' not in out:  # 1: the poison cannot be read here, either
        raise ProgramFailed(f"scripts/ops reconcile --since 1d --yes:\n{out.decode()}{said.decode()}")


async def reconcile_in_vain(testbed: Testbed) -> None:
    """It is killed while it works, or before."""
    ran = await _reconciling(testbed)
    await asyncio.sleep(_IN_THE_MIDDLE)
    if ran.returncode is None:
        ran.kill()
    await ran.communicate()


async def _reconciling(testbed: Testbed) -> Process:
    command = [sys.executable, "-m", "ops", "reconcile", "--since", "1d", "--yes", "--json"]
    env = {**os.environ, **testbed.emulators.env, "GOOGLE_CLOUD_PROJECT": PROJECT, "STRIPE_API_KEY": API_KEY}
    env["STRIPE_API_BASE"] = f"http://127.0.0.1:{testbed.world.ports['stripe']}"
    return await asyncio.create_subprocess_exec(*command, env=env, stdout=PIPE, stderr=PIPE)


MIDDLE: Sequence[OperatorAction] = (reconcile_in_vain, reconcile)
END: Sequence[OperatorAction] = (reconcile,)
