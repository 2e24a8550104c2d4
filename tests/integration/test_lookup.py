"""What the landing page asks of Stripe: as a stand-in answers, by a clock of the test's own."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.responses import JSONResponse

from fulfillment.domain.buyer_view import StripeAnswer
from fulfillment.domain.ids import SessionId
from fulfillment.domain.order import Order
from fulfillment.domain.order_filter import OrderFilter
from fulfillment.domain.ownership import Ownership
from fulfillment.domain.status import Status
from fulfillment.errors import PublishFailed
from fulfillment.order_status.lookup import REMEMBERED_SECONDS, Lookup
from fulfillment.order_status.publisher import ClaimPublisher
from fulfillment.order_status.rate_limiter import RateLimiter
from fulfillment.order_status.session_cache import SessionCache
from fulfillment.stripe_api import StripeApi
from fulfillment.telemetry import Line
from fulfillment.topic.finder import Finder
from local.fakes.memory_topic import ORIGIN, MemoryTopic
from local.fakes.stripe_events import session
from local.fakes.stripe_stand_in import StripeStandIn, serve
from support.builders import order

SESSION = "cs_test_a1"


OURS = Ownership(livemode=False, order_filter=OrderFilter.parse("metadata.order_ref=R-1001"))


@dataclass
class World:
    """A lookup, and what is around it."""

    stripe: StripeStandIn
    api: StripeApi
    topic: MemoryTopic = field(default_factory=MemoryTopic)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.sessions = SessionCache(lambda: self.now)
        self.lookup = Lookup(self.api, RateLimiter(5, lambda: self.now), OURS, lambda: self.now)
        self.claims = ClaimPublisher(Finder(self.topic, "order_status", ORIGIN))

    async def ask(self, known: Order | None = None, of: str = SESSION) -> StripeAnswer | None:
        cached, line = self.sessions.of(of), Line("order_status", "local")
        answer = await self.lookup.ask(of, known, cached, line)
        await self.claims.publish(cached, known, line)
        return answer

    @property
    def published(self) -> list[str]:
        return [json.loads(message.data)["id"] for message in self.topic.stored]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    stand_in = StripeStandIn()
    async with serve(stand_in) as base:
        api = StripeApi(lambda: "sk_test_0123456789abcdef", base, seconds=5, again=lambda _error: False)
        yield World(stand_in, api)
        await api.close()


async def test_many_at_once_make_one_read_and_one_message(world: World) -> None:
    world.stripe.sessions[SESSION] = session(SESSION)
    world.stripe.delay = 0.05
    readings = await asyncio.gather(*(world.ask() for _ in range(50)))
    assert {reading.event.claim for reading in readings if reading and reading.event} == {Status.PAID}
    assert len(world.stripe.reads) == 1
    assert world.published == [f"reconcile:{SESSION}:paid"]


async def test_an_answer_counts_for_a_minute_then_it_is_asked_again(world: World) -> None:
    world.stripe.sessions[SESSION] = session(SESSION, payment_status="unpaid")
    await world.ask()
    world.stripe.sessions[SESSION]["payment_status"] = "paid"
    world.now += REMEMBERED_SECONDS - 1
    await world.ask()
    assert world.published == [f"reconcile:{SESSION}:awaiting_payment"]
    world.now += 1
    await world.ask(order(Status.AWAITING_PAYMENT, id=SessionId(SESSION)))
    assert world.published == [f"reconcile:{SESSION}:awaiting_payment", f"reconcile:{SESSION}:paid"]
    assert len(world.stripe.reads) == 2


async def test_that_there_is_no_such_session_counts_for_a_minute_too(world: World) -> None:
    assert await world.ask() == StripeAnswer()
    world.stripe.sessions[SESSION] = session(SESSION)
    assert await world.ask() == StripeAnswer()
    assert len(world.stripe.reads) == 1
    world.now += REMEMBERED_SECONDS
    reading = await world.ask()
    assert reading
    assert reading.event


async def test_what_the_order_knows_already_is_not_published(world: World) -> None:
    world.stripe.sessions[SESSION] = session(SESSION, payment_status="unpaid")
    await world.ask(order(Status.AWAITING_PAYMENT))
    assert world.published == []


async def test_a_message_that_was_not_stored_is_sent_by_the_next_visit_without_another_read(world: World) -> None:
    world.stripe.sessions[SESSION] = session(SESSION)
    world.topic.down = True
    assert await world.ask()
    world.topic.down = False
    await world.ask()
    await world.ask()
    assert world.published == [f"reconcile:{SESSION}:paid"]
    assert len(world.stripe.reads) == 1


class SilentTopic(MemoryTopic):
    """Takes its time, and nothing else."""

    tries = 0

    async def publish(self, data: bytes, attributes: Mapping[str, str]) -> str:  # noqa: ARG002
        self.tries += 1
        await asyncio.sleep(0.05)
        raise PublishFailed("no answer")


async def test_those_who_wait_while_a_message_is_not_stored_do_not_try_one_after_the_other(world: World) -> None:
    """A try takes eight seconds where Pub/Sub does not answer, and Google ends a request after thirty."""
    silent = SilentTopic()
    world = World(world.stripe, world.api, silent)
    world.stripe.sessions[SESSION] = session(SESSION)
    readings = await asyncio.gather(*(world.ask() for _ in range(20)))
    assert [reading.event.claim for reading in readings if reading and reading.event] == [Status.PAID] * 20
    assert silent.tries == 1
    await world.ask()
    assert silent.tries == 2, "the next visit tries again"


async def test_once_the_allowance_is_spent_the_last_answer_still_counts(world: World) -> None:
    world.stripe.sessions[SESSION] = session(SESSION)
    first = await world.ask()
    for number in range(10):
        assert await world.ask(of=f"cs_test_guess{number}") == (StripeAnswer() if number < 4 else None)
    world.now += 59
    assert await world.ask() == first
    assert await world.ask(of="cs_test_late") is None
    assert len(world.stripe.reads) == 5
    world.now += 1
    assert await world.ask(of="cs_test_late") == StripeAnswer()


@pytest.mark.parametrize("fault", [401, 403, 429, 500])
async def test_a_failure_is_one_read_and_is_asked_about_again_soon(world: World, fault: int) -> None:
    world.stripe.sessions[SESSION] = session(SESSION)
    world.stripe.faults = [fault]
    assert await world.ask() is None
    assert await world.ask() is None
    assert len(world.stripe.reads) == 1
    world.now += 5
    assert await world.ask()
    assert len(world.stripe.reads) == 2


@pytest.mark.parametrize("broken", [{"livemode": "yes"}, {"amount_total": "much"}, {"id": None}])
async def test_an_answer_that_is_no_session_is_no_answer(world: World, broken: dict[str, Any]) -> None:
    world.stripe.faults = [JSONResponse(session(SESSION) | broken)]
    assert await world.ask() is None
    assert world.published == []


async def test_an_old_sale_without_an_order_is_not_published_it_may_have_been_fulfilled_by_something_else(
    world: World,
) -> None:
    world.stripe.sessions[SESSION] = session(SESSION, created=int(time.time()) - 27 * 3600)
    assert await world.ask() == StripeAnswer()
    assert world.published == []


async def test_a_delayed_payment_of_an_old_order_is_published(world: World) -> None:
    world.stripe.sessions[SESSION] = session(SESSION, created=int(time.time()) - 10 * 86400)
    reading = await world.ask(order(Status.AWAITING_PAYMENT, id=SessionId(SESSION)))
    assert reading
    assert reading.event
    assert world.published == [f"reconcile:{SESSION}:paid"]


async def test_a_session_is_new_for_as_long_as_reconcile_lists_it(world: World) -> None:
    world.stripe.sessions[SESSION] = session(SESSION, created=int(time.time()) - 26 * 3600 + 60)
    await world.ask()
    assert world.published == [f"reconcile:{SESSION}:paid"]


@pytest.mark.parametrize(
    "strange",
    [
        {"metadata": {"order_ref": "other"}},
        {"status": "open", "payment_status": "unpaid"},
        {"status": "expired", "payment_status": "unpaid"},
        {"mode": "setup", "payment_status": "no_payment_required"},
    ],
)
async def test_what_is_no_order_of_ours_is_nothing(world: World, strange: dict[str, Any]) -> None:
    world.stripe.sessions[SESSION] = session(SESSION, **strange)
    assert await world.ask() == StripeAnswer()
    assert world.published == []
