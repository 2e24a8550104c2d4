"""Sends events as Stripe does: at least once, in any order, some twice, with retries until a 2xx answer."""

import asyncio
import hashlib
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from chaos.case import Case
from local.fakes.stripe_events import Json, body, signature

ANSWER_SECONDS = 20
LONGEST_PAUSE = 8
FORGER = "whsec_not_a_secret_of_this_test"


@dataclass
class Sender:
    """Stripe. `taken`: the ids of events answered 2xx; `forged_taken`: the same of forged events, and must stay empty;
    `answers`: counts by status, with 0 for no answer; `bodies`: the digest of each body sent, by the event's id.
    """

    url: str
    seed: int
    answers: Counter[int] = field(default_factory=Counter)
    taken: set[str] = field(default_factory=set)
    bodies: dict[str, list[str]] = field(default_factory=dict)
    forged_taken: set[str] = field(default_factory=set)
    slowest: float = 0.0
    sends: int = 0

    async def send_all(self, cases: Sequence[Case], seconds: float) -> None:
        """Sends every event of every case, spread over `seconds`. Returns once all were answered 2xx."""
        chance = random.Random(f"{self.seed}:sender")  # noqa: S311 - must be repeatable
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=8)
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, limits=limits) as client, asyncio.TaskGroup() as group:
            for case in cases:
                start = chance.uniform(0, seconds)
                for event in case.told:
                    for at in _times(chance, start, seconds):
                        group.create_task(self._deliver(client, case, event, at))

    async def _deliver(self, client: httpx.AsyncClient, case: Case, event: Json, at: float) -> None:
        await asyncio.sleep(at)
        pause = 0.5
        while not 200 <= (status := await self._post(client, event, signed=case.signed)) < 300:
            if status == 400 and not case.signed:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        (self.taken if case.signed else self.forged_taken).add(event["id"])

    async def _post(self, client: httpx.AsyncClient, event: Json, *, signed: bool) -> int:
        """One attempt with a new signature. `pending_webhooks` differs between deliveries, as with Stripe."""
        self.sends += 1
        payload = body(event | {"pending_webhooks": self.sends % 3})
        self.bodies.setdefault(event["id"], []).append(digest(payload))
        headers = signature(payload) if signed else signature(payload, FORGER)
        began, status = time.monotonic(), 0
        try:
            status = (await client.post(self.url, content=payload, headers=headers)).status_code
        except httpx.HTTPError:  # refused, reset, or no answer
            status = 0
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.answers[status] += 1
        return status


def digest(payload: bytes) -> str:
    """What stands for a body that was sent."""
    return hashlib.sha256(payload).hexdigest()


def _times(chance: random.Random, start: float, seconds: float) -> list[float]:
    """The times at which an event is sent: near its order's others or much later, with or without duplicates."""
    first = start if chance.random() < 0.6 else chance.uniform(0, seconds)
    again = [first] * chance.choice([0, 0, 0, 1, 2])
    later = [chance.uniform(first, seconds)] if chance.random() < 0.2 else []
    return [first, *again, *later]
