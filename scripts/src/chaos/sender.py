"""Sends as Stripe does: at least once, in any order, some of it twice, and again until it is answered 2xx."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from chaos.cases import Case
from local.fakes.stripe_events import Json, body, signature

ANSWER_SECONDS = 20
LONGEST_PAUSE = 8
FORGER = "whsec_not_the_secret_of_anybody_here"


@dataclass
class Sender:
    """Stripe. `taken` holds the ids of the events that were answered 2xx, `answers` counts answers by status; 0 is
    none at all. `forged_taken` holds what must never have been taken.
    """

    url: str
    seed: int
    answers: Counter[int] = field(default_factory=Counter)
    taken: set[str] = field(default_factory=set)
    forged_taken: set[str] = field(default_factory=set)
    slowest: float = 0.0
    sends: int = 0

    async def send_all(self, cases: Sequence[Case], seconds: float) -> None:
        """Sends every event of every case, spread over so many seconds. Returns once all of it was taken."""
        chance = random.Random(f"{self.seed}:sender")  # noqa: S311 - must be repeatable
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=8)
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, limits=limits) as client, asyncio.TaskGroup() as group:
            for case in cases:
                start = chance.uniform(0, seconds)
                for said in case.told:
                    for at in _times(chance, start, seconds):
                        group.create_task(self._deliver(client, case, said, at))

    async def _deliver(self, client: httpx.AsyncClient, case: Case, said: Json, at: float) -> None:
        await asyncio.sleep(at)
        pause = 0.5
        while not 200 <= (status := await self._post(client, said, signed=case.signed)) < 300:
            if status == 400 and not case.signed:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        (self.taken if case.signed else self.forged_taken).add(said["id"])

    async def _post(self, client: httpx.AsyncClient, said: Json, *, signed: bool) -> int:
        """One try, signed anew. `pending_webhooks` differs between deliveries, as with Stripe."""
        self.sends += 1
        payload = body(said | {"pending_webhooks": self.sends % 3})
        headers = signature(payload) if signed else signature(payload, FORGER)
        began, status = time.monotonic(), 0
        try:
            status = (await client.post(self.url, content=payload, headers=headers)).status_code
        except httpx.HTTPError:  # refused, reset, or no answer
            status = 0
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.answers[status] += 1
        return status


def _times(chance: random.Random, start: float, seconds: float) -> list[float]:
    """When an event is sent: near its order's others, or much later; at once again, later again, or not."""
    first = start if chance.random() < 0.6 else chance.uniform(0, seconds)
    again = [first] * chance.choice([0, 0, 0, 1, 2])
    later = [chance.uniform(first, seconds)] if chance.random() < 0.2 else []
    return [first, *again, *later]
