"""The operator's commands in the middle of a run and after it. MIDDLE and END list them; each gets the testbed.

List every new command that repairs orders here: the run then proves that it is safe at any time.
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

_IN_THE_MIDDLE = 2.0  # seconds: the program has started and compared some orders
POISON = frozenset(("malformed_event", "malformed_message"))
OperatorAction = Callable[[Testbed], Awaitable[None]]


def take_parked(testbed: Testbed) -> list[Message]:
    """The dead letters since the last call. The operator's commands use another subscription."""
    letters: list[Message] = []
    while found := testbed.admin.take(WATCHED):
        letters += found
    return letters


async def replay(testbed: Testbed, letters: Sequence[Message]) -> int:
    """Replays letters with the operator's command, once per reason; not the poison, which no parser can read.

    Returns the number of reasons.
    """
    reasons = {reason_of(letter) for letter in letters} - POISON
    for reason in sorted(reasons):
        command = [sys.executable, "-m", "ops", "dead-letters", "replay", "--reason", reason, "--yes"]
        env = {**os.environ, **testbed.emulators.env, "GOOGLE_CLOUD_PROJECT": PROJECT}
        ran = await asyncio.create_subprocess_exec(*command, env=env, stdout=DEVNULL, stderr=PIPE)
        _out, errors = await ran.communicate()
        if ran.returncode:
            raise ProgramFailed(f"scripts/ops dead-letters replay --reason {reason} --yes:\n{errors.decode()}")
    return len(reasons)


def reason_of(letter: Message) -> str:
    """The letter's reason code, as in scripts/ops."""
    return letter.attributes.get("reason", "attempts_exhausted").partition(":")[0]


async def reconcile(testbed: Testbed) -> None:
    """Finds sessions whose event Stripe never sent, with the operator's command."""
    ran = await _reconciling(testbed)
    out, errors = await ran.communicate()
    if ran.returncode not in {0, 1} or b'"published"' not in out:  # 1: reconcile cannot read the poison either
        raise ProgramFailed(f"scripts/ops reconcile --since 1d --yes:\n{out.decode()}{errors.decode()}")


async def reconcile_in_vain(testbed: Testbed) -> None:
    """Starts reconcile and kills it while it works, or before."""
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
