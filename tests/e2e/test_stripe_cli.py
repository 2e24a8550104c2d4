"""The official Stripe CLI against the whole pipe: `stripe listen` forwards what `stripe trigger` makes happen in a
stand-in of Stripe, on loopback. The CLI forwards concurrently, so events really overtake each other here.
"""

import asyncio
import json
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from fulfillment.domain.effects import owed
from fulfillment.domain.status import Status
from fulfillment.orders.store import Stored
from fulfillment.stripe_api import StripeApi
from local.fakes.stripe_events import COMPLETED, FAILED, SUCCEEDED, body, event, session, signature
from local.fakes.stripe_stand_in import StripeStandIn, serve
from local.runtime.pipe import Pipe
from local.runtime.processes import Processes
from support import tools
from support.waiting import LONG

SECONDS = LONG
EVENTS = f"{COMPLETED},{SUCCEEDED},{FAILED}"


@dataclass(frozen=True)
class StripeCli:
    program: Path
    api: str
    env: dict[str, str]

    def command(self, *arguments: str) -> list[str]:
        return [str(self.program), *arguments, "--api-base", self.api]

    async def run(self, *arguments: str) -> tuple[int | None, str]:
        """The exit status, and what it printed."""
        program = await asyncio.create_subprocess_exec(
            *self.command(*arguments),
            env={**os.environ, **self.env},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            printed, _ = await asyncio.wait_for(program.communicate(), SECONDS)
        finally:
            if program.returncode is None:
                os.killpg(program.pid, signal.SIGKILL)  # what npm installs is a script that starts the real one
        return program.returncode, printed.decode()

    async def __call__(self, *arguments: str) -> str:
        """What it printed; it must succeed."""
        status, printed = await self.run(*arguments)
        assert status == 0, printed
        return printed


@pytest.fixture
def stripe_cli() -> Path:
    tools.need(tools.missing_stripe_cli())
    return tools.STRIPE_CLI


@pytest.fixture
def stand_in() -> StripeStandIn:
    return StripeStandIn()


@pytest.fixture
async def stripe(stand_in: StripeStandIn, stripe_cli: Path, tmp_path: Path) -> AsyncIterator[StripeCli]:
    env = {
        "STRIPE_API_KEY": "sk_test_000000000000",
        "STRIPE_CLI_TELEMETRY_OPTOUT": "1",
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    async with serve(stand_in) as api:
        yield StripeCli(stripe_cli, api, env)


@pytest.fixture
async def listening(
    stripe: StripeCli, stand_in: StripeStandIn, real_pipe: Pipe, tmp_path: Path
) -> AsyncIterator[StripeCli]:
    """The CLI while `stripe listen` forwards."""
    listen = stripe.command("listen", "--forward-to", real_pipe.webhook_url, "--events", EVENTS, "--no-wss")
    with Processes(tmp_path) as processes:
        processes.start("stripe", listen, stripe.env)
        await until(lambda: stand_in.listeners, lambda: processes.tail("stripe"))
        yield stripe


async def test_the_secret_that_stripe_listen_prints_is_the_one_that_the_webhook_checks(
    stripe: StripeCli, real_pipe: Pipe
) -> None:
    printed = await stripe("listen", "--print-secret")

    assert printed.strip() == real_pipe.env["STRIPE_WEBHOOK_SECRETS"]


@pytest.mark.parametrize(
    ("trigger", "status"),
    [(COMPLETED, Status.FULFILLED), (SUCCEEDED, Status.FULFILLED), (FAILED, Status.PAYMENT_FAILED)],
)
async def test_what_stripe_trigger_sends_becomes_an_order(
    listening: StripeCli, stand_in: StripeStandIn, real_pipe: Pipe, trigger: str, status: Status
) -> None:
    await listening("trigger", trigger)

    types = [each["type"] for each in stand_in.events.values()]
    assert types == ([COMPLETED] if trigger == COMPLETED else [COMPLETED, trigger])
    assert await answers(stand_in, len(types)) == [200] * len(types)
    (session_id,) = stand_in.sessions
    order = (await stored(real_pipe, session_id, *stand_in.events)).order
    assert order.status is status
    assert order.amount_total == 3000
    assert order.customer is not None
    assert order.customer.email == "stripe@example.com"


async def test_what_stripe_trigger_sold_is_what_the_buyer_paid_for(stripe: StripeCli, stand_in: StripeStandIn) -> None:
    await stripe("trigger", COMPLETED)
    (sold,) = stand_in.sessions.values()
    api = StripeApi(lambda: stripe.env["STRIPE_API_KEY"], stripe.api)

    try:
        (item,) = await api.line_items(sold["id"])
    finally:
        await api.close()

    assert (item.quantity, item.amount_total, item.currency) == (2, sold["amount_total"], sold["currency"])
    assert item.product in stand_in.objects


async def test_an_event_that_stripe_resends_leaves_the_order_as_it_is(
    listening: StripeCli, stand_in: StripeStandIn, real_pipe: Pipe
) -> None:
    await listening("trigger", COMPLETED)
    (event_id,), (session_id,) = stand_in.events, stand_in.sessions
    before = await stored(real_pipe, session_id, event_id)

    resent = await listening("events", "resend", event_id)

    assert json.loads(resent)["id"] == event_id
    assert await answers(stand_in, 2) == [200, 200]
    log = real_pipe.processes.log("on_checkout_session_completed")
    await until(lambda: "duplicate" in outcomes(log, event_id), log.read_text)
    after = await stored(real_pipe, session_id, event_id)
    assert (after.order, after.version) == (before.order, before.version)


@pytest.mark.usefixtures("listening")
async def test_a_payment_that_is_told_before_its_checkout_is_completed_stays_fulfilled(
    stand_in: StripeStandIn, real_pipe: Pipe
) -> None:
    session_id = new_session_id()
    succeeded = await stand_in.send(SUCCEEDED, session(session_id, payment_status="paid"))
    early = await stored(real_pipe, session_id, succeeded["id"])
    completed = await stand_in.send(COMPLETED, session(session_id, payment_status="unpaid"))
    late = await stored(real_pipe, session_id, succeeded["id"], completed["id"])

    assert (early.order.status, late.order.status) == (Status.FULFILLED, Status.FULFILLED)
    assert await answers(stand_in, 2) == [200, 200]


@pytest.mark.usefixtures("listening")
async def test_what_is_not_signed_is_refused_and_makes_no_order(stand_in: StripeStandIn, real_pipe: Pipe) -> None:
    forged, real = new_session_id(), new_session_id()
    payload = body(event(COMPLETED, session(forged)))

    assert await real_pipe.post(payload, {}) == 400
    assert await real_pipe.post(payload, signature(payload, "whsec_of_another_shop")) == 400
    sent = await stand_in.send(COMPLETED, session(real))  # behind the forged one, on the same way
    await stored(real_pipe, real, sent["id"])
    assert await real_pipe.order(forged) is None


async def test_what_the_stand_in_does_not_know_it_refuses_by_name(stripe: StripeCli) -> None:
    status, printed = await stripe.run("trigger", "customer.created")

    assert status == 1
    assert "Method Not Allowed (POST: /v1/customers)" in printed


def new_session_id() -> str:
    return f"cs_test_{uuid.uuid4().hex}"


def outcomes(log: Path, event_id: str) -> list[str]:
    """What a function's log says became of an event, delivery by delivery."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if event_id in line]
    return [line["outcome"] for line in lines]


async def answers(stand_in: StripeStandIn, count: int) -> list[int]:
    """What the webhook answered to every delivery, as `stripe listen` tells it."""
    await until(lambda: len(stand_in.responses) >= count, lambda: str(stand_in.responses))
    return [response["status"] for response in stand_in.responses]


async def stored(real_pipe: Pipe, session_id: str, *event_ids: str) -> Stored:
    """The order, as soon as all these events are on record in it and it owes nothing."""
    deadline = time.monotonic() + SECONDS
    while True:
        found = await real_pipe.order(session_id)
        if found and set(event_ids) <= set(found.order.events) and not owed(found.order.effects):
            return found
        assert time.monotonic() < deadline, f"not all of {event_ids} in, or something owed by {found}"
        await asyncio.sleep(0.05)


async def until(seen: Callable[[], object], instead: Callable[[], str]) -> None:
    """Returns as soon as something is seen; tells what there was instead if that takes too long."""
    deadline = time.monotonic() + SECONDS
    while not seen():
        assert time.monotonic() < deadline, instead()
        await asyncio.sleep(0.02)
